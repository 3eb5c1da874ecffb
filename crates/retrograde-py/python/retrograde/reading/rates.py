"""Where code that updates its parameters inside backward has its learning rate, and optimisers that it hands the gradients to."""

import numpy as np

from .copying import attributes
from .slots import is_array
from .words import RATE

#: A power of two, so large that the parameter's own digits are lost in the step and the gradient's are not.
LARGE = 2.0**40


def set_rates(thing, value, run, depth=3):
    """Sets every learning rate that an object and its parts keep, and says how many there are. A rate that ``run``, the forward
    pass, depends on is another: the ratio of a dropout."""
    places = list(rates_of(thing, depth))
    if not places:
        return 0
    kept = [getattr(holder, name) for holder, name in places]

    def put(values):
        for (holder, name), one in zip(places, values):
            setattr(holder, name, one)

    plain = run()
    put([value] * len(places))
    try:
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(plain, run()))
    except Exception:
        same = False
    if not same:
        put(kept)
    return len(places) if same else 0


def rates_of(thing, depth=3):
    """What may be a learning rate, each as the object that holds it and its name."""
    for name, held in attributes(thing).items():
        if RATE.match(name) and isinstance(held, (int, float)) and not isinstance(held, bool):
            yield thing, name
        elif depth and attributes(held) and not is_array(held) and not isinstance(held, type):
            yield from rates_of(held, depth - 1)
