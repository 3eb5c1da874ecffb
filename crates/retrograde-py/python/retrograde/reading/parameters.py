"""Which arrays of an object are parameters, and where their gradients are: by the effects of calls, then by names, then by shapes."""

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .slots import Slot, is_array, paired, slots
from .words import INPUT_GRADIENTS


class Parameter:
    """A parameter: its name, its array, the places that hold it, and the place of its gradient."""

    def __init__(self, array, places, gradient, name=None):
        self.array, self.places, self.gradient = array, places, gradient
        self.name = name or places[0].short


class Sum:
    """The gradient of an array that is held in several places: the sum of those that each place shows, some of them transposed."""

    def __init__(self, parts):
        self.parts = parts
        self.path = parts[0][0].path
        self.name = " + ".join(f"{slot.name}.T" if turned else slot.name for slot, turned in parts)

    def get(self):
        """The sum; equal gradients in all places are the sum already."""
        values = [slot.get() for slot, _ in self.parts]
        if any(value is None for value in values):
            return None
        values = [value.T if turned else value for value, (_, turned) in zip(values, self.parts)]
        if all(value is values[0] for value in values):
            return values[0]
        return sum(values[1:], values[0])


class Step:
    """The gradient of a parameter that backward itself updates: the step that it takes, over the learning rate."""

    def __init__(self, rate):
        self.rate, self.value, self.name = rate, None, Text("step")

    def get(self):
        """The gradient after the last backward."""
        return self.value


class Search:
    """Observes an object before and after calls."""

    def __init__(self, thing, kind, said):
        self.thing, self.kind, self.said, self.notes = thing, kind, said, []
        self.before = {slot.name: _seen(slot) for slot in slots(thing)}
        self.remembered, self.changed = set(), set()
        #: By identity, the arrays that backward writes into and that forward does not depend on: gradients.
        self.written = set()

    def after_forward(self):
        """Arrays changed by a forward with other inputs are state."""
        self.remembered |= self._different()
        self.before = {slot.name: _seen(slot) for slot in slots(self.thing)}

    def after_backward(self):
        """Arrays changed by a backward may be a gradient, or a parameter that it updated."""
        self.changed = self._different() - self.remembered

    def _different(self):
        now = {slot.name: _seen(slot) for slot in slots(self.thing)}
        return {name for name, seen in now.items() if name not in self.before or not _same(seen, self.before[name])}

    def values(self):
        """The arrays that calls do not change, each with its places; by identity."""
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
            # A name that means the gradient of the input is that, even if the input looks like a parameter.
            pairs = [(place, other) for place, other in pairs if other.name not in taken and not _of_input(other)]
            held = self.before[places[0].name][1]
            if key in updated:
                found.append(Parameter(held, places, Step(rate)))
            elif pairs:
                alike = _alike(pairs)
                taken.update(other.name for _, other in alike)
                gradient = pairs[0][1] if len(alike) == 1 else Sum([(other, False) for _, other in alike])
                found.append(Parameter(held, places, gradient))
        self._by_shape(found, values, taken)
        found = _joined(found)
        for one in found:
            one.places.sort(key=lambda slot: (any(isinstance(key, int) for _, key in slot.path), len(slot.path)))
            one.name = one.places[0].short
        names = [one.name for one in found]
        for one in found:
            if names.count(one.name) > 1:
                one.name = one.places[0].name
        return found

    def _updated(self, values, rate):
        """Parameters that a backward changed, unless it also set a gradient of the same name."""
        if rate is None:
            return set()
        changed = {key for key, places in values.items() if any(place.name in self.changed for place in places)}
        return {key for key in changed - self.written if not self._is_gradient(values[key], values)}

    def _is_gradient(self, places, values):
        others = [place for other in values.values() for place in other]
        return any(paired(other.path, place.path) for place in places for other in others)

    def _by_shape(self, found, values, taken):
        """Arrays set by backward without a matching name, if exactly one shape fits."""
        known = {id(one.array) for one in found}
        left = [Slot(self.thing, slot.path) for slot in slots(self.thing) if slot.name in self.changed - taken]
        left = [slot for slot in left if is_array(slot.get()) and id(slot.get()) not in known and not _of_input(slot)]
        rest = [places for key, places in values.items() if key not in known | self.written]
        rest = [places for places in rest if places[0].get() is not None and not any(place.name in taken for place in places)]
        for places in rest:
            shape = places[0].get().shape
            fits = [slot for slot in left if slot.get().shape == shape and slot.name != places[0].name]
            rivals = [other for other in rest if other[0].get().shape == shape]
            if len(fits) == 1 and len(rivals) == 1:
                found.append(Parameter(places[0].get(), places, fits[0]))
                self.notes.append(Text("note-by-shape", gradient=fits[0].name, value=places[0].name))

    def _told(self, value, gradient):
        everything = {slot.name: slot for slot in slots(self.thing)}
        if value in everything and gradient in everything and is_array(everything[value].get()):
            return Parameter(everything[value].get(), [everything[value]], everything[gradient])
        seen = Text("error-params", pair=f"{{{value!r}: {gradient!r}}}", kind=self.kind)
        raise ReadingError(seen, "", Text("help-arrays", names=Names(everything)))


def without_gradient(thing, known, run):
    """The names of the arrays that affect the result of ``run`` and are not known: their gradients are not compared."""
    found, seen = [], [one for one in known]
    before = run()
    for slot in slots(thing):
        array = slot.get()
        if not is_array(array) or not array.flags.writeable or not array.size or any(np.may_share_memory(array, one) for one in seen):
            continue
        seen.append(array)
        kept = array.copy()
        try:
            # Arrays that calls create are not parameters.
            array += 0.01 * np.cos(1.0 + np.arange(array.size)).reshape(array.shape)
            moved = run()
            if slot.get() is array and any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(before, moved)):
                found.append(slot.short)
        except Exception:
            pass
        array[...] = kept
    return found


def _of_input(slot):
    return slot.name.lower() in INPUT_GRADIENTS


class Held:
    """Restores parameters that a backward updates, and uses the step as the gradient."""

    def __init__(self, parameters):
        self.updated = [one for one in parameters if isinstance(one.gradient, Step)]

    def before(self):
        """The values before the call."""
        return [one.array.copy() for one in self.updated]

    def after(self, before):
        """Restores all arrays and the places that hold them."""
        for one, value in zip(self.updated, before):
            now = one.places[0].get()
            one.gradient.value = (value - np.asarray(now)) / one.gradient.rate
            one.array[...] = value
            for place in one.places:
                if place.get() is not one.array:
                    place.set(one.array)


def _alike(pairs):
    """Of the pairs of one array those that follow the pattern of the first, such as all of ``params[i]``, with gradients of their own."""
    first, chosen = pairs[0], []
    for place, other in pairs:
        same = len(place.path) == len(first[0].path) and all(
            a == b or isinstance(a[1], int) and isinstance(b[1], int) for a, b in zip(place.path, first[0].path)
        )
        if same and all(other.get() is not one.get() for _, one in chosen):
            chosen.append((place, other))
    return chosen or [first]


def _joined(found):
    """Parameters that are the transpose of another's memory, such as tied weights, are one."""
    kept = []
    for one in found:
        twin = next((other for other in kept if _is_transpose(one.array, other.array)), None)
        if twin is None or isinstance(one.gradient, Step):
            kept.append(one)
            continue
        parts = twin.gradient.parts if isinstance(twin.gradient, Sum) else [(twin.gradient, False)]
        own = one.gradient.parts if isinstance(one.gradient, Sum) else [(one.gradient, False)]
        twin.gradient = Sum([*parts, *((slot, not turned) for slot, turned in own)])
    return kept


def _is_transpose(one, other):
    same = one.__array_interface__["data"][0] == other.__array_interface__["data"][0]
    return same and one.ndim == 2 and one.shape == other.shape[::-1] and one.strides == other.strides[::-1]


def _seen(slot):
    value = slot.get()
    return slot, value, value.copy() if isinstance(value, np.ndarray) else None


def _same(one, other):
    if one[1] is not other[1]:
        return False
    return one[2] is None or np.array_equal(one[2], other[2], equal_nan=True)
