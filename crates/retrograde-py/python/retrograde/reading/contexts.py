"""Functions with a context: ``forward(ctx, *inputs)`` and ``backward(ctx, *upstream)`` of a class (C23)."""

import inspect

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .forms import check_vjp, real
from .reading import Reading
from .subject import arity, is_number


class Context:
    """The ``ctx`` object: it stores values of forward."""

    needs_input_grad = ()

    def __init__(self):
        self.saved_values = ()

    def save_for_backward(self, *values):
        """Keeps values for backward."""
        self.saved_values = values

    @property
    def saved_tensors(self):
        """The same under another name."""
        return self.saved_values


def read(subject):
    """Reads a class of such functions, or returns ``None``."""
    thing = subject.things[0]
    if len(subject.things) != 1 or not isinstance(thing, type) or not hasattr(thing, "forward") or not hasattr(thing, "backward"):
        return None
    _, names = arity(thing.forward)
    if names and names[0] == "self" and not isinstance(inspect.getattr_static(thing, "forward"), staticmethod):
        call = f"rg.check({thing.__name__}(…), {', '.join(names[1:])})"
        raise ReadingError(Text("error-class", name=thing.__name__), Text("missing-object"), call)
    if not names or names[0] not in ("ctx", "context", "self"):
        return None
    return _reading(subject, thing, *with_context(thing, subject))


def _moved(subject):
    return [at for at, one in enumerate(subject.example) if is_number(one) or np.asarray(one).dtype.kind == "f"]


def with_context(thing, subject):
    """Which inputs of a class with a context are perturbed, and its forward and backward."""
    moved = _moved(subject)
    state = {}

    def forward(values):
        subject.isolation.reset()
        arguments = list(subject.example)
        for at, value in zip(moved, values):
            arguments[at] = float(value) if is_number(subject.example[at]) else value
        state["ctx"] = Context()
        state["ctx"].needs_input_grad = tuple(True for _ in arguments)
        out = thing.forward(state["ctx"], *arguments)
        state["count"] = len(arguments)
        return [real(one) for one in (out if isinstance(out, tuple) else [out])]

    def backward(values, douts):
        given = thing.backward(state["ctx"], *[float(one) if one.ndim == 0 else one for one in douts])
        given = list(given) if isinstance(given, tuple) else [given]
        if len(given) == state["count"]:
            given = [given[at] for at in moved]
        if len(given) != len(moved):
            seen = Text("error-gives-count", name=f"{thing.__name__}.backward", count=len(given), inputs=Text("inputs", count=len(moved)))
            raise ReadingError(seen, Text("missing-each"), Text("help-none"))
        return [None if one is None else real(one) for one in given]

    return moved, forward, backward


def _reading(subject, thing, moved, forward, backward):
    _, names = arity(thing.forward)
    names = names[1:]
    by_name = [names[at] if at < len(names) else f"input{at}" for at in moved]
    subject.sources.add(subject.name, thing.forward, thing.backward)
    values = [(own, np.asarray(subject.example[at], dtype=np.float64)) for own, at in zip(by_name, moved)]
    call = f"forward({', '.join(['ctx', *names])})"
    convention = Text("is-context", name=subject.name, call=call, back="backward(ctx, …)")
    return Reading(subject, convention, Text("of", names=Names(by_name)), None, lambda: check_vjp(subject.name, values, forward, backward))
