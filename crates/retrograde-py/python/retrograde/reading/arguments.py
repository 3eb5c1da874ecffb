"""The arguments of a checked function: which of them are perturbed, their names, and copies for each call."""

import types

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .forms import real
from .subject import arity, described, is_number


def is_function(thing):
    """Whether it is callable and has no forward method."""
    return isinstance(thing, (types.FunctionType, types.MethodType, types.BuiltinFunctionType, np.ufunc)) or (
        callable(thing) and not isinstance(thing, type) and not hasattr(thing, "forward") and not hasattr(thing, "backward")
    )


class Arguments:
    """The arguments of a function: which are perturbed, and their names."""

    def __init__(self, subject, function, example):
        self.subject, self.function = subject, function
        self.example = [real(one) if _is_lifted(one) else one for one in example]
        self.kinds = [is_number(one) for one in example]
        _, names = arity(function)
        self.names = [names[at] if at < len(names) else f"argument{at}" for at in range(len(example))]
        self.given, self.answers = example, lambda given: given

    def positions(self):
        """The arguments with real numbers, in order; only those in ``wrt=`` if the user gives it."""
        wrt = self.subject.said.get("wrt")
        if wrt is not None:
            wrt = [wrt] if isinstance(wrt, (str, int)) else wrt
            unknown = [one for one in wrt if one not in self.names and one not in range(len(self.names))]
            if unknown:
                seen = Text("error-takes", name=self.subject.name, names=Names(self.names))
                raise ReadingError(seen, Names(unknown), f"wrt={self.names[0]!r}")
            return [self.names.index(one) if isinstance(one, str) else one for one in wrt]
        return [at for at, one in enumerate(self.given) if _is_moved(one)]

    def written(self, name):
        """The call, as source text."""
        return f"{name}({', '.join(self.names)})"

    def call(self, values=None):
        """The function's result; ``values`` are the arguments by position."""
        arguments = self.arguments(values)
        self.subject.isolation.reset()
        return self.answers(self.function(*arguments))

    def arguments(self, values=None):
        """Copies of the example, with these values replaced."""
        arguments = [_copied(one) for one in self.example]
        for at, value in (values or {}).items():
            arguments[at] = value
        # An integer that is not perturbed stays an integer: a stride, an axis.
        return [float(one) if kind and isinstance(one, np.ndarray) and one.ndim == 0 else one for one, kind in zip(arguments, self.kinds)]


def _is_lifted(one):
    return isinstance(one, (float, np.floating)) or (isinstance(one, np.ndarray) and one.dtype.kind == "f")


def _is_moved(one):
    return isinstance(one, (np.ndarray, np.floating, float)) and np.asarray(one).dtype.kind == "f" and np.size(one) > 0


def _copied(one):
    if isinstance(one, np.ndarray):
        return one.copy()
    if isinstance(one, dict):
        return {key: _copied(value) for key, value in one.items()}
    if isinstance(one, list):
        return [_copied(value) for value in one]
    return one


def is_scalar(value):
    """Whether it is one number: also 0-d, (1,), (1, 1)."""
    return isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool) and np.size(value) == 1 and np.asarray(value).dtype.kind in "fiu"


def holding(names):
    """The names of constant arguments, if there are any."""
    return Text("held", names=Names(names)) if names else None


def kinds(answer):
    """A function's result in a few words."""
    if isinstance(answer, (tuple, list)):
        return f"({', '.join(described(one) for one in answer)})"
    return described(answer)
