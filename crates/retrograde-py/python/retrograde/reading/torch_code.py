"""PyTorch: ``torch.autograd.Function``, and a ``torch.nn.Module`` with the Functions inside it (C25). PyTorch is used only where
the user has imported it."""

import contextlib
import sys

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .forms import check_vjp
from .reading import Reading
from .subject import arity, is_number


def read(subject):
    """Reads a Function or a Module, or returns ``None``."""
    torch = sys.modules.get("torch")
    if torch is None or len(subject.things) != 1 or not hasattr(torch, "autograd"):
        return None
    _take_class(torch, subject)
    thing = subject.thing
    if isinstance(thing, type) and issubclass(thing, torch.autograd.Function):
        return _function(torch, subject)
    if isinstance(thing, torch.nn.Module):
        return _module(torch, subject)
    return None


def _take_class(torch, subject):
    """The Function in place of its ``apply``, which is often given a name."""
    owner = getattr(subject.thing, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, torch.autograd.Function):
        subject.things[0], subject.originals = owner, [owner]


class Calls:
    """A function of tensors, with the gradients of autograd by some of them."""

    def __init__(self, torch, call, arguments, parameters=()):
        self.torch, self.call, self.arguments, self.parameters = torch, call, arguments, list(parameters)
        self.moved = [at for at, one in enumerate(arguments) if self._is_real(one)]
        self.leaves, self.outputs, self.draws = [], [], True

    def _is_real(self, one):
        if self.torch.is_tensor(one):
            return one.is_floating_point()
        return is_number(one) and not isinstance(one, int) or isinstance(one, np.ndarray) and one.dtype.kind == "f"

    def given(self):
        """The perturbed values."""
        return [_numbers(self.arguments[at]) for at in self.moved] + [_numbers(one) for one in self.parameters]

    def forward(self, values):
        """The outputs; each call draws the same random numbers."""
        torch = self.torch
        arguments = list(self.arguments)
        self.leaves = []
        for at, value in zip(self.moved, values):
            arguments[at] = torch.tensor(value, dtype=torch.float64, requires_grad=True)
            self.leaves.append(arguments[at])
        for one, value in zip(self.parameters, values[len(self.moved) :]):
            one.data = torch.tensor(value, dtype=torch.float64)
            self.leaves.append(one)
        if self.draws:
            torch.default_generator.set_state(self.random)
        with torch.enable_grad():
            out = self.call(*arguments)
        outputs = list(out) if isinstance(out, (tuple, list)) else [out]
        self.outputs = [one for one in outputs if torch.is_tensor(one) and one.is_floating_point()]
        return [_numbers(one) for one in self.outputs]

    def backward(self, values, douts):
        """The gradients of the perturbed values; ``None`` for those that the outputs do not depend on."""
        torch = self.torch
        pairs = [(out, torch.tensor(dout, dtype=out.dtype)) for out, dout in zip(self.outputs, douts) if out.requires_grad]
        outputs, douts = [out for out, _ in pairs], [dout for _, dout in pairs]
        given = torch.autograd.grad(outputs, self.leaves, douts, allow_unused=True) if pairs else [None] * len(self.leaves)
        return [None if one is None else _numbers(one) for one in given]

    def _asks(self, at):
        """Whether this value requires a gradient: a parameter, or a tensor for which the user sets it."""
        return at >= len(self.moved) or getattr(self.arguments[self.moved[at]], "requires_grad", False)

    def without_gradient(self, names):
        """The names of values that neither get nor require a gradient."""
        self.random, values = self.torch.default_generator.get_state(), self.given()
        outputs = self.forward(values)
        gradients = self.backward(values, [np.ones(one.shape) for one in outputs])
        self.torch.default_generator.set_state(self.random)
        return [name for at, (name, one) in enumerate(zip(names, gradients)) if one is None and not self._asks(at)]

    def check(self, name, names):
        """The check of all perturbed values."""
        self.random = self.torch.default_generator.get_state()
        try:
            return self._check(name, names)
        finally:
            self.torch.default_generator.set_state(self.random)

    def _check(self, name, names):
        values = self.given()
        self.forward(values)
        # Setting the random state takes longer than a small network.
        self.draws = not self.torch.equal(self.random, self.torch.default_generator.get_state())
        gradients = self.backward(values, [np.ones(one.shape) for one in self.outputs])
        # Values without a gradient by design are constant; if one is required, None is a gradient of 0.
        kept = [at for at, one in enumerate(gradients) if one is not None or self._asks(at)]

        def whole(some):
            everything = list(values)
            for at, value in zip(kept, some):
                everything[at] = value
            return everything

        def backward(some, douts):
            everything = whole(some)
            given = self.backward(everything, douts)
            return [np.zeros_like(everything[at]) if given[at] is None else given[at] for at in kept]

        named = [(names[at], values[at]) for at in kept]
        return check_vjp(name, named, lambda some: self.forward(whole(some)), backward)


def _numbers(tensor):
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().double().numpy()
    return np.array(tensor, dtype=np.float64, order="C")


def _names(forward, moved, skip):
    _, names = arity(forward)
    names = names[skip:]
    return [names[at] if at < len(names) else f"input{at}" for at in moved]


def _skipped(torch, kind):
    """The number of forward's arguments before the inputs: the context, unless ``setup_context`` has it."""
    return 0 if kind.setup_context is not torch.autograd.Function.setup_context else 1


def _function(torch, subject):
    thing = subject.thing
    calls = Calls(torch, thing.apply, subject.example)
    skip = _skipped(torch, thing)
    names = _names(thing.forward, calls.moved, skip)
    subject.sources.add(subject.name, thing.forward, thing.backward)
    convention = Text("is-context", name=subject.name, call=f"apply({', '.join(arity(thing.forward)[1][skip:])})", back="backward(ctx, …)")
    without = calls.without_gradient(names)
    if without:
        subject.notes.append(Text("note-no-rule", names=Names(without)))
    compared = Names(name for name in names if name not in without)
    return Reading(subject, convention, Text("of", names=compared), None, lambda: calls.check(subject.name, names))


def _module(torch, subject):
    module = subject.thing.double()
    example = [one.double() if torch.is_tensor(one) and one.is_floating_point() else _tensor(torch, one) for one in subject.example]
    parameters = [(name, one) for name, one in module.named_parameters() if one.requires_grad]
    loss, (_, takes) = subject.said.get("loss"), arity(module.forward)
    if loss is None and 0 < len(takes) < len(example):
        seen = Text("error-takes", name=f"{subject.name}.forward", names=Names(takes))
        raise ReadingError(seen, Text("missing-loss"), "loss=lambda module, x, t: torch.nn.functional.mse_loss(module(x), t)")
    call = module if loss is None else lambda *given: loss(module, *given)
    calls = Calls(torch, call, example, [one for _, one in parameters])
    names = _names(module.forward if loss is None else loss, calls.moved, 0 if loss is None else 1) + [name for name, _ in parameters]
    inside = list(functions_inside(torch, call, example))
    for one, _ in inside:
        subject.sources.add(one.__name__, one.forward, one.backward)
    convention = Text("is-module", name=subject.name, call=f"forward({', '.join(arity(module.forward)[1])})", inside=Names(one.__name__ for one, _ in inside))

    def check():
        forms = calls.check(subject.name, names)
        if '"verdict":"wrong"' in forms["json"]:
            for one, given in inside:
                alone = Calls(torch, one.apply, given)
                found = alone.check(one.__name__, _names(one.forward, alone.moved, _skipped(torch, one)))
                if '"verdict":"wrong"' in found["json"]:
                    return found
        return forms

    return Reading(subject, convention, Text("of", names=Names(names)), None, check)


def _tensor(torch, one):
    return torch.tensor(one) if isinstance(one, np.ndarray) else one


def functions_inside(torch, call, example):
    """The Functions that a call of a module applies, each once, with its arguments."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        out = call(*[one.clone().requires_grad_() if torch.is_tensor(one) and one.is_floating_point() else one for one in example])
        kinds = _kinds(out if isinstance(out, (tuple, list)) else [out])
        seen = {}
        with contextlib.ExitStack() as stack:
            for kind in kinds:
                stack.enter_context(_watched(torch, kind, seen))
            torch.manual_seed(0)
            call(*example)
    return seen.items()


def _kinds(outputs):
    """The classes of the Functions in a graph, those nearest to the input first."""
    found, seen, stack = [], {}, [one.grad_fn for one in outputs if getattr(one, "grad_fn", None) is not None]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        # Kept alive, so that no other node gets its address.
        seen[id(node)] = node
        kind = getattr(type(node), "_forward_cls", None)
        if kind is not None and kind not in found:
            found.append(kind)
        stack.extend(one for one, _ in node.next_functions if one is not None)
    return found[::-1]


@contextlib.contextmanager
def _watched(torch, kind, seen):
    """Within it, the first arguments of a Function's application are recorded."""
    original = kind.__dict__.get("forward")
    forward, skip = kind.forward, _skipped(torch, kind)

    def watching(*arguments):
        seen.setdefault(kind, [one.detach().clone() if hasattr(one, "detach") else one for one in arguments[skip:]])
        return forward(*arguments)

    kind.forward = staticmethod(watching)
    try:
        yield
    finally:
        if original is None:
            del kind.forward
        else:
            kind.forward = original
