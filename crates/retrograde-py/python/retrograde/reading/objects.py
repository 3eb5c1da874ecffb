"""An object with ``forward`` and ``backward``: how it is called, what it answers, where its parameters and gradients are."""

import copy
import re

import numpy as np

from ..errors import ReadingError
from .copying import attributes
from .forms import real
from .slots import Slot, is_array, paired, slots
from .subject import arity, described, is_real, kind_of

FORWARD = ("forward", "updateOutput", "forward_pass", "feedforward", "feed_forward", "forward_propagation", "forward_prop", "__call__")
BACKWARD = ("backward", "backward_pass", "backprop", "back_propagation", "backward_propagation", "back_prop", "bwd")
OUTPUT = ("output", "out", "outputs", "y", "a", "z")
INPUT_GRADIENT = ("dinputs", "dinput", "dx", "gradinput", "grad_input", "input_gradient", "din")
RATE = re.compile(r"^(lr|learning_?rate|eta|alpha|rate|l_?rate|step(_?size)?)$", re.I)
TARGET = re.compile(r"^(t|y|y_?true|target|targets|label|labels|ts|truth|y_?batch|expected)$", re.I)
ZERO = ("zero_grad", "zeroGradParameters", "flush_gradients", "cleargrads", "cleargrad", "zero_grads", "zero_gradients", "reset_grads", "reset_gradients", "clear_gradients", "clear_grads")


def method(thing, names):
    """The first of these methods that an object has, as ``(name, method)``."""
    for name in names:
        found = getattr(thing, name, None)
        if callable(found) and (name != "__call__" or hasattr(type(thing), "__call__")):
            return name, found
    return None, None


def is_layer(thing):
    """Whether it is an object that goes forward and backward."""
    if isinstance(thing, type):
        return False
    return method(thing, FORWARD)[0] is not None and method(thing, BACKWARD)[0] is not None


class Parameter:
    """A parameter: its name, the array that is moved, the places that hold it, and the place of its gradient."""

    def __init__(self, array, places, gradient, name=None):
        self.array, self.places, self.gradient = array, places, gradient
        self.name = name or places[0].short


class ObjectCalls:
    """Calls a copy of the user's object in the way that its convention asks for."""

    def __init__(self, thing, subject, extra=()):
        self.thing, self.subject, self.kind = thing, subject, kind_of(thing)
        self.forward_name, _ = method(thing, FORWARD)
        self.backward_name, backward = method(thing, BACKWARD)
        self.extra = list(extra)
        self.required, self.accepts = arity(backward)
        self.state, self.parameters = None, []
        self.returns_output = self.returns_gradient = True
        self.output_slot = self.gradient_slot = None
        self.zero = None
        self.notes = []

    # Forward.

    def forward(self, *inputs):
        """The outputs for inputs, as a list of arrays of one's own."""
        self.subject.isolation.reset()
        if self.state is not None:
            self._restore()
        before = None if self.returns_output else self._members()
        answer = getattr(self.thing, self.forward_name)(*inputs, *self.extra)
        if answer is None:
            answer = self._left_behind(OUTPUT, before, "forward returns nothing", "an output")
        self.raw = answer
        return [real(one) for one in (answer if isinstance(answer, (tuple, list)) else [answer])]

    # Backward.

    def backward(self, douts, arguments=None):
        """The gradients of the inputs, as a list; empty where there are none."""
        if self.zero is not None:
            self.zero()
        before = self._members()
        arguments = list(douts) if arguments is None else arguments
        answer = getattr(self.thing, self.backward_name)(*arguments)
        if answer is None:
            answer = self._left_behind(INPUT_GRADIENT, before, None, None)
        if answer is None:
            return []
        return [None if one is None else real(one) for one in (answer if isinstance(answer, tuple) else [answer])]

    def gradients(self):
        """By name, the gradient that each parameter has now; to be copied at once."""
        found = {}
        for one in self.parameters:
            value = one.gradient.get() if one.gradient is not None else None
            found[one.name] = None if value is None else np.ascontiguousarray(value, dtype=np.float64)
        return found

    # What it remembers.

    def study(self, inputs, douts):
        """Finds the parameters and their gradients, from what a forward and a backward change."""
        pristine = self._members()
        kept = {id(value) for value in pristine.values() if is_array(value)}
        first = self.forward(*inputs)
        before = {slot.name: _seen(slot) for slot in slots(self.thing)}
        # What forward changes is what it remembers, and no parameter.
        try:
            self.forward(*[_moved(one) for one in inputs])
        except Exception:
            self.forward(*inputs)
        remembered = {name for name, seen in before.items() if not _same(seen, _seen_by(self.thing, name, before))}
        again = self.forward(*inputs)
        before = {name: _seen_by(self.thing, name, before) for name in before}
        self.backward(douts(again), self._arguments(inputs, douts(again)))
        changed = {name for name, seen in before.items() if not _same(seen, _seen_by(self.thing, name, before))}
        self.parameters = self._find(before, remembered, changed - remembered)
        self._settle(pristine, kept, first, again)
        return again

    def _arguments(self, inputs, douts):
        """What backward is given."""
        return list(douts)

    def _find(self, before, remembered, changed):
        said = self.subject.said.get("params")
        values: dict[int, list[Slot]] = {}
        for name, (slot, held, _) in before.items():
            if is_array(held) and held.size and name not in remembered:
                values.setdefault(id(held), []).append(slot)
        everything = slots(self.thing)
        if isinstance(said, dict):
            return [self._told(value, gradient) for value, gradient in said.items()]
        found, taken = [], set()
        for places in values.values():
            pairs = [(place, other) for place in places for other in everything if paired(place.path, other.path)]
            pairs = [(place, other) for place, other in pairs if other.name not in taken]
            if pairs:
                place, gradient = pairs[0]
                taken.add(gradient.name)
                places.sort(key=lambda slot: (any(isinstance(key, int) for _, key in slot.path), len(slot.path)))
                found.append(Parameter(place.get(), places, gradient))
        self._by_shape(found, values, changed, taken, before)
        names = [one.name for one in found]
        for one in found:
            if names.count(one.name) > 1:
                one.name = one.places[0].name
        return found

    def _by_shape(self, found, values, changed, taken, before):
        """Arrays that backward leaves and that no name pairs, where one shape fits alone."""
        known = {id(one.array) for one in found}
        left = [Slot(self.thing, before[name][0].path) for name in sorted(changed) if name not in taken]
        left = [slot for slot in left if is_array(slot.get()) and id(slot.get()) not in known]
        rest = [places for key, places in values.items() if key not in known and not _is_gradient(places, found)]
        for places in rest:
            shape = places[0].get().shape
            fits = [slot for slot in left if slot.get().shape == shape]
            rivals = [other for other in rest if other[0].get().shape == shape]
            if len(fits) == 1 and len(rivals) == 1 and fits[0].name != places[0].name:
                found.append(Parameter(places[0].get(), places, fits[0]))
                self.notes.append(
                    f"{fits[0].name} is taken for the gradient of {places[0].name} by its shape (params= says otherwise)"
                )

    def _told(self, value, gradient):
        for slot in slots(self.thing):
            if slot.name == value and is_array(slot.get()):
                other = next((one for one in slots(self.thing) if one.name == gradient), None)
                if other is not None:
                    return Parameter(slot.get(), [slot], other)
        have = ", ".join(slot.name for slot in slots(self.thing)) or "none"
        raise ReadingError(f"params={{{value!r}: {gradient!r}}} names no arrays of {self.kind}", "", f"its arrays are {have}")

    def _settle(self, pristine, kept, first, again):
        """Whether forward depends on what earlier calls left, so that the state is put back before each."""
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again)) and len(first) == len(again)
        arrays = {id(one.array): one.array for one in self.parameters}
        if not same and hasattr(self.thing, "__dict__"):
            built = [key for key in arrays if key not in kept]
            source = attributes(self.thing) if built and not kept else pristine
            self._memo = arrays
            self.state = copy.deepcopy(source, dict(arrays))
            self.notes.append("what earlier calls left behind is put back before each forward")

    def _restore(self):
        space = vars(self.thing)
        space.clear()
        space.update(copy.deepcopy(self.state, dict(self._memo)))

    def _members(self):
        return dict(attributes(self.thing))

    def _left_behind(self, names, before, seen, missing):
        """What a call that returns nothing left on the object."""
        for name in names:
            for own, value in attributes(self.thing).items():
                if own.lower() == name and isinstance(value, np.ndarray) and (before is None or value is not None):
                    return value
        if missing is None:
            return None
        have = ", ".join(f"{name}: {described(value)}" for name, value in attributes(self.thing).items())
        raise ReadingError(f"{self.kind}.{seen}", missing, f"return it, or keep it as self.output; there are {have}")


def _seen(slot):
    value = slot.get()
    return slot, value, value.copy() if isinstance(value, np.ndarray) else None


def _seen_by(thing, name, before):
    return _seen(Slot(thing, before[name][0].path))


def _same(one, other):
    if one[1] is not other[1]:
        return False
    return one[2] is None or np.array_equal(one[2], other[2], equal_nan=True)


def _moved(value):
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value * 1.01 + 0.01 * np.cos(np.arange(value.size)).reshape(value.shape)
    return value + 0.01 if is_real(value) else value


def _is_gradient(places, found):
    return any(place.name == one.gradient.name for place in places for one in found)
