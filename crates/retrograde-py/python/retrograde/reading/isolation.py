"""Isolates the user's code, which the check calls thousands of times: no side effect is visible outside."""

import contextlib
import io
import random
import sys
import types
import warnings

import numpy as np

from .copying import lift, reachable


class _Sink(io.TextIOBase):
    """Collects output during the check: counted, not stored."""

    def __init__(self):
        self.letters = 0

    def writable(self):
        return True

    def write(self, text):
        self.letters += len(text)
        return len(text)


class Isolation(contextlib.ExitStack):
    """While it lasts, output is withheld, warnings are silent, and floating-point errors are ignored. At its end the random
    states and the arrays that functions refer to are bit for bit as they were."""

    def __init__(self, things):
        super().__init__()
        self.output = _Sink()
        self._generators = [one for one in reachable(*things) if _is_generator(one)]
        self._arrays = []
        for function in functions(things):
            for value in referred(function):
                if _is_generator(value):
                    self._generators.append(value)
                for one in reachable(value) if not isinstance(value, _CODE) else ():
                    if isinstance(one, np.ndarray) and one.nbytes < 1 << 26:
                        self._arrays.append((one, one.copy()))
        self._start, self._random = None, True

    def __enter__(self):
        super().__enter__()
        before = self._state()
        self._start = self._start or before
        self.callback(self._restore_arrays)
        self.callback(self._set_state, before)
        self.enter_context(contextlib.redirect_stdout(self.output))
        self.enter_context(np.errstate(all="ignore"))
        self.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        return self

    def reset(self, state=None):
        """Restores the initial random state, or sets another one: before each forward, so that masks are the same each time."""
        if self._random:
            self._set_state(state or self._start)

    def state(self):
        """The current random state."""
        return self._state()

    def without_random(self, run):
        """Runs a check without :meth:`reset`, which takes time, if nothing drew a random number so far; and once more with it if
        something then did."""
        self._random = not self._untouched()
        result = run()
        if not self._random and not self._untouched():
            self._random = True
            self.reset()
            result = run()
        return result

    def _untouched(self):
        now = self._state()
        same = np.array_equal(now[0][1], self._start[0][1]) and now[0][2:] == self._start[0][2:]
        return same and now[1] == self._start[1] and str(now[2]) == str(self._start[2])

    def _state(self):
        return (
            np.random.get_state(),
            random.getstate(),
            [(one, _get(one)) for one in self._generators],
        )

    @staticmethod
    def _set_state(state):
        np.random.set_state(state[0])
        random.setstate(state[1])
        for one, value in state[2]:
            _set(one, value)

    def _restore_arrays(self):
        for array, before in self._arrays:
            if array.flags.writeable and array.tobytes() != before.tobytes():
                array[...] = before


def _is_generator(value):
    # NumPy loads `np.random` on first use: importing this package does not.
    return isinstance(value, (np.random.Generator, np.random.RandomState, random.Random))


_CODE = (types.ModuleType, types.FunctionType, type)


def _get(generator):
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def _set(generator, value):
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = value
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(value)
    else:
        generator.setstate(value)


def functions(things):
    """The functions among these, the methods of objects, and the functions that they call in their own modules."""
    found, stack = {}, []
    for one in reachable(*things):
        stack.append(one if isinstance(one, types.FunctionType) else type(one))
    while stack and len(found) < 200:
        one = stack.pop()
        if isinstance(one, type):
            if one.__module__.partition(".")[0] not in sys.stdlib_module_names | {"numpy", "builtins"}:
                stack.extend(v for kind in one.__mro__ for v in vars(kind).values() if isinstance(v, types.FunctionType))
        elif isinstance(one, types.FunctionType) and id(one) not in found:
            if one.__module__ and one.__module__.partition(".")[0] == "numpy":
                continue
            found[id(one)] = one
            stack.extend(v for v in referred(one) if isinstance(v, types.FunctionType))
    return list(found.values())


def referred(function):
    """The objects that a function refers to: its closure, and the globals in its code."""
    values = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    codes, names = [function.__code__], set()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes.extend(one for one in code.co_consts if isinstance(one, types.CodeType))
    space = function.__globals__
    return values + [space[name] for name in sorted(names) if name in space]


def _filled(cell):
    try:
        cell.cell_contents
    except ValueError:
        return False
    return True


def arrays_of(value):
    """A copy in 64-bit floats of an array-like of numbers, or ``None``."""
    array = np.asarray(value)
    return lift(array) if array.dtype.kind in "fiub" else None
