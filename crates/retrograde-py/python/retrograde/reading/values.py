"""Engines of one's own, in the way of micrograd and DeZero: values with ``data``, ``grad`` and ``backward`` (C6, C22)."""

import operator

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .arguments import is_function
from .forms import check_function, real
from .reading import Reading
from .subject import arity

#: What the name of an operation is, by the symbol that engines give it.
_OPERATIONS = {"+": operator.add, "*": operator.mul, "-": operator.sub, "/": operator.truediv, "@": operator.matmul, "neg": operator.neg}


def is_value(thing):
    """Whether it is a node of such an engine."""
    return hasattr(thing, "data") and hasattr(thing, "grad") and callable(getattr(thing, "backward", None)) and not isinstance(thing, (type, np.ndarray))


def read(subject):
    """Reads a function of values, or answers ``None``."""
    if len(subject.things) != 1 or not is_function(subject.thing) or not subject.example:
        return None
    values = [at for at, one in enumerate(subject.example) if is_value(one)]
    if not values or type(subject.example[values[0]]).__module__.partition(".")[0] == "torch":
        return None
    return Values(subject, values).reading()


class Values:
    """A function that builds its graph anew in each call."""

    def __init__(self, subject, positions):
        self.subject, self.positions, self.function = subject, positions, subject.thing
        self.kind = type(subject.example[positions[0]])
        _, names = arity(self.function)
        self.names = [names[at] if at < len(names) else f"argument{at}" for at in positions]
        self.numbers = [isinstance(subject.example[at].data, (int, float)) for at in positions]

    def make(self, numbers):
        """New values with these numbers."""
        return [self.kind(float(one) if plain else one.copy()) for one, plain in zip(numbers, self.numbers)]

    def run(self, numbers):
        """The values, and what the function makes of them."""
        self.subject.isolation.reset()
        made = self.make(numbers)
        arguments = list(self.subject.example)
        for at, value in zip(self.positions, made):
            arguments[at] = value
        out = self.function(*arguments)
        if not is_value(out):
            raise ReadingError(f"{self.subject.name} gives {type(out).__name__}", f"a {self.kind.__name__}", "return the value, not its data")
        return made, out

    def loss(self, numbers):
        """The sum of what comes out."""
        return float(np.sum(self.run(numbers)[1].data))

    def gradients(self, numbers):
        """What the engine's backward gives."""
        made, out = self.run(numbers)
        out.backward()
        return [_number(one.grad, like) for one, like in zip(made, numbers)]

    def check(self):
        """The whole; where it is wrong, each operation by itself."""
        named = list(zip(self.names, [real(self.subject.example[at].data) for at in self.positions]))
        forms = check_function(self.subject.name, named, self.loss, self.gradients)
        if '"verdict":"wrong"' not in forms["json"]:
            return forms
        _, out = self.run([one for _, one in named])
        for symbol, parents in operations(out):
            alone = self._alone(symbol, parents)
            if alone is not None and alone["json"].count('"verdict":"wrong"'):
                return alone
        return forms

    def _alone(self, symbol, parents):
        """One operation rebuilt from its inputs and checked, or ``None`` where its symbol does not tell how."""
        call = _OPERATIONS.get(symbol) or getattr(self.kind, symbol.lower(), None)
        if symbol.startswith("**"):
            power = float(symbol[2:])
            call = lambda x: x**power
        if call is None:
            return None
        numbers = [real(one.data) for one in parents]

        def run(values):
            made = [self.kind(float(value) if value.ndim == 0 else value.copy()) for value in values]
            return made, call(*made)

        def gradients(values):
            made, out = run(values)
            out.backward()
            return [_number(one.grad, like) for one, like in zip(made, values)]

        words = "abcdefgh" if len(parents) > 1 else "x"
        try:
            return check_function(symbol, list(zip(words, numbers)), lambda values: float(np.sum(run(values)[1].data)), gradients)
        except Exception:
            return None

    def reading(self):
        """How it is read."""
        convention = Text("is-values", name=self.subject.name, kind=self.kind.__name__)
        return Reading(self.subject, convention, Text("of-grad", names=Names(self.names)), Text("held-graph"), self.check)


def operations(out):
    """The operations of a graph with their inputs, first the ones that come first; each kind once."""
    order, seen = [], set()

    def walk(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for one in getattr(node, "_prev", ()):
            walk(one)
        order.append(node)

    walk(out)
    kinds = set()
    for node in order:
        parents, symbol = list(getattr(node, "_prev", ())), str(getattr(node, "_op", ""))
        if parents and symbol and symbol not in kinds:
            kinds.add(symbol)
            yield symbol, parents if len(parents) > 1 or symbol not in _OPERATIONS or symbol == "neg" else parents * 2


def _number(grad, like):
    grad = getattr(grad, "data", grad) if not isinstance(grad, np.ndarray) else grad
    return np.zeros(like.shape) if grad is None else real(grad).reshape(like.shape)
