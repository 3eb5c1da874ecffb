"""Calls a function by the names of its arguments: the user's own names first, then common words, then the order."""

import ast
import inspect
import textwrap

from .._language import Text
from ..errors import ReadingError
from .subject import arity, kind_of
from .words import CACHE, COUNT, INPUT, OUTPUT, PARAMETERS, RATE, TARGET

_ROLES = (("rate", RATE), ("t", TARGET), ("x", INPUT), ("output", OUTPUT), ("cache", CACHE), ("parameters", PARAMETERS), ("count", COUNT))


def role(name):
    """The meaning of an argument's name, by common words."""
    return next((role for role, words in _ROLES if words.match(name)), None)


def plan(function, known, roles, order=(), has=None):
    """By position, which value each argument of a function is: a name in ``known``, a role in ``roles``; then what is left of
    ``order``. ``None`` if an argument must be given and none is left."""
    required, names = arity(function)
    chosen, used = [], set()
    for at, name in enumerate(names):
        key = name if name in known else None
        if key is None:
            found = role(name)
            key = ("role", found) if found in roles and ("role", found) not in used else None
        if key is None and at >= required:
            break
        chosen.append(key)
        used.add(key)
    rest = [one for one in order if one not in used and not (isinstance(one, tuple) and one[0] == "role" and one in used)]
    for at, key in enumerate(chosen):
        if key is None:
            if not rest:
                raise ReadingError(
                    f"{kind_of(function)}({', '.join(names)})", Text("missing-value", name=names[at]), Text("help-argument")
                )
            chosen[at] = rest.pop(0)
    return chosen


def returned(function):
    """The names in the last ``return`` of a function, as far as they are names: a hint, not a proof."""
    return [_name(one) for one in _items(function)]


def returned_words(function):
    """All names in each item of the last ``return`` of a function: ``dW`` of ``-dW / m``."""
    return [[word for word in map(_name, ast.walk(one)) if word is not None] for one in _items(function)]


def _name(node):
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _items(function):
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            found = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else [node.value]
    return found
