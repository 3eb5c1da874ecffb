"""Engines of one's own, in the way of micrograd, DeZero and minitorch: values with ``data``, ``grad`` and ``backward`` (C6, C22, C23)."""

import operator
import types

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .compared import Compared, weights_of
from .contexts import with_context
from .engine_functions import Created, Operation, numbers
from .forms import check_function, check_vjp
from .insertion import without
from .nodes import HeldNodes
from .notices import finding
from .reading import Reading
from .subject import arity, kind_of

#: The names of operations, by their symbols in engines.
_OPERATIONS = {"+": operator.add, "*": operator.mul, "-": operator.sub, "/": operator.truediv, "@": operator.matmul, "neg": operator.neg}


def is_value(thing):
    """Whether it is a node of such an engine. Some have a gradient only after backward."""
    held = hasattr(thing, "data") and (hasattr(thing, "grad") or hasattr(thing, "derivative")) or hasattr(thing, "op") and hasattr(thing, "inputs")
    return held and callable(getattr(thing, "backward", None)) and not isinstance(thing, (type, np.ndarray))


def read(subject):
    """Reads a function of values, or returns ``None``."""
    called = callable(subject.thing) and not isinstance(subject.thing, type) and not callable(getattr(subject.thing, "backward", None))
    if len(subject.things) != 1 or not called or not subject.example:
        return None
    values = [at for at, one in enumerate(subject.example) if is_value(one)]
    if not values or type(subject.example[values[0]]).__module__.partition(".")[0] == "torch":
        return None
    return Values(subject, values).reading()


class Values:
    """A function that builds its graph in each call."""

    def __init__(self, subject, positions):
        self.subject, self.positions, self.function = subject, positions, subject.thing
        self.kind = type(subject.example[positions[0]])
        self.parts = HeldNodes(self.function, is_value)
        if not isinstance(self.function, types.FunctionType):
            self.parts.find(subject.example)
        parameters, self.parameters = self.parts.parameters, [node for _, node in self.parts.parameters]
        _, names = arity(getattr(self.function, "forward", self.function))
        self.names = [names[at] if at < len(names) else f"argument{at}" for at in positions] + [name for name, _ in parameters]
        self.starts = [numbers(one) for one in [*(subject.example[at] for at in positions), *self.parameters]]
        self.plain = [isinstance(getattr(subject.example[at], "data", None), (int, float)) for at in positions]

    def make(self, given):
        """New values with these numbers, and the parameters with theirs."""
        for node, one in zip(self.parameters, given[len(self.positions) :]):
            node.data, node.grad = one.copy(), None
        return [self.kind(float(one) if plain else one.copy()) for one, plain in zip(given, self.plain)] + self.parameters

    def run(self, given):
        """The values, and the function's result."""
        self.subject.isolation.reset()
        self.parts.reset()
        made = self.make(given)
        arguments = list(self.subject.example)
        for at, value in zip(self.positions, made):
            arguments[at] = value
        out = self.function(*arguments)
        if not is_value(out):
            raise ReadingError(Text("error-gives-kind", name=self.subject.name, kind=type(out).__name__), self.kind.__name__, Text("help-value"))
        return made, out

    def loss(self, given):
        """The sum of the outputs."""
        return float(np.sum(numbers(self.run(given)[1])))

    def gradients(self, given):
        """The gradients of the engine's backward."""
        made, out = self.run(given)
        out.backward()
        return [_gradient(one, like) for one, like in zip(made, given)]

    def check(self):
        """The whole; if it is wrong, or would be inside a graph, each operation separately."""
        named = list(zip(self.names, self.starts))
        goes_on = self._goes_on([one for _, one in named])
        forms = check_function(self.subject.name, named, self.loss, self.gradients) if goes_on else None
        if goes_on and '"verdict":"wrong"' not in forms["json"]:
            return forms
        _, out = self.run([one for _, one in named])
        replaced = False
        for symbol, parents, creator in operations(out):
            alone = self._alone(symbol, parents) if creator is None else self._created(creator, parents)
            if alone is not None and alone["json"].count('"verdict":"wrong"'):
                return alone
            if creator is None and self._replaces(symbol, parents):
                given = {"operation": symbol, "kind": self.kind.__name__}
                self.subject.found.append(finding("fault", symbol, [], "gradient_replaced", given, {"code": "self.grad = …", "right": "self.grad += …"}))
                replaced = True
        forms = forms or check_function(self.subject.name, named, self.loss, self.gradients)
        # Every operation is right separately: the fault is a replaced gradient.
        return without(forms) if replaced else forms

    def _goes_on(self, given):
        """Whether the gradients are right of a weighted sum, too: backward begins with ones, which hide a forgotten upstream gradient."""

        def run(values, back=True):
            made, out = self.run(values)
            weights = weights_of(numbers(out))
            if back:
                (out * self.kind(float(weights) if isinstance(out.data, (int, float)) else weights)).backward()
            return float(np.sum(numbers(out) * weights)), [_gradient(one, like) for one, like in zip(made, values)] if back else None

        try:
            return Compared(given, run, np.random.default_rng(5)).holds()
        except Exception:
            # An engine without products of values shows no more than this.
            return True

    def _rebuilt(self, symbol, values):
        """New values with these numbers, and the operation of this symbol on them: ``None`` for an unknown symbol."""
        call = _OPERATIONS.get(symbol) or getattr(self.kind, symbol.lower(), None)
        if symbol.startswith("**"):
            call = lambda x: x ** float(symbol[2:])
        made = [self.kind(float(value) if value.ndim == 0 else value.copy()) for value in values]
        return made, None if call is None else call(*made)

    def _replaces(self, symbol, parents):
        """Whether an operation that is right in isolation overwrites the gradients that its inputs already have."""
        after = []
        try:
            for before in (0.0, 1.0):
                made, out = self._rebuilt(symbol, [numbers(one) for one in parents])
                for one in (*made, out):
                    one.grad = one.grad * 0 + (1.0 if one is out else before)
                _step(out)()
                after.append([numbers(one.grad) for one in made])
        except Exception:
            return False
        return any(np.any(first) and np.array_equal(first, second) for first, second in zip(*after))

    def _alone(self, symbol, parents):
        """One operation rebuilt from its inputs and checked, or ``None`` for an unknown symbol."""
        given = [numbers(one) for one in parents]

        def run(values):
            return self._rebuilt(symbol, values)

        def gradients(values, douts=None):
            made, out = run(values)
            if douts is None:
                out.backward()
            else:
                out.grad = float(douts[0]) if isinstance(out.data, (int, float)) else douts[0]
                _step(out)()
            return [_gradient(one, like) for one, like in zip(made, values)]

        named = list(zip("abcdefgh" if len(parents) > 1 else "x", given))
        try:
            out = run(given)[1]
            if out is None:
                return None
            if _step(out) is None:
                return check_function(symbol, named, lambda values: float(np.sum(numbers(run(values)[1]))), gradients)
            # Inside a graph the upstream gradient is rarely 1.
            return check_vjp(symbol, named, lambda values: [numbers(run(values)[1])], gradients)
        except Exception:
            return None

    def _created(self, creator, parents):
        """Checks the operation of a node, which is an object, in isolation."""
        names = arity(getattr(creator, "forward", None) or creator.compute)[1]
        if isinstance(creator, type):
            return self._with_context(creator, names[1:], parents)
        values = [(names[at] if at < len(names) else f"x{at}", numbers(one)) for at, one in enumerate(parents)]
        calls = Created(self.subject, self.kind, creator) if hasattr(creator, "forward") else Operation(self.subject, creator)
        try:
            return check_vjp(kind_of(creator), values, calls.forward, calls.backward)
        except Exception:
            return None

    def _with_context(self, function, names, parents):
        """Checks the operation of a node, which is a class with a context, in isolation."""
        example = [float(numbers(one)) for one in parents]
        moved, forward, backward = with_context(function, types.SimpleNamespace(example=example, isolation=self.subject.isolation))
        try:
            return check_vjp(kind_of(function), [(names[at], np.asarray(example[at])) for at in moved], forward, backward)
        except Exception:
            return None

    def reading(self):
        """The description of the reading."""
        convention = Text("is-values", name=self.subject.name, kind=self.kind.__name__)
        return Reading(self.subject, convention, Text("of-grad", names=Names(self.names)), Text("held-graph"), self.check)


def operations(out):
    """The operations of a graph with their inputs, first the ones that come first; each kind once: its symbol, its inputs, and the
    object that it is, if it is one."""
    order, seen = [], set()

    def walk(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for one in _made_by(node)[1] or getattr(node, "_prev", ()):
            walk(one)
        order.append(node)

    walk(out)
    kinds = set()
    for node in order:
        creator, inputs = _made_by(node)
        if creator is not None and kind_of(creator) not in kinds:
            kinds.add(kind_of(creator))
            yield kind_of(creator), inputs, creator
        parents, symbol = list(getattr(node, "_prev", ())), str(getattr(node, "_op", ""))
        if parents and symbol and symbol not in kinds:
            kinds.add(symbol)
            yield symbol, parents if len(parents) > 1 or symbol not in _OPERATIONS or symbol == "neg" else parents * 2, None


def _made_by(node):
    """The object that is the operation of a node, and its inputs; ``None`` and nothing where there is none."""
    creator = getattr(node, "creator", None)
    if creator is not None:
        return creator, list(creator.inputs)
    function = getattr(getattr(node, "history", None), "last_fn", None)
    if function is not None:
        return function, list(node.history.inputs)
    operation = getattr(node, "op", None)
    return (operation, list(node.inputs)) if callable(getattr(operation, "gradient", None)) else (None, [])


def _step(node):
    """The function that passes the upstream gradient of one node to its inputs, if the engine has one."""
    step = getattr(node, "_backward", None)
    return step if callable(step) and arity(step)[0] == 0 else None


def _gradient(value, like):
    grad = numbers(getattr(value, "grad", getattr(value, "derivative", None)))
    if grad is None:
        return np.zeros(like.shape)
    # A wrong shape is for the check to report.
    return grad.reshape(like.shape) if grad.size == like.size else grad
