"""The keywords of a check: invalid values are errors before any code is called."""

import math
import numbers

from ._language import KNOWN, Text
from .errors import ReadingError


class Said(dict):
    """The keywords by name, with a record of those that have been read."""

    def __init__(self, keywords):
        super().__init__(keywords)
        self.asked = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)

    def unused(self):
        """The names of given keywords that no reading has used."""
        return [name for name, value in self.items() if value is not None and name not in self.asked]


def said(params, labels, wrt, lr, loss, name):
    """The keywords that state what a reading cannot infer."""
    _hold(params is None or _names(params), "params", params, "params={'W': 'dW'}")
    _hold(wrt is None or _positions(wrt), "wrt", wrt, "wrt='w', wrt=('w', 'b'), wrt=0")
    _hold(lr is None or _positive(lr), "lr", lr, "lr=0.01")
    _hold(loss is None or callable(loss), "loss", loss, "loss=lambda thing, x, t: …")
    name = None if name is None else str(name)
    return Said({"params": params, "labels": labels, "wrt": wrt, "lr": lr, "loss": loss, "name": name})


def limits(budget, lang):
    """Validates the budget and the language."""
    _hold(budget is None or _positive(budget), "budget", budget, "budget=20")
    _hold(lang is None or lang in KNOWN, "lang", lang, " ".join(f"lang='{one}'" for one in KNOWN))


def _hold(fits, name, value, right):
    if not fits:
        raise ReadingError(Text("error-keyword", name=name, value=f"{value!r:.60}"), keyword=right)


def _names(value):
    return isinstance(value, dict) and all(isinstance(one, str) for pair in value.items() for one in pair)


def _positions(value):
    many = value if isinstance(value, (list, tuple)) else [value]
    return bool(many) and all(isinstance(one, (str, int)) for one in many)


def _positive(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value) and value > 0
