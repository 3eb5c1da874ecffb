"""Values in place of code: cells of a script without functions (C28), and layers without their loss. An error that shows what to write."""

import types

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .objects import is_layer
from .slots import is_array, is_pair
from .subject import kind_of


def layers_in(thing):
    """The layers of a nested list or dictionary, by position."""
    items = thing if isinstance(thing, dict) else dict(enumerate(thing)) if isinstance(thing, (list, tuple)) else {}
    return items if items and all(map(is_layer, items.values())) else {}


def refuse(thing, example):
    """Raises, for values in place of code, an error that shows how the cells become two functions."""
    layers = layers_in(thing)
    if layers:
        first, kinds = next(iter(layers)), Names(kind_of(one) for one in layers.values())
        raise ReadingError(Text("error-layers", names=kinds), Text("missing-loss"), f"rg.check(network, x, t), rg.check(layers[{first!r}], x)")
    space = thing if isinstance(thing, dict) else vars(thing) if isinstance(thing, types.ModuleType) else None
    if space is None and not isinstance(thing, (np.ndarray, str, float, int, list, type(None))):
        return
    names = {name: value for name, value in (space or {}).items() if isinstance(name, str) and not name.startswith("_") and is_array(value)}
    pairs = [(one, other) for one in names for other in names if is_pair(one, other) and names[one].shape == names[other].shape]
    own = [one for one, _ in pairs] or ["W", "b"]
    gradients = [other for _, other in pairs] or ["dW", "db"]
    arguments = ", ".join(own)
    seen = Text("error-names") if space is not None else Text("error-value", kind=type(thing).__name__)
    raise ReadingError(
        seen,
        Text("missing-functions"),
        f"{Text('help-cells')}\n"
        f"    def loss({arguments}):\n"
        f"        …                    # {Text('cells-forward')}\n"
        "        return loss\n"
        f"    def gradients({arguments}):\n"
        f"        …                    # {Text('cells-backward')}\n"
        f"        return {', '.join(gradients)}\n"
        f"    rg.check(loss, gradients, {arguments})",
    )
