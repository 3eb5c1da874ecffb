"""Losses as objects with two methods of predictions and truth, ``loss(a, b)`` and ``grad(a, b)``: read as two functions (C17)."""

import functools

import numpy as np

from .copying import Copies
from .isolation import Isolation
from .objects import method
from .slots import is_array, slots
from .subject import arity, kind_of
from .words import FORWARD, GRADIENT, LOSS


def as_functions(things, example, said):
    """The two methods in place of the object, if it is a loss object."""
    thing = things[0]
    if len(things) != 1 or len(example) != 2 or isinstance(thing, type) or hasattr(thing, "__array__"):
        return things
    loss, gradient = method(thing, LOSS)[1], method(thing, GRADIENT)[1]
    if loss is None or gradient is None or any(isinstance(one, type) or arity(one)[0] != 2 for one in (loss, gradient)):
        return things
    if method(thing, FORWARD[:-1])[0] is not None or not _is_of_example(thing, example):
        return things
    said["name"] = said.get("name") or kind_of(thing)
    return [_total(loss), gradient]


def _is_of_example(thing, example):
    """Whether the gradient is by an argument of the example, and not by an array of the object."""
    kept = [slot.get().shape for slot in slots(thing) if is_array(slot.get())]
    if not kept:
        return True
    copies = Copies()
    copied, given = copies.of(thing), [copies.of(one) for one in example]
    with Isolation([copied]):
        try:
            gradient = method(copied, GRADIENT)[1](*given)
        except Exception:
            return False
    return isinstance(gradient, np.ndarray) and gradient.shape not in kept and gradient.shape in [np.shape(one) for one in example]


def _total(loss):
    """The loss as one number, also if it is elementwise."""

    @functools.wraps(loss)
    def total(*given):
        value = loss(*given)
        return np.sum(value) if isinstance(value, np.ndarray) and value.ndim else value

    return total
