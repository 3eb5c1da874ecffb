"""A forward and a backward function with a cache between them (C7, C10), and the two functions of ``jax.custom_vjp`` (C26)."""

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .arguments import holding, kinds
from .forms import LayerForm, check_vjp, real
from .means import check_layer
from .reading import Reading
from .slots import is_pair
from .subject import arity, kind_of
from .words import CACHE, UPSTREAM


def pair_with_cache(subject, arguments, second, answer):
    """``forward(x, …) → out, cache`` and ``backward(dout, cache) → gradients``, in forward's order or by name."""
    required, names = arity(second)
    name = kind_of(subject.originals[1])
    if not isinstance(answer, tuple):
        seen = Text("error-returns-takes", name=subject.name, kinds=kinds(answer), other=name, names=Names(names))
        raise ReadingError(seen, Text("missing-cache"), "return out, cache")
    if required < 2:
        raise ReadingError(Text("error-takes", name=name, names=Names(names)), Text("missing-upstream"), f"def {name}(dout, cache)")
    return Pair(subject, arguments, second, answer).reading()


class _Place:
    """A perturbed value: an argument of forward, or an entry of a dictionary among them."""

    def __init__(self, name, at, key, value):
        self.name, self.at, self.key, self.value = name, at, key, real(value)


class Pair:
    """The two functions, called by the names of the second one's arguments."""

    def __init__(self, subject, arguments, second, answer):
        self.subject, self.arguments, self.second, self.last = subject, arguments, second, answer
        self.required, self.names = arity(second)
        self.name = kind_of(subject.originals[1])
        self._split(answer)
        first = self.backward([np.cos(1.0 + np.arange(np.size(one))).reshape(np.shape(one)) for one in answer[: self.count]])
        self.keys = None
        if isinstance(first, dict):
            self._by_name(first)
        else:
            self._in_order(first)

    def _split(self, answer):
        """Which of forward's answers get an upstream gradient, and what is handed on for each other argument of backward. The cache is
        last in both; outputs between get none."""
        own = self.names[: self.required]
        upstream = 0
        while upstream < len(own) - 1 and UPSTREAM.match(own[upstream]) and not CACHE.match(own[upstream]):
            upstream += 1
        # The residuals come first in jax's rule.
        self.swapped = len(own) == 2 and bool(CACHE.match(own[0])) and not CACHE.match(own[1])
        self.count = 1 if self.swapped else max(1, upstream)
        rest = own[self.count :]
        # If forward returns fewer values than backward takes, the others are forward's own arguments.
        missing = len(rest) - (len(answer) - self.count)
        given = [one for one in rest if missing > 0 and one in self.arguments.names and not CACHE.match(one)][-max(missing, 0) :]
        self.rest = [self.arguments.names.index(one) if one in given else None for one in rest]
        cached = self.rest.count(None)
        if not upstream and not self.swapped or cached > len(answer) - self.count:
            self.count = min(self.required - 1, len(answer) - 1)
            self.rest = [None] * (self.required - self.count)
            cached = len(self.rest)
        self.cached = cached

    def forward(self, values):
        """The outputs for values of the perturbed arguments."""
        put = {}
        for place, value in zip(self.places, values):
            if place.key is None:
                put[place.at] = value
            else:
                put.setdefault(place.at, dict(self.arguments.example[place.at]))[place.key] = value
        self.last = self.arguments.call(put)
        return [real(one) for one in self.last[: self.count]]

    def backward(self, douts):
        """The result of the second function: a list, or a dictionary."""
        cache = iter(self.last[len(self.last) - self.cached :])
        rest = [next(cache) if at is None else self.arguments.arguments()[at] for at in self.rest]
        given = self.second(*rest, *douts) if self.swapped else self.second(*douts, *rest)
        if isinstance(given, dict):
            return given
        return list(given) if isinstance(given, (tuple, list)) else [given]

    def gradients(self, douts):
        """The gradients in the order of the perturbed arguments."""
        given = self.backward(douts)
        given = given if self.keys is None else [given[key] for key in self.keys]
        return [None if one is None else real(one) for one in given]

    # The subjects of the gradients.

    def _in_order(self, first):
        arguments, wrt = self.arguments, self.arguments.positions()
        if len(first) < len(wrt) and self.subject.said.get("wrt") is None:
            wrt = [at for at in wrt if np.ndim(arguments.example[at])][: len(first)]
        if len(first) > len(wrt):
            # Integers may also have gradients.
            whole = [at for at, one in enumerate(arguments.example) if isinstance(one, np.ndarray) and one.dtype.kind in "iu"]
            wrt = sorted({*wrt, *whole[: len(first) - len(wrt)]})
        if len(first) != len(wrt):
            raise ReadingError(
                Text("error-gives-count", name=self.name, count=len(first), inputs=Names(arguments.names[at] for at in wrt)),
                Text("missing-arguments"),
                "wrt=('x', 'w')",
            )
        self.places = [_Place(arguments.names[at], at, None, arguments.example[at]) for at in wrt]

    def _by_name(self, gradients):
        arguments, found = self.arguments, {}
        for at in arguments.positions():
            own = arguments.names[at]
            key = next((key for key in gradients if key == own or is_pair(own, key)), None)
            if key is not None:
                found[key] = _Place(own, at, None, arguments.example[at])
        for at, one in enumerate(arguments.example):
            for own, value in one.items() if isinstance(one, dict) else ():
                key = next((key for key in gradients if key not in found and (key == own or is_pair(own, key))), None)
                if key is not None and np.asarray(value).dtype.kind == "f":
                    found[key] = _Place(str(own), at, own, value)
        if not found:
            raise ReadingError(Text("error-gives", name=self.name, names=Names(gradients)), Text("missing-named"), "wrt=('x', 'w')")
        self.keys, self.places = list(found), list(found.values())

    # The check.

    def reading(self):
        """The description of the reading."""
        arguments = self.arguments
        written = arguments.written(self.subject.name)
        if self.keys is None:
            out = "out" if self.count == 1 else Text("outputs", count=self.count)
            convention = Text("is-pair", call=written, out=out, back=f"{self.name}({', '.join(self.names)})")
            moved = Text("of-in-order", names=Names(place.name for place in self.places))
        else:
            convention = Text("is-pair-by-name", call=written, other=self.name)
            moved = Text("of", names=Names(Text("pair", value=place.name, gradient=key) for place, key in zip(self.places, self.keys)))
        held = [one for at, one in enumerate(arguments.names) if all(place.at != at for place in self.places)]
        return Reading(self.subject, convention, moved, holding(held), self.check)

    def check(self):
        """As a layer, whose input is the first argument; of several outputs, or of numbers, as a function."""
        values = [(place.name, place.value) for place in self.places]
        arrays = all(np.ndim(value) for _, value in values)
        if self.count == 1 and arrays and self.places[0].key is None:
            return check_layer(self.subject, self._form(), values[0][1])
        return check_vjp(self.subject.name, values, self.forward, lambda _, douts: self.gradients(douts))

    def _form(self):
        parameters, left = [(place.name, place.value) for place in self.places[1:]], []

        def forward(x):
            return self.forward([x, *(value.copy() for _, value in parameters)])[0]

        def backward(dout):
            left[:] = self.gradients([dout if dout.ndim else float(dout)])
            return left[0]

        def gradients():
            given = left[1:] or [None] * len(parameters)
            return {own: one for (own, _), one in zip(parameters, given)}

        return LayerForm(self.subject.name, parameters, forward, backward, gradients, self.places[0].name)
