"""Operations of engines of one's own, each as an object: DeZero's ``Function`` with ``creator`` and ``Variable`` (C6), and needle's
``TensorOp`` with ``compute`` and ``gradient`` (C24)."""

import copy
import sys
import types

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .arguments import holding
from .forms import check_vjp, real
from .reading import Reading
from .subject import arity, is_number, kind_of

_NODES = ("Variable", "Tensor", "Value", "Node")


def read(subject):
    """Reads an operation object, or returns ``None``."""
    thing = subject.thing
    if len(subject.things) != 1 or isinstance(thing, type) or not subject.example or not callable(thing):
        return None
    if callable(getattr(thing, "compute", None)) and callable(getattr(thing, "gradient", None)):
        return _reading(subject, Operation(subject, thing), "compute", f"gradient({', '.join(arity(thing.gradient)[1])})")
    if callable(getattr(thing, "forward", None)) and callable(getattr(thing, "backward", None)):
        node = node_class(subject, lambda made: hasattr(made, "creator"))
        if node is not None:
            return _reading(subject, Created(subject, node, thing), "forward", f"backward({', '.join(arity(thing.backward)[1])})")
    return None


def node_class(subject, fits):
    """The class of the engine's nodes: that of the example, or one in the modules of the operation's classes."""
    for one in subject.example:
        if fits(one):
            return type(one)
    for kind in type(subject.thing).__mro__:
        for name in _NODES:
            found = getattr(sys.modules.get(kind.__module__), name, None)
            if isinstance(found, type) and found.__module__.partition(".")[0] != "torch":
                try:
                    if fits(found(np.array(1.0))):
                        return found
                except Exception:
                    continue
    return None


def numbers(value):
    """The numbers in a node, or ``None`` for no gradient."""
    for name in ("numpy", "data"):
        held = getattr(value, name, None) if not isinstance(value, (np.ndarray, np.generic, float, int)) else None
        if held is not None and not isinstance(held, memoryview):
            return numbers(held() if callable(held) else held)
    return None if value is None else real(value)


class Created:
    """A Function on Variables: called with some; the gradients come from its backward."""

    def __init__(self, subject, node, function):
        self.subject, self.node, self.original, self.outputs = subject, node, function, []
        # The number of inputs with a gradient, if some are labels.
        self.wraps = self.count = None

    def forward(self, values):
        """The outputs."""
        self.subject.isolation.reset()
        self.function = copy.copy(self.original)
        out = self.function(*[self.node(np.array(value)) for value in values])
        self.outputs = list(out) if isinstance(out, (tuple, list)) else [out]
        return [numbers(one) for one in self.outputs]

    def backward(self, values, douts):
        """The gradients of the inputs."""
        if self.wraps is None:
            self.wraps = self._sees()
        given = self.function.backward(*[self.node(np.array(dout)) if self.wraps else np.array(dout) for dout in douts])
        given = list(given) if isinstance(given, (tuple, list)) else [given]
        if len(given) not in (len(values), self.count):
            raise ReadingError(
                Text("error-gives-count", name=f"{kind_of(self.original)}.backward", count=len(given), inputs=Text("inputs", count=len(values))),
                Text("missing-each"),
                "return gx0, gx1",
            )
        return [numbers(one) for one in given]

    def _sees(self):
        """Whether the engine passes Variables or arrays to backward: determined by a backward of the engine."""
        seen, own = [], self.function.backward

        def spy(*upstream):
            seen.extend(upstream)
            return own(*upstream)

        self.function.backward = spy
        try:
            self.outputs[0].backward()
        except Exception:
            pass
        finally:
            del self.function.backward
        return bool(seen) and isinstance(seen[0], self.node)


class Operation:
    """An operation with ``compute`` on arrays and ``gradient`` on the graph's tensors."""

    def __init__(self, subject, operation):
        self.subject, self.operation = subject, operation
        self.node = node_class(subject, lambda made: hasattr(made, "inputs") or hasattr(made, "op"))
        self.inputs, self.out, self.count = [], None, None

    def forward(self, values):
        """The outputs."""
        self.subject.isolation.reset()
        if self.node is None:
            self.inputs = [np.array(value) for value in values]
            self.out = self.operation.compute(*self.inputs)
        else:
            self.inputs = [self.node(np.array(value)) for value in values]
            self.out = self.operation(*self.inputs)
        return [numbers(self.out)]

    def backward(self, values, douts):
        """The gradients of the inputs."""
        dout, node = np.array(douts[0]), self.out
        if self.node is None:
            node = types.SimpleNamespace(inputs=self.inputs, op=self.operation)
        else:
            dout = self.node(dout)
        given = self.operation.gradient(dout, node)
        given = list(given) if isinstance(given, (tuple, list)) else [given]
        if len(given) not in (len(values), self.count):
            raise ReadingError(
                Text("error-gives-count", name=f"{kind_of(self.operation)}.gradient", count=len(given), inputs=Text("inputs", count=len(values))),
                Text("missing-each"),
                "return da, db",
            )
        return [numbers(one) for one in given]


def _held(value):
    """The array in a node, of any element type."""
    for name in ("numpy", "data"):
        held = getattr(value, name, None) if not isinstance(value, (np.ndarray, np.generic, float, int)) else None
        if held is not None and not isinstance(held, memoryview):
            return _held(held() if callable(held) else held)
    return np.asarray(value)


def _reading(subject, calls, forward, back):
    thing = subject.thing
    given = [np.array(one, dtype=np.float64) if is_number(one) else _held(one) for one in subject.example]
    moved = [at for at, one in enumerate(given) if one.dtype.kind == "f"]
    calls.count = len(moved)
    _, names = arity(getattr(thing, forward))
    names = [names[at] if at < len(names) else f"x{at}" for at in range(len(given))]
    subject.sources.add(subject.name, getattr(thing, forward), getattr(thing, back.partition("(")[0]))

    def everything(values):
        put = dict(zip(moved, values))
        return [put.get(at, one) for at, one in enumerate(given)]

    def gradients(values, douts):
        found = calls.backward(everything(values), douts)
        return found if len(found) == len(moved) else [found[at] for at in moved]

    values = [(names[at], real(given[at])) for at in moved]
    held = [name for at, name in enumerate(names) if at not in moved]
    convention = Text("is-operation", name=subject.name, call=f"{forward}({', '.join(names)})", back=back)
    of = Text("of", names=Names(names[at] for at in moved))
    check = lambda: check_vjp(subject.name, values, lambda values: calls.forward(everything(values)), gradients)
    return Reading(subject, convention, of, holding(held), check)
