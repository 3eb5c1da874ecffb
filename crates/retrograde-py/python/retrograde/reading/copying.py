"""Copies of a user's objects for experiments: in 64-bit floats, sharing arrays as the originals do."""

import copy
import random
import types

import numpy as np

#: Not data: the copy refers to the same object.
_ATOMS = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, np.dtype, np.ufunc)
_CONTAINERS = (list, tuple, set, frozenset)


class Copies:
    """Makes copies that share arrays as the originals do."""

    def __init__(self):
        self._memo = {}
        self._kept = []
        #: The objects that could not be copied and are the user's own.
        self.shared = []

    def of(self, thing):
        """The copy of a thing; of a function, the function."""
        for one in reachable(thing):
            if isinstance(one, np.ndarray):
                self._lift(one)
            self._kept.append(one)
        return deep(thing, self._memo, self.shared)

    def _lift(self, array):
        """The copy of an array, in the precision of the check; of a view, a view of the copy."""
        known = self._memo.get(id(array))
        if known is not None:
            return known
        base = array.base
        if isinstance(base, np.ndarray) and base.flags.c_contiguous and type(array) is type(base) is np.ndarray:
            if base.dtype == array.dtype and array.size:
                whole = self._lift(base)
                scale = whole.itemsize / array.itemsize
                start = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
                strides = tuple(int(stride * scale) for stride in array.strides)
                flat = whole.reshape(-1)[int(start // array.itemsize) :]
                lifted = np.lib.stride_tricks.as_strided(flat, array.shape, strides, writeable=True)
                return self._keep(array, lifted)
        return self._keep(array, lift(array))

    def _keep(self, array, lifted):
        self._memo[id(array)] = lifted
        self._kept.append(array)
        return lifted


def deep(thing, memo, shared=None):
    """As ``copy.deepcopy``, also of what refuses to be copied: then attribute by attribute. What has none, such as a generator, is the
    same in the copy, and added to ``shared``."""
    found = list(reachable(thing))
    memo.update({id(one): one for one in found if _is_atom(one)})
    known = dict(memo)
    try:
        return copy.deepcopy(thing, memo)
    except Exception:
        memo.clear()
        memo.update(known)
    made = []
    for one in found:
        if id(one) in memo or isinstance(one, (dict, *_CONTAINERS)) or not _refuses(one):
            continue
        try:
            memo[id(one)] = object.__new__(type(one))
            made.append(one)
        except TypeError:
            if hasattr(one, "detach") and hasattr(one, "clone"):
                # A tensor inside a graph of PyTorch's.
                memo[id(one)] = one.detach().clone()
                continue
            memo[id(one)] = one
            if shared is not None:
                shared.append(one)
    for one in made:
        for name, value in attributes(one).items():
            object.__setattr__(memo[id(one)], name, copy.deepcopy(value, memo))
    return copy.deepcopy(thing, memo)


def lift(array):
    """A copy, in 64-bit floats if it has real numbers of another width, in native byte order."""
    if array.dtype.kind == "f":
        return np.array(array, dtype=np.float64, order="C", subok=True)
    if not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="))
    return array.copy()


def _is_atom(one):
    if isinstance(one, _ATOMS):
        return True
    # Arrays and functions of JAX are immutable.
    return type(one).__module__ in ("_thread", "_io", "threading") or type(one).__module__.partition(".")[0] in ("jax", "jaxlib")


def _refuses(one):
    """Whether an object cannot be copied, apart from its references."""
    try:
        if hasattr(type(one), "__deepcopy__"):
            copy.deepcopy(one)
        else:
            copy.copy(one)
    except Exception:
        return True
    return False


def reachable(*things):
    """All reachable objects, each once: those that a deep copy would visit."""
    seen, stack = set(), list(things)
    while stack:
        one = stack.pop()
        if isinstance(one, (str, bytes, int, float, complex, bool, type(None))) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if _is_atom(one) or isinstance(one, (np.random.Generator, np.random.RandomState, random.Random)):
            continue
        if isinstance(one, np.ndarray):
            if one.dtype == object:
                stack.extend(one.flat)
        elif isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, _CONTAINERS):
            stack.extend(one)
        elif isinstance(one, types.MethodType):
            stack.append(one.__self__)
        else:
            stack.extend(attributes(one).values())


def attributes(thing):
    """The stored attributes of an object, in order."""
    found = {}
    for kind in reversed(type(thing).__mro__):
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(thing, name):
                found[name] = getattr(thing, name)
    try:
        found.update(vars(thing))
    except TypeError:
        pass
    return found
