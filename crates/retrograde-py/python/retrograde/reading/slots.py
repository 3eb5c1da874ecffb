"""The arrays of an object, and their gradients."""

import re
import types

import numpy as np

from .copying import attributes

#: The longest path to an array: ``encoder.layers[0].params['W']`` has five steps.
_DEPTH = 6
#: The names of parameters that may be plain numbers.
_BIAS = re.compile(r"^_?(b|bias|intercept)_?\d*_?$", re.I)


class Slot:
    """A place of an array: ``W``, ``params['W1']``, ``grads[0]``, ``W.value``, ``affine1.W``."""

    def __init__(self, root, path):
        self.root, self.path = root, path

    def get(self):
        """The object at the place, or ``None``."""
        value = self.root
        for kind, key in self.path:
            try:
                value = getattr(value, key) if kind == "." else value[key]
            except (AttributeError, KeyError, IndexError, TypeError):
                return None
        return value

    def set(self, value):
        """Replaces the object at the place."""
        *way, (kind, key) = self.path
        holder = Slot(self.root, way).get()
        if kind == ".":
            setattr(holder, key, value)
        else:
            holder[key] = value

    @property
    def name(self):
        """Its expression: ``params['W1']``."""
        parts = [f".{key}" if kind == "." else f"[{key!r}]" for kind, key in self.path]
        return "".join(parts).removeprefix(".")

    @property
    def short(self):
        """Its display name: ``W1``, ``W``, ``params[0]``; of nested layers ``layers[0].weight``."""
        words = [str(key) for _, key in self.path if isinstance(key, str)]
        if any(isinstance(key, int) for _, key in self.path[:-1]) and isinstance(self.path[-1][1], str):
            steps = [key for _, key in self.path if canonical(str(key)) not in _HOLDERS or key == self.path[-1][1]]
            return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in steps).removeprefix(".")
        numbers = [key for _, key in self.path if isinstance(key, int)]
        own = [word for word in words if canonical(word) not in _HOLDERS] or words
        return "_".join(own) + "".join(f"[{number}]" for number in numbers)


def slots(thing):
    """All places of an object with real arrays or numbers, or with ``None``; shallow ones first."""
    found, seen, level = [], set(), [(thing, ())]
    for _ in range(_DEPTH):
        deeper = []
        for holder, path in level:
            if id(holder) in seen:
                continue
            seen.add(id(holder))
            for step, value in members(holder):
                if value is None or is_array(value) or isinstance(value, (float, np.floating)):
                    found.append(Slot(thing, (*path, step)))
                elif holds(value):
                    deeper.append((value, (*path, step)))
        level = deeper
    return found


def numbers_as_arrays(thing, gradients=()):
    """Puts arrays without axes in the place of plain numbers that are called as biases are, or as one of these gradients says: ``b = 0.0``
    is a parameter like any other."""
    for holder in [thing, *(value for _, value in members(thing) if isinstance(value, dict))]:
        for step, value in members(holder):
            own = isinstance(value, (float, np.floating)) and isinstance(step[1], str)
            if own and (_BIAS.match(step[1]) or any(is_pair(step[1], one) for one in gradients)):
                Slot(holder, (step,)).set(np.array(float(value)))


def is_array(value):
    """Whether it is an array of real numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def members(holder):
    """The contents of an object, a dictionary or a list, each with its step."""
    if isinstance(holder, dict):
        return [(("[", key), value) for key, value in holder.items()]
    if isinstance(holder, (list, tuple)):
        return [(("[", at), value) for at, value in enumerate(holder)]
    return [((".", name), value) for name, value in attributes(holder).items()]


def holds(value):
    """Whether it is a container or an object with its own attributes."""
    if isinstance(value, (dict, list, tuple)):
        return bool(value) and len(value) < 1000
    if isinstance(value, (type, types.ModuleType, types.FunctionType, types.MethodType, str, bytes, np.ndarray)):
        return False
    return bool(attributes(value)) and not type(value).__module__.partition(".")[0] in ("numpy", "builtins", "random")


#: Words for a value, and for its gradient, in place of a name.
_HOLDERS = {"params", "parameters", "param", "parameter", "value", "data", "val", "values", "theta", "variables"}
_GRADIENT_HOLDERS = {"grads", "gradients", "grad", "gradient", "g", "paramgrads", "paramgrad", "gradparams", "derivatives", "nabla"}
_SAME = {"w": "weights weight kernel kernels filters filter".split(), "b": "bias biases".split()}
_SYNONYMS = {word: short for short, words in _SAME.items() for word in words}


def canonical(word):
    """Names that differ only in case are equal."""
    return word.lower().replace("_", "")


def is_pair(value, gradient):
    """Whether one name is that of a gradient of the other: ``W`` and ``dW``, ``params`` and ``grads``."""
    if not (isinstance(value, str) and isinstance(gradient, str)):
        return False
    if canonical(value) in _HOLDERS and canonical(gradient) in _GRADIENT_HOLDERS:
        return True
    low = gradient.lower()
    for prefix in ("g_", "g", "dl_d", "dld", "dj_d", "djd", "d_", "d", "grad_", "grad", "gradient_", "nabla_", "delta_", "delta", "del_"):
        if low.startswith(prefix) and _same(value, low[len(prefix) :]):
            return True
    return any(
        low.endswith(suffix) and _same(value, low[: -len(suffix)])
        for suffix in ("_grad", "grad", "_grads", "_gradient", "gradient", "_gradients", "_g", "_d", "_derivative")
    )


def _same(one, other):
    one, other = canonical(one), canonical(other)
    stem = re.compile(r"^(\D*?)(\d*)$")

    def form(word):
        letters, number = stem.match(word).groups() if stem.match(word) else (word, "")
        return _SYNONYMS.get(letters, letters), number

    return bool(other) and form(one) == form(other)


def paired(value, gradient):
    """Whether two paths are those of a value and its gradient: alike, but for names that are a pair, or for a word that says that all
    that is there are gradients: ``W`` and ``grads['W']``."""
    if value == gradient:
        return False
    if len(value) == len(gradient):
        differ = [(a, b) for a, b in zip(value, gradient) if a != b]
        return all(a[0] == b[0] and is_pair(a[1], b[1]) for a, b in differ)
    own, other = _without(value, _HOLDERS), _without(gradient, _GRADIENT_HOLDERS)
    if not own or len(own) != len(other) or len(other) == len(gradient):
        return False
    return all(a == b or is_pair(a, b) for a, b in zip(own, other))


def _without(path, words):
    """The keys of a path without these words."""
    return [key for _, key in path if not (isinstance(key, str) and canonical(key) in words)]
