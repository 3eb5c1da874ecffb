"""Functions with a context: ``forward(ctx, *inputs)`` and ``backward(ctx, *upstream)`` of a class (C23, and C25 with PyTorch)."""

import sys

import numpy as np

from ..errors import ReadingError
from .forms import check_vjp, real
from .reading import Reading, listed
from .subject import arity, is_number


class Context:
    """What ``ctx`` is: it keeps what forward saves."""

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
    """Reads a class of such functions, or answers ``None``."""
    thing = subject.things[0]
    if len(subject.things) != 1 or not isinstance(thing, type) or not hasattr(thing, "forward") or not hasattr(thing, "backward"):
        return None
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(thing, torch.autograd.Function):
        return _reading(subject, thing, *_with_torch(torch, thing, subject))
    _, names = arity(thing.forward)
    if not names or names[0] not in ("ctx", "context", "self"):
        return None
    return _reading(subject, thing, *_with_context(thing, subject))


def _moved(subject):
    return [at for at, one in enumerate(subject.example) if is_number(one) or np.asarray(one).dtype.kind == "f"]


def _with_context(thing, subject):
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
            raise ReadingError(f"{thing.__name__}.backward gives {len(given)} gradients for {len(moved)} inputs", "one for each", "return None for what gets none")
        return [None if one is None else real(one) for one in given]

    return moved, forward, backward


def _with_torch(torch, thing, subject):
    moved = [at for at, one in enumerate(subject.example) if is_number(one) or isinstance(one, np.ndarray) and one.dtype.kind == "f" or torch.is_tensor(one) and one.is_floating_point()]
    state = {}

    def forward(values):
        torch.manual_seed(0)
        arguments = list(subject.example)
        state["leaves"] = []
        for at, value in zip(moved, values):
            arguments[at] = torch.tensor(value, dtype=torch.float64, requires_grad=True)
            state["leaves"].append(arguments[at])
        out = thing.apply(*arguments)
        state["out"] = out if isinstance(out, tuple) else (out,)
        return [one.detach().numpy() for one in state["out"]]

    def backward(values, douts):
        upstream = [torch.tensor(one, dtype=torch.float64) for one in douts]
        given = torch.autograd.grad(state["out"], state["leaves"], upstream, allow_unused=True)
        return [None if one is None else one.detach().numpy() for one in given]

    return moved, forward, backward


def _reading(subject, thing, moved, forward, backward):
    _, names = arity(thing.forward)
    names = names[1:]
    by_name = [names[at] if at < len(names) else f"input{at}" for at in moved]
    subject.sources.add(subject.name, thing.forward, thing.backward)
    values = [(own, np.asarray(subject.example[at], dtype=np.float64)) for own, at in zip(by_name, moved)]
    convention = f"{subject.name}: a function with a context; forward(ctx, {', '.join(names)}), backward(ctx, …)"
    return Reading(subject, convention, f"compared: the gradients of {listed(by_name)}", "", lambda: check_vjp(subject.name, values, forward, backward))
