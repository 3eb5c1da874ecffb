"""The learning rates of code that updates its parameters inside backward, and the optimizers that it passes gradients to."""

import numpy as np

from .copying import attributes
from .slots import is_array
from .subject import arity
from .words import RATE, UPSTREAM

#: A power of two, so large that the parameter's own digits are lost in the step and the gradient's are not.
LARGE = 2.0**40
#: The names of an optimizer's method that takes an array and its gradient.
_UPDATES = ("update", "step", "apply", "apply_gradient", "optimize", "optimise", "update_params", "get_update")


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
    """Candidates for a learning rate, each as the object that holds it and its name."""
    for name, held in attributes(thing).items():
        if RATE.match(name) and isinstance(held, (int, float)) and not isinstance(held, bool):
            yield thing, name
        elif depth and attributes(held) and not is_array(held) and not isinstance(held, type):
            yield from rates_of(held, depth - 1)


def plain_optimisers(thing):
    """Lets each optimiser that an object keeps take a plain step, the rate times the gradient: what it makes of the gradient besides, by
    momentum or by Adam, is no business of the layer's."""
    for holder, name in rates_of(thing):
        for word in _UPDATES if holder is not thing else ():
            method = getattr(holder, word, None)
            if callable(method) and arity(method)[0] == 2:
                setattr(holder, word, _plain(holder, name, method))
                break


def _plain(holder, name, method):
    names = arity(method)[1]
    swapped = bool(UPSTREAM.match(names[0])) and not UPSTREAM.match(names[1])

    def update(one, other):
        value, gradient = (other, one) if swapped else (one, other)
        if not (is_array(value) and is_array(gradient) and value.shape == gradient.shape):
            return method(one, other)
        kept = getattr(holder, name)
        setattr(holder, name, 0.0)
        try:
            # Without a step the array is returned unchanged.
            moved = value + 1.0
            given = moved.copy()
            answer = method(*((gradient.copy(), given) if swapped else (given, gradient.copy())))
        finally:
            setattr(holder, name, kept)
        if answer is None:
            value -= kept * gradient
            return None
        return value - kept * gradient if np.array_equal(answer, moved) else method(one, other)

    return update
