"""Cells of a script, with nothing to call (C28): refused, with the functions to write around them."""

import types

import numpy as np

from ..errors import ReadingError
from .slots import is_array, is_pair


def refuse(thing, example):
    """Raises, for values in place of code, an error that shows how the cells become two functions."""
    space = thing if isinstance(thing, dict) else vars(thing) if isinstance(thing, types.ModuleType) else None
    if space is None and not isinstance(thing, (np.ndarray, str, float, int, list, type(None))):
        return
    names = {name: value for name, value in (space or {}).items() if isinstance(name, str) and not name.startswith("_") and is_array(value)}
    pairs = [(one, other) for one in names for other in names if is_pair(one, other) and names[one].shape == names[other].shape]
    own = [one for one, _ in pairs] or ["W", "b"]
    gradients = [other for _, other in pairs] or ["dW", "db"]
    arguments = ", ".join(own)
    what = "names and their values" if space is not None else f"a value ({type(thing).__name__})"
    raise ReadingError(
        f"{what}, and no code that can be called",
        "functions: the check runs the code many times, with other numbers each time",
        "write the cells of the forward pass and those of the backward pass into two functions of what is to be checked:\n"
        f"    def loss({arguments}):\n"
        "        …                    # the forward cells, as they are\n"
        "        return loss\n"
        f"    def gradients({arguments}):\n"
        "        …                    # the forward and the backward cells, as they are\n"
        f"        return {', '.join(gradients)}\n"
        f"    rg.check(loss, gradients, {arguments})",
    )
