"""An object with ``forward`` and ``backward``: its calls, its results, its parameters and gradients."""

import contextlib
import types

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .copying import attributes, deep, reachable
from .forms import real
from .growing import counts, put_back
from .notices import finding
from .parameters import Held, Search, Step, Sum, without_gradient
from .rates import LARGE, plain_optimisers, rates_of, set_rates
from .slots import is_array, numbers_as_arrays, slots
from .subject import arity, described, is_real, kind_of, takes_any
from .words import (
    BACKWARD,
    CACHE,
    FORWARD,
    INPUT,
    INPUT_GRADIENTS,
    OUTPUTS,
    RATE,
    TRAIN,
    UPSTREAM,
    ZERO,
)


def method(thing, names):
    """The first of these methods that an object has, as ``(name, method)``."""
    for name in names:
        found = getattr(thing, name, None)
        if callable(found) and not isinstance(found, type) and (name != "__call__" or hasattr(type(thing), "__call__")):
            return name, found
    return None, None


def is_layer(thing):
    """Whether it is an object with forward and backward."""
    if isinstance(thing, type):
        return False
    return method(thing, FORWARD)[0] is not None and method(thing, BACKWARD)[0] is not None


class ObjectCalls:
    """Calls a copy of the user's object by its convention."""

    def __init__(self, thing, subject, extra=()):
        self.thing, self.subject, self.kind = thing, subject, kind_of(thing)
        self.forward_name, _ = method(thing, FORWARD)
        self.backward_name, backward = method(thing, BACKWARD)
        self.extra = list(extra)
        self.required, self.accepts = arity(backward)
        self.state, self.parameters, self.notes = None, [], []
        self.caches = 1 if self.required > 1 and CACHE.match(self.accepts[self.required - 1]) else 0
        self.rate = float(subject.said.get("lr") or LARGE)
        self.takes_rate = any(RATE.match(name) for name in self.accepts)
        self.held, self.accumulates = Held([]), False
        self.inputs = self.raw = self.random = self.flags = None
        self.forwards = 0
        #: Whether forward takes its inputs as one list.
        self.packed = False

    # Forward.

    def forward(self, *inputs):
        """The outputs for inputs, as a list of new arrays."""
        self.subject.isolation.reset(self.random)
        if self.state is not None:
            self._restore()
        self.inputs = inputs
        self.forwards += 1
        given = [list(inputs)] if self.packed else inputs
        if self.flags is None:
            self.flags = self._flags(len(given) + len(self.extra))
        answer = getattr(self.thing, self.forward_name)(*given, *self.extra, *self.flags)
        if answer is None:
            answer = self._left_behind(OUTPUTS, needed=True)
        self.raw = answer
        outputs = list(answer) if isinstance(answer, (tuple, list)) else [answer]
        outputs = outputs[: len(outputs) - self.caches or None]
        upstream = [name for name in self.accepts if not RATE.match(name)]
        if 0 < len(upstream) < len(outputs):
            # The state of a recurrent cell, which has no upstream gradient.
            note = Text("note-no-upstream", backward=self.backward_name, count=len(upstream))
            self.notes += [note] if note not in self.notes else []
            outputs = outputs[: len(upstream)]
        return [real(one) for one in outputs]

    def _flags(self, given):
        """True for each argument that forward must have beyond these and that says whether it trains."""
        required, names = arity(getattr(self.thing, self.forward_name))
        missing = names[given:required]
        if not missing or not all(TRAIN.match(name) for name in missing):
            return []
        note = Text("note-flag", forward=self.forward_name, flag=missing[0])
        if note not in self.notes:
            self.notes.append(note)
        return [True] * len(missing)

    # Backward.

    def arguments(self, douts):
        """The arguments of backward for these upstream gradients."""
        names = [name for name in self.accepts if not RATE.match(name)]
        required = self.required - sum(bool(RATE.match(name)) for name in self.accepts[: self.required])
        if required > len(douts) and self.caches:
            return [*douts, *self.raw[-self.caches :]]
        if required == len(self.inputs) + len(douts) and self._input_first(names):
            return [*self.inputs, *douts]
        if required == len(self.inputs) + len(douts):
            return [*douts, *self.inputs]
        return list(douts) if names or takes_any(getattr(self.thing, self.backward_name)) else []

    def _input_first(self, names):
        return hasattr(self.thing, "updateGradInput") or (bool(INPUT.match(names[0])) and bool(UPSTREAM.match(names[-1])))

    def backward(self, douts, arguments=None):
        """The gradients of the inputs, as a list; empty without any."""
        if self.accumulates:
            self._zero()
        before = self.held.before()
        arguments = self.arguments(douts) if arguments is None else arguments
        rates = {name: self.rate for name in self.accepts if RATE.match(name)}
        answer = getattr(self.thing, self.backward_name)(*arguments, **rates)
        self.held.after(before)
        if answer is None:
            answer = self._left_behind(INPUT_GRADIENTS, needed=False)
        if answer is None:
            return []
        several = isinstance(answer, tuple) or isinstance(answer, list) and any(np.ndim(one) for one in answer)
        return [None if one is None else real(one) for one in (answer if several else [answer])]

    def gradients(self):
        """By name, the current gradient of each parameter; to be copied immediately."""
        found = {}
        for one in self.parameters:
            value = one.gradient.get()
            found[one.name] = None if value is None else real(value)
        return found

    def add_to(self, sources, location):
        """The location of its code."""
        words = {one.name: [str(one.gradient.path[-1][1])] if hasattr(one.gradient, "path") else [] for one in self.parameters}
        sources.add(location, getattr(self.thing, self.forward_name), getattr(self.thing, self.backward_name), words)

    # Its state.

    def study(self, inputs, douts):
        """Finds the parameters and their gradients, from what a forward and a backward change."""
        numbers_as_arrays(self.thing)
        plain_optimisers(self.thing)
        memo = {}
        pristine = deep(dict(attributes(self.thing)), memo)
        before = counts(self.thing)
        first = self.forward(*inputs)
        if self._widen():
            first = self.forward(*inputs)
        rates = set_rates(self.thing, self.rate, lambda: self.forward(*inputs))
        search = Search(self.thing, self.kind, self.subject.said)
        once, count = counts(self.thing), self.forwards
        try:
            self.forward(*[_moved(one) for one in inputs])
        except Exception:
            self.forward(*inputs)
        twice = counts(self.thing)
        search.after_forward()
        grown = {path: length - once[path] for path, length in twice.items() if once.get(path, length) < length}
        if grown:
            self._flush({path: before.get(path, max(0, once[path] - count * more)) for path, more in grown.items()}, search)
        again = self.forward(*inputs)
        search.before = {name: seen for name, seen in Search(self.thing, self.kind, {}).before.items()}
        state = {id(array): array.copy() for array in self._arrays(search)}
        self.backward(douts(again))
        search.after_backward()
        told = self.subject.said.get("lr") is not None
        updates = search._updated(search.values(), 1.0)
        search.written = {key for key in updates if not self._depends_on(search.values()[key][0].get(), inputs, state[key])}
        updates -= search.written
        if updates and not (self.takes_rate or rates or told):
            raise ReadingError(
                Text("error-changes", name=f"{self.kind}.{self.backward_name}", names=Names(sorted(search.values()[key][0].name for key in updates))),
                Text("missing-rate"),
                "lr=0.01",
            )
        self.parameters = search.find(self.rate if updates else None)
        self.notes += search.notes
        self.held = Held(self.parameters)
        self._put_back(search, state)
        if updates and (self.takes_rate or rates):
            self._look_for_missing_rates(inputs, douts, bool(rates))
        if updates:
            self.notes.append(Text("note-updates", backward=self.backward_name))
        self._look_for_accumulation(inputs, douts)
        if updates:
            self._look_for_other_steps(inputs, douts, pristine, memo)
        self._settle(pristine, memo, first, again)
        # If the state is restored before each forward, perturbed arrays would be restored, too.
        if self.state is None:
            run = lambda: self.forward(*[one.copy() if isinstance(one, np.ndarray) else one for one in inputs])
            left = without_gradient(self.thing, [one.array for one in self.parameters], run)
            self.notes += [Text("note-not-compared", names=Names(left))] if left else []
            self.forward(*inputs)
        return again

    def _depends_on(self, array, inputs, before):
        """Whether forward depends on an array, which is restored afterwards."""
        found = []
        for value in (before, before + 0.01 * np.cos(1.0 + np.arange(before.size)).reshape(before.shape)):
            array[...] = value
            found.append(self.forward(*[one.copy() if isinstance(one, np.ndarray) else one for one in inputs]))
        array[...] = before
        return any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(*found))

    def _widen(self):
        """Puts arrays of 64-bit floats in the place of narrower ones that the first forward made; whether there were some."""
        wide = {}
        for slot in slots(self.thing):
            narrow = slot.get()
            if is_array(narrow) and narrow.dtype.itemsize < 8:
                wide.setdefault(id(narrow), (narrow, narrow.astype(np.float64)))
                with contextlib.suppress(AttributeError, TypeError):
                    slot.set(wide[id(narrow)][1])
        return bool(wide)

    def _flush(self, lengths, search):
        """Entries that forward appends to lists would be the first ones that backward finds: each forward starts without them."""
        put_back(self.thing, lengths)
        self._memo = {id(array): array for array in self._arrays(search)}
        self.state = deep(dict(attributes(self.thing)), dict(self._memo))
        self.notes.append(Text("note-state"))

    def _arrays(self, search):
        return [places[0].get() for places in search.values().values()]

    def _put_back(self, search, state):
        for one in self.held.updated:
            one.array[...] = state[id(one.array)]
            for place in one.places:
                if place.get() is not one.array:
                    place.set(one.array)

    def _look_for_missing_rates(self, inputs, douts, kept):
        """Updates whose step does not depend on the learning rate: the step itself is the gradient, and the report says so."""
        once, rate = self._steps(inputs, douts), self.rate
        self._set_rate(rate / 2, kept)
        twice = self._steps(inputs, douts)
        self._set_rate(rate, kept)
        for one, first, second in zip(self.held.updated, once, twice):
            if np.any(first) and np.allclose(second, 2 * first, rtol=1e-9, atol=0):
                one.gradient.rate = 1.0
                given = {"name": one.places[0].short, "backward": self.backward_name}
                formulas = {"code": Text("rate_missing-code", **given), "right": Text("rate_missing-right", **given)}
                self.subject.found.append(finding("fault", self.kind, [given["name"]], "rate_missing", given, formulas))

    def _look_for_other_steps(self, inputs, douts, pristine, memo):
        """Updates that remember earlier ones, as with momentum: each begins from the start. What is no multiple of the gradient then, as
        with Adam, does not show it."""
        once, twice = self._steps(inputs, douts), self._steps(inputs, douts)
        if self.state is not None or all(np.array_equal(a, b, equal_nan=True) for a, b in zip(once, twice)):
            return
        self._keep_state(pristine, memo)
        once = self._steps(inputs, douts)
        double = self._steps(inputs, lambda outputs: [2 * one for one in douts(outputs)])
        if any(not np.allclose(2 * a, b, rtol=1e-6, atol=1e-12) for a, b in zip(once, double)):
            raise ReadingError(Text("error-steps", name=f"{self.kind}.{self.backward_name}"), Text("missing-gradient"), Text("help-step"))

    def _steps(self, inputs, douts):
        self.backward(douts(self.forward(*inputs)))
        return [one.gradient.value for one in self.held.updated]

    def _set_rate(self, rate, kept):
        self.rate = rate
        for one in self.held.updated:
            one.gradient.rate = rate
        for holder, name in rates_of(self.thing) if kept else ():
            setattr(holder, name, rate)

    def _look_for_accumulation(self, inputs, douts):
        """Whether backward accumulates, by design."""
        slots = [one for one in self.parameters if not isinstance(one.gradient, Step)]
        if not slots:
            return
        once = self._after(inputs, douts)
        twice = self._after(inputs, douts)
        adds = [
            a is not None and b is not None and a.shape == b.shape and np.any(b != a)
            for a, b in ((once[one.name], twice[one.name]) for one in slots)
        ]
        designed = method(self.thing, ZERO)[0] or all(len(one.gradient.path) > 1 and isinstance(one.gradient.path[-1][1], str) for one in slots)
        if any(adds) and designed:
            self.accumulates = True
            self.notes.append(Text("note-adds"))

    def _after(self, inputs, douts):
        self.backward(douts(self.forward(*inputs)))
        return {name: None if value is None else value.copy() for name, value in self.gradients().items()}

    def _zero(self):
        for one in self.parameters:
            places = [slot for slot, _ in one.gradient.parts] if isinstance(one.gradient, Sum) else [one.gradient]
            for value in (place.get() for place in places if not isinstance(place, Step)):
                if is_array(value):
                    value[...] = 0

    def _settle(self, pristine, memo, first, again):
        """Whether forward depends on earlier calls, so that the state is restored before each."""
        if self.state is not None:
            return
        same = len(first) == len(again) and all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again))
        if not same:
            self._keep_state(pristine, memo)

    def _keep_state(self, pristine, memo):
        """Restores the state before each forward from now on."""
        if not hasattr(self.thing, "__dict__"):
            return
        if self.held.updated:
            kept = types.SimpleNamespace(**pristine)
            for holder, name in rates_of(kept):
                setattr(holder, name, self.rate)
            pristine = vars(kept)
        arrays = [one.array for one in self.parameters]
        if all(id(array) in memo for array in arrays):
            self.state = pristine
            # Views of a parameter stay views of it.
            held = [one for one in reachable(self.thing) if isinstance(one, np.ndarray) and id(one) in memo]
            views = [one for one in held if any(np.may_share_memory(one, array) for array in arrays)]
            self._memo = {id(memo[id(one)]): one for one in views}
        else:
            # The first forward created the parameters.
            self._memo = {id(array): array for array in arrays}
            self.state = deep(dict(attributes(self.thing)), dict(self._memo))
        self.notes.append(Text("note-state"))

    def _restore(self):
        space = vars(self.thing)
        space.clear()
        space.update(deep(self.state, dict(self._memo)))

    def _left_behind(self, names, needed):
        """The state that a call without a result has set on the object."""
        for name in names:
            for own, value in attributes(self.thing).items():
                if own.lower() == name and isinstance(value, np.ndarray):
                    return value
        if not needed:
            return None
        have = Names(f"{name}: {described(value)}" for name, value in attributes(self.thing).items())
        raise ReadingError(Text("error-returns-nothing", name=f"{self.kind}.{self.forward_name}"), Text("missing-output"), Text("help-output", names=have))


def _moved(value):
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value * 1.01 + 0.01 * np.cos(np.arange(value.size)).reshape(value.shape)
    return value + 0.01 if is_real(value) else value
