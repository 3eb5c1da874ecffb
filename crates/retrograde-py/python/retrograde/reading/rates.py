"""Where code that updates its parameters inside backward has its learning rate, and optimisers that it hands the gradients to."""

from .copying import attributes
from .slots import is_array
from .words import RATE

#: A power of two, so large that the parameter's own digits are lost in the step and the gradient's are not.
LARGE = 2.0**40


def set_rates(thing, value, depth=3):
    """Sets every learning rate that an object and its parts keep; how many there are."""
    count = 0
    for name, held in attributes(thing).items():
        if RATE.match(name) and isinstance(held, (int, float)) and not isinstance(held, bool):
            setattr(thing, name, value)
            count += 1
        elif depth and attributes(held) and not is_array(held) and not isinstance(held, type):
            count += set_rates(held, value, depth - 1)
    return count
