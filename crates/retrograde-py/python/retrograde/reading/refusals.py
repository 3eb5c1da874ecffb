"""The error for code that no family reads: what it appears to be, and a call that would be read."""

import types

from .._language import Names, Text
from ..errors import ReadingError
from .objects import method
from .subject import arity, described
from .words import BACKWARD, GRADIENT, LOSS

_CALLS = "rg.check(layer, x), rg.check(network, x, t), rg.check(forward, backward, x, w, b), rg.check(f, grad_f, theta)"


def owner_of(things):
    """The object of these methods, if they share one: it may be readable although they are not."""
    owners = [one.__self__ if isinstance(one, types.MethodType) else None for one in things]
    first = owners[0]
    return first if first is not None and not isinstance(first, type) and all(one is first for one in owners) else None


def unreadable(subject, example):
    """The error for a subject, with its example."""
    thing, name = subject.originals[0], subject.name
    if isinstance(thing, type):
        example = ", ".join(["x", "t"][: max(1, len(example))])
        return ReadingError(Text("error-class", name=name), Text("missing-object"), f"rg.check({name}(…), {example})")
    call = Text("error-unreadable", call=f"{name}({', '.join(described(one) for one in example)})")
    takes = _takes(thing)
    if len(takes) > len(example):
        missing = Names(takes[len(example) :])
        return ReadingError(call, missing, f"rg.check(network, {', '.join(takes)})")
    return ReadingError(call, Text("missing-code"), _CALLS)


def _takes(thing):
    """The arguments of a network's loss, by its own names."""
    loss = method(thing, LOSS)[1]
    if loss is None or all(method(thing, names)[0] is None for names in (GRADIENT, BACKWARD)):
        return []
    required, names = arity(loss)
    return names[:required]
