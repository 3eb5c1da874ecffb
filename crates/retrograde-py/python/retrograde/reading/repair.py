"""A wrong gradient that no known fault explains: one line is changed at a time, until backward is right.

The change is proved, not guessed: with it the gradient agrees with the differences at every probe of a full check, and forward gives
what it gave. What it says is therefore what the line is and what it should be, whatever the fault is called."""

import ast
import contextlib
import gc
import inspect
import json
import sys
import textwrap
import time
import types

import numpy as np

from .._language import Text
from ..report import RIGHT
from .compared import places
from .copying import attributes, reachable
from .edits import structural, with_names
from .epsilons import has_some, left_out, without
from .isolation import functions
from .sources import _place

#: The time limit in seconds.
LONGEST = 4.0
#: Functions of these modules are not changed.
_NOT_ONES_OWN = sys.stdlib_module_names - {"__main__"} | {"numpy", "scipy", "torch", "jax", "autograd", __name__.partition(".")[0]}


class Repair:
    """The change: the line as it is and as it should be."""

    def __init__(self, function, line, code, right):
        self.function, self.line, self.code, self.right = function, line, code, right

    def place(self):
        """Its location, for the report."""
        return {**_place(self.function, self.line, self.code), "right": self.right}


def search(things, check, longest=None):
    """The one change with which a check says right, or ``None``."""
    longest = min(LONGEST, longest or LONGEST)
    try:
        compared = places(check)
        called = _called(things, compared) if compared else []
    except Exception:
        return None
    if not compared or all(one.holds() for one in compared):
        # The fault is not visible here.
        return None
    end = time.thread_time() + longest
    sources = [one for one in map(_Source.of, called) if one is not None]
    kept = [(one, one.copy()) for one in reachable(*things) if isinstance(one, np.ndarray) and one.flags.writeable]
    for at, (source, place, node) in enumerate(_candidates(sources, called)):
        # Reading a thread's clock is slow.
        if at % 32 == 0 and time.thread_time() > end:
            return None
        with source.changed(place, node) as works:
            if not works or not _holds(kept, compared):
                continue
            if _is_right(things, check):
                return source.repair(place, node)
    return None


def _is_right(things, check):
    """Whether the full check is right, if necessary without a small epsilon in the loss."""
    try:
        if json.loads(check()["json"])["verdict"] in RIGHT:
            return True
        with left_out(things) as epsilons:
            return bool(epsilons) and json.loads(check()["json"])["verdict"] in RIGHT
    except Exception:
        # The changed code fails at other inputs.
        return False


def _candidates(sources, called):
    """The changes, the simple ones of all functions first."""
    for source in sources:
        yield from ((source, *one) for one in structural(source.tree))
    for source in sources:
        yield from ((source, *one) for one in with_names(source.tree, *called[source.function]))


def _holds(kept, compared):
    """Whether the gradients are right at each point; arrays that the changed code wrote into are restored."""
    try:
        return all(one.holds() for one in compared)
    except Exception:
        return False
    finally:
        for array, before in kept:
            array[...] = before


def _called(things, compared):
    """The functions of one pass, and the values in each: its arrays and numbers by name, its counts, and its namespace."""
    found = {}

    def seen(frame, event, _):
        if event != "return" or frame.f_code in found or frame.f_globals.get("__name__", "").partition(".")[0] in _NOT_ONES_OWN:
            return
        names, counts = {}, {}
        for own, value in _at_hand(frame):
            if isinstance(value, int):
                counts.setdefault(value, own)
            else:
                # Of several names for one value the first is used.
                names.setdefault((np.shape(value), np.asarray(value).tobytes()), own)
        shapes = {own: shape for (shape, _), own in names.items()}
        found[frame.f_code] = shapes, list(counts.values()), {**frame.f_globals, **frame.f_locals}

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        compared[0].forward()
        forward = list(found)
        compared[0].holds()
    finally:
        sys.setprofile(before)
    # Functions called only by backward come first.
    found = dict(sorted(found.items(), key=lambda one: one[0] in forward))
    by_code = {code: function for function in functions(things) for code in _codes(function.__code__)}
    named = {}
    for code, at_hand in found.items():
        function = by_code.get(code) or next((one for one in gc.get_referrers(code) if isinstance(one, types.FunctionType)), None)
        if function is not None:
            # The values of a closure and of the surrounding function.
            shapes, counts, space = named.get(function, ({}, [], {}))
            named[function] = {**shapes, **at_hand[0]}, [*counts, *(one for one in at_hand[1] if one not in counts)], {**space, **at_hand[2]}
    return named


def _codes(code):
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _codes(one)


def _at_hand(frame):
    """Arrays and numbers by their local names."""
    for name, value in list(frame.f_locals.items()):
        if name.isidentifier():
            yield from _words(name, value)
            for own, one in attributes(value).items() if name == "self" else ():
                yield from _words(f"self.{own}", one)
                if isinstance(one, dict):
                    for key, part in one.items():
                        yield from _words(f"self.{own}[{key!r}]", part)


def _words(name, value):
    if isinstance(getattr(value, "data", None), (np.ndarray, float)) and hasattr(value, "grad"):
        # A node of an engine stands for its array.
        value = value.data
    if isinstance(value, bool):
        return
    if isinstance(value, (int, np.integer)) and value > 1:
        yield name, int(value)
    elif isinstance(value, (float, np.floating)):
        yield name, float(value)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "fbiu" and value.size:
        yield name, value
        for axis, length in enumerate(value.shape[:1]):
            if length > 1:
                yield f"{name}.shape[{axis}]", length


class _Source:
    """A function's source as a tree that can be changed temporarily."""

    def __init__(self, function, tree, whole, first):
        self.function, self.tree, self._whole, self._first = function, tree, whole, first

    @classmethod
    def of(cls, function):
        """The source of a function; ``None`` without a source, or if it has other code, too."""
        try:
            lines, first = inspect.getsourcelines(function)
            tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
        except (OSError, TypeError, SyntaxError, IndexError):
            return None
        if not isinstance(tree, ast.FunctionDef):
            return None
        ast.increment_lineno(tree, first - 1)
        tree.decorator_list = []
        # Names of closures and of private attributes are resolved where the function was defined.
        inner = tree
        kind = function.__qualname__.rpartition(".")[0].rpartition(".")[2]
        if kind.isidentifier():
            inner = ast.ClassDef(name=kind, bases=[], keywords=[], body=[inner], decorator_list=[], type_params=[])
        free = function.__code__.co_freevars
        if free:
            names = [one for one in free if one != "__class__"]
            bound = [ast.Assign([ast.Name(one, ast.Store())], ast.Constant(None)) for one in names]
            inner = ast.FunctionDef(
                name="_closure",
                args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]),
                body=[*bound, inner],
                decorator_list=[],
                type_params=[],
            )
        source = cls(function, tree, ast.fix_missing_locations(ast.Module([inner], [])), first)
        return source if source._compiled() is not None else None

    def _compiled(self):
        try:
            whole = compile(self._whole, self.function.__code__.co_filename, "exec")
        except (SyntaxError, ValueError, TypeError):
            return None
        name, free = self.function.__code__.co_name, self.function.__code__.co_freevars
        return next((one for one in _codes(whole) if one.co_name == name and one.co_freevars == free), None)

    @contextlib.contextmanager
    def changed(self, place, node):
        """Within it, the function has another node at a place; yields whether that compiles."""
        kept = self.function.__code__
        ast.fix_missing_locations(ast.copy_location(node, place.node))
        with place.holding(node):
            code = self._compiled()
            if code is not None:
                # Epsilons that are omitted stay so.
                self.function.__code__ = code if has_some(kept) else without(code)
            try:
                yield code is not None
            finally:
                self.function.__code__ = kept

    def repair(self, place, node):
        """The change as text: the statement's line, and what it should be."""
        statement = place.node if isinstance(place.node, ast.stmt) else place.statement.node
        if isinstance(statement, ast.If):
            code, right = f"if {ast.unparse(statement.test)}:", "; ".join(map(ast.unparse, statement.body))
        else:
            code = ast.unparse(statement)
            right = "" if isinstance(node, ast.Pass) else ast.unparse(node if isinstance(node, ast.stmt) else statement)
        with contextlib.suppress(IndexError, OSError):
            if statement.lineno == statement.end_lineno:
                code = inspect.getsourcelines(self.function)[0][statement.lineno - self._first].strip()
        return Repair(self.function, statement.lineno, code, right)
