"""Whether a gradient agrees with differences: a hint for readings, never the verdict."""

import numpy as np

from .forms import real


def agrees(loss, at, value, gradient):
    """Whether a gradient agrees with the differences of a loss by one argument, along two directions."""
    value, gradient = np.asarray(value, dtype=np.float64), real(gradient).reshape(np.shape(value))
    for phase in (1.0, 2.0):
        direction = np.cos(phase * (1.0 + np.arange(value.size))).reshape(value.shape)
        step = 1e-5 * max(1.0, float(np.abs(value).max()))
        try:
            slope = (loss({at: value + step * direction}) - loss({at: value - step * direction})) / (2 * step)
        except Exception:
            return False
        size = float(np.abs(gradient * direction).sum())
        if not abs(slope - float((gradient * direction).sum())) <= 1e-5 * max(size, abs(slope)):
            return False
    return True
