"""Which arrays of an object are parameters, and where their gradients are: by what calls change, then by names, then by shapes."""

import numpy as np

from ..errors import ReadingError
from .slots import Slot, is_array, paired, slots


class Parameter:
    """A parameter: its name, the array that is moved, the places that hold it, and where its gradient is."""

    def __init__(self, array, places, gradient, name=None):
        self.array, self.places, self.gradient = array, places, gradient
        self.name = name or places[0].short


class Step:
    """The gradient of a parameter that backward itself updates: the step that it takes, over the learning rate."""

    def __init__(self, rate):
        self.rate, self.value, self.name = rate, None, "the step of the update"

    def get(self):
        """The gradient after the last backward."""
        return self.value


class Search:
    """Looks at an object before and after calls."""

    def __init__(self, thing, kind, said):
        self.thing, self.kind, self.said, self.notes = thing, kind, said, []
        self.before = {slot.name: _seen(slot) for slot in slots(thing)}
        self.remembered, self.changed = set(), set()

    def after_forward(self):
        """What a forward with other inputs changed is what it remembers."""
        self.remembered |= self._different()
        self.before = {slot.name: _seen(slot) for slot in slots(self.thing)}

    def after_backward(self):
        """What a backward changed may be a gradient, or a parameter that it updated."""
        self.changed = self._different() - self.remembered

    def _different(self):
        now = {slot.name: _seen(slot) for slot in slots(self.thing)}
        return {name for name, seen in now.items() if name not in self.before or not _same(seen, self.before[name])}

    def values(self):
        """The arrays that calls leave alone, each with its places; by their identity."""
        found: dict[int, list[Slot]] = {}
        for name, (slot, held, _) in self.before.items():
            if is_array(held) and held.size and name not in self.remembered:
                found.setdefault(id(held), []).append(slot)
        return found

    def find(self, rate=None):
        """The parameters. With a rate, those that backward updates, too."""
        told = self.said.get("params")
        if isinstance(told, dict):
            return [self._told(value, gradient) for value, gradient in told.items()]
        values, everything = self.values(), slots(self.thing)
        updated = self._updated(values, rate)
        found, taken = [], set()
        for key, places in values.items():
            pairs = [(place, other) for place in places for other in everything if paired(place.path, other.path)]
            pairs = [(place, other) for place, other in pairs if other.name not in taken]
            held = self.before[places[0].name][1]
            if key in updated:
                found.append(Parameter(held, places, Step(rate)))
            elif pairs:
                taken.add(pairs[0][1].name)
                found.append(Parameter(held, places, pairs[0][1]))
        self._by_shape(found, values, taken)
        for one in found:
            one.places.sort(key=lambda slot: (any(isinstance(key, int) for _, key in slot.path), len(slot.path)))
            one.name = one.places[0].short
        names = [one.name for one in found]
        for one in found:
            if names.count(one.name) > 1:
                one.name = one.places[0].name
        return found

    def _updated(self, values, rate):
        """Parameters that a backward gave other numbers: not those of which it left a gradient of the same name."""
        if rate is None:
            return set()
        return {key for key, places in values.items() if any(place.name in self.changed for place in places) and not self._is_gradient(places, values)}

    def _is_gradient(self, places, values):
        others = [place for other in values.values() for place in other]
        return any(paired(other.path, place.path) for place in places for other in others)

    def _by_shape(self, found, values, taken):
        """Arrays that backward leaves and that no name pairs, where one shape fits alone."""
        known = {id(one.array) for one in found}
        left = [Slot(self.thing, slot.path) for slot in slots(self.thing) if slot.name in self.changed - taken]
        left = [slot for slot in left if is_array(slot.get()) and id(slot.get()) not in known]
        rest = [places for key, places in values.items() if key not in known]
        rest = [places for places in rest if not any(place.name in taken for place in places)]
        for places in rest:
            shape = places[0].get().shape
            fits = [slot for slot in left if slot.get().shape == shape and slot.name != places[0].name]
            rivals = [other for other in rest if other[0].get().shape == shape]
            if len(fits) == 1 and len(rivals) == 1:
                found.append(Parameter(places[0].get(), places, fits[0]))
                self.notes.append(
                    f"{fits[0].name} is taken for the gradient of {places[0].name} by its shape (params= says otherwise)"
                )

    def _told(self, value, gradient):
        everything = {slot.name: slot for slot in slots(self.thing)}
        if value in everything and gradient in everything and is_array(everything[value].get()):
            return Parameter(everything[value].get(), [everything[value]], everything[gradient])
        have = ", ".join(everything) or "none"
        raise ReadingError(f"params={{{value!r}: {gradient!r}}} names no arrays of {self.kind}", "", f"its arrays are {have}")


class Held:
    """Keeps parameters that a backward updates as they were, and takes the step for the gradient."""

    def __init__(self, parameters):
        self.updated = [one for one in parameters if isinstance(one.gradient, Step)]

    def before(self):
        """What to compare with afterwards."""
        return [one.array.copy() for one in self.updated]

    def after(self, before):
        """Puts everything back, in the arrays and in the places that hold them."""
        for one, value in zip(self.updated, before):
            now = one.places[0].get()
            one.gradient.value = (value - np.asarray(now)) / one.gradient.rate
            one.array[...] = value
            for place in one.places:
                if place.get() is not one.array:
                    place.set(one.array)


def _seen(slot):
    value = slot.get()
    return slot, value, value.copy() if isinstance(value, np.ndarray) else None


def _same(one, other):
    if one[1] is not other[1]:
        return False
    return one[2] is None or np.array_equal(one[2], other[2], equal_nan=True)
