"""Small numbers that keep a logarithm or a quotient finite: ``1e-7`` in the code of a loss."""

import contextlib
import types

from .isolation import functions

#: Larger numbers change a loss.
SMALL = 1e-6


def _is_small(constant):
    if not isinstance(constant, float):
        return False
    return 0 < constant <= SMALL or 0 < 1 - constant <= SMALL


def _without(constant):
    return constant if not _is_small(constant) else 0.0 if constant < 0.5 else 1.0


def without(code):
    """The code of a function without small epsilons."""
    return code.replace(co_consts=tuple(_without(one) for one in code.co_consts))


def has_some(code):
    """Whether a function's code has small epsilons."""
    return any(_is_small(one) for one in code.co_consts)


@contextlib.contextmanager
def left_out(things):
    """Within it, these functions and the methods of these objects compute without small epsilons. Yields the epsilons that were found."""
    before, found = [], []
    for function in functions(things):
        code, defaults = function.__code__, function.__defaults__
        found += [one for one in (*code.co_consts, *(defaults or ())) if _is_small(one)]
        if any(_is_small(one) for one in (*code.co_consts, *(defaults or ()))):
            before.append((function, code, defaults))
    try:
        for function, code, defaults in before:
            function.__code__ = without(code)
            function.__defaults__ = defaults and tuple(_without(one) for one in defaults)
        yield sorted(set(found))
    finally:
        for function, code, defaults in before:
            if isinstance(function, types.FunctionType):
                function.__code__, function.__defaults__ = code, defaults
