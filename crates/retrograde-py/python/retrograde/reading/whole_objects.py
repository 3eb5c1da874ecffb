"""Whole networks in one object: a loss, and a gradient for each parameter; with layers inside, as in the book (C4), or without."""

import numpy as np

from ..errors import ReadingError
from .forms import LossForm, check_function, check_network, real
from .layer_objects import _like, loss_form
from .objects import ObjectCalls, is_layer, method
from .reading import Reading, listed
from .slots import is_array, is_pair, slots
from .subject import arity, described, kind_of

LOSS = ("loss", "compute_loss", "calc_loss", "loss_function", "loss_fn", "cost", "compute_cost", "cost_function", "calculate_loss")
GRADIENT = ("gradient", "gradients", "compute_gradients", "compute_gradient", "grad", "calc_gradient", "get_gradients")


def read(subject):
    """Reads an object with a loss and a gradient, or answers ``None``."""
    thing = subject.thing
    if len(subject.things) != 1 or isinstance(thing, type):
        return None
    loss_name, loss = method(thing, LOSS)
    gradient_name, gradient = method(thing, GRADIENT)
    if loss is None or gradient is None or len(subject.example) < 2:
        return None
    whole = Whole(subject, loss_name, gradient_name)
    row = Row.of(subject, whole)
    return whole.reading(row)


class Whole:
    """The object as a function of its parameters."""

    def __init__(self, subject, loss_name, gradient_name):
        self.subject, self.thing = subject, subject.thing
        self.loss_name, self.gradient_name = loss_name, gradient_name
        self.example = [_lifted(one) if at == 0 else one for at, one in enumerate(subject.example)]
        self.loss()
        given = self.call_gradient()
        if not isinstance(given, dict):
            raise ReadingError(
                f"{subject.name}.{gradient_name} gives {type(given).__name__}", "a gradient for each parameter by name", "params={'W1': 'W1', …}"
            )
        self.parameters = self._find(given)

    def _arguments(self):
        return [one.copy() if isinstance(one, np.ndarray) else one for one in self.example]

    def loss(self):
        """The loss, as a number."""
        self.subject.isolation.reset()
        return float(np.asarray(getattr(self.thing, self.loss_name)(*self._arguments())).reshape(()))

    def call_gradient(self):
        """What the user's own gradient gives."""
        self.subject.isolation.reset()
        return getattr(self.thing, self.gradient_name)(*self._arguments())

    def _find(self, given):
        """The parameters that the gradients belong to."""
        said = self.subject.said.get("params") or {}
        found, everything = [], slots(self.thing)
        for key, value in given.items():
            if value is None or np.asarray(value).dtype.kind not in "fiu":
                continue
            own = next((name for name, gradient in said.items() if gradient == key), key)
            fits = [slot for slot in everything if slot.path[-1][1] == own and is_array(slot.get())]
            fits = fits or [slot for slot in everything if is_pair(slot.path[-1][1], key) and is_array(slot.get())]
            if fits:
                # Where the gradient itself is kept under that name, its dictionary is not the parameters'.
                array = next((slot.get() for slot in fits if slot.get() is not value), fits[0].get())
                found.append((str(fits[0].path[-1][1]), key, array))
        if not found:
            raise ReadingError(
                f"{self.subject.name}.{self.gradient_name} gives gradients for {listed(map(str, given))}",
                "the parameters that they belong to",
                "params={'W1': 'dW1', …}",
            )
        return found

    def gradients(self):
        """The gradients in the order of the parameters."""
        given = self.call_gradient()
        return [real(given[key]) for _, key, _ in self.parameters]

    def check(self):
        """The check as a function of all parameters."""

        def put(values):
            for (_, _, array), value in zip(self.parameters, values):
                array[...] = value

        def loss(values):
            put(values)
            return self.loss()

        def gradients(values):
            put(values)
            return self.gradients()

        return check_function([(name, array) for name, _, array in self.parameters], loss, gradients)

    def reading(self, row):
        """How it is read, with its row of layers if it has one."""
        call = f"{self.subject.name}: a network; {self.loss_name}(x, t) and {self.gradient_name}(x, t)"
        names = listed(name for name, _, _ in self.parameters)
        moved = f"compared: the gradients of {names}"
        held = f"held: x, {described(self.example[0])}, and t, {described(np.asarray(self.example[1]))}"
        if row is None:
            return Reading(self.subject, call, moved, held, self.check)
        convention = f"{call}; layers {' → '.join([name for name, _ in row.layers])} → {row.loss_kind}"
        return Reading(self.subject, convention, moved, held, lambda: self.with_layers(row))

    def with_layers(self, row):
        """The check of the layers, if they are what the object computes; else of the object, and of the layers where it is wrong."""
        if row.agrees(self):
            return row.check(self)
        forms = self.check()
        if '"verdict":"wrong"' not in forms["json"]:
            return forms
        within = row.check(self)
        return within if within["json"].rpartition('"verdict":"wrong"')[1] else forms


class Row:
    """The layers inside an object, and its loss."""

    def __init__(self, layers, loss, loss_kind, labels):
        self.layers, self.loss, self.loss_kind, self.labels = layers, loss, loss_kind, labels

    @classmethod
    def of(cls, subject, whole):
        """The row of layers, or ``None``."""
        named, last = layers_of(subject.thing)
        if not named or last is None:
            return None
        try:
            return cls._study(subject, whole, named, last)
        except Exception:
            return None

    @classmethod
    def _study(cls, subject, whole, named, last):
        x, t = whole.example[:2]
        layers = []
        for name, thing in named:
            calls = ObjectCalls(thing, subject)
            out = calls.study([x.copy()], lambda outputs: [_like(one, np.cos(1.0 + np.arange(one.size)).reshape(one.shape)) for one in outputs])
            layers.append((name, LayerRow(calls)))
            x = out[0]
        calls, form, labels = loss_form(last, subject, 1, x, t)
        return cls(layers, form, kind_of(last), labels) if isinstance(form, LossForm) else None

    def agrees(self, whole):
        """Whether the layers one after the other give the object's loss and gradients, here and with other parameters."""
        arrays = [array for _, _, array in whole.parameters]
        kept = [array.copy() for array in arrays]
        random = np.random.default_rng(7)
        try:
            for attempt in range(2):
                loss, mine = self._run(whole)
                theirs = whole.gradients()
                if not np.isclose(whole.loss(), loss, rtol=1e-12, atol=0):
                    return False
                pairs = zip(theirs, mine)
                if not all(b is not None and a.shape == b.shape and np.allclose(a, b, rtol=1e-10, atol=1e-300) for a, b in pairs):
                    return False
                for array in arrays:
                    array += 0.1 * random.standard_normal(array.shape)
        except Exception:
            return False
        finally:
            for array, value in zip(arrays, kept):
                array[...] = value
        return True

    def _run(self, whole):
        x, t = whole._arguments()[:2]
        for _, layer in self.layers:
            x = layer.forward(x)
        loss = self.loss.forward(x, self.labels)
        dout = self.loss.backward(1.0)
        for _, layer in reversed(self.layers):
            dout = layer.backward(dout)
        found = {}
        for _, layer in self.layers:
            gradients = layer.gradients()
            for one in layer.calls.parameters:
                found[id(one.array)] = gradients[one.name]
        return loss, [found.get(id(array)) for _, _, array in whole.parameters]

    def check(self, whole):
        """The check of the row, with the object's own names of the parameters."""
        names = {}
        for layer_name, layer in self.layers:
            for one in layer.calls.parameters:
                own = next((name for name, _, array in whole.parameters if array is one.array), None)
                if own is not None:
                    names[f"{layer_name}.{one.name}"] = own
        return check_network(self.layers, self.loss, whole.example[0], self.labels, names)


class LayerRow:
    """A layer of the row in its form."""

    def __init__(self, calls):
        self.calls, self.kind = calls, calls.kind
        self.parameters = [(one.name, one.array) for one in calls.parameters]

    def forward(self, x):
        return self.calls.forward(x)[0]

    def backward(self, dout):
        return self.calls.backward([dout])[0]

    def gradients(self):
        return self.calls.gradients()


def layers_of(thing):
    """The layers of an object by name, and the loss layer."""
    from .copying import attributes

    named, last = [], None
    for name, value in attributes(thing).items():
        items = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, (list, tuple)) else []
        if items and all(is_layer(one) for _, one in items) and len(items) > len(named):
            counts, named = {}, []
            for key, one in items:
                word = key if isinstance(key, str) else f"{kind_of(one).lower()}{counts.setdefault(kind_of(one), 0) + 1}"
                counts[kind_of(one)] = counts.get(kind_of(one), 0) + 1
                named.append((word.replace(".", "_"), one))
        elif is_layer(value) and not isinstance(value, (dict, list, tuple)):
            required, _ = arity(method(value, ("forward", "__call__"))[1] or value)
            last = value if required == 2 else last
    if last is None and named:
        _, forward = method(named[-1][1], ("forward",))
        if forward is not None and arity(forward)[0] == 2:
            last = named.pop()[1]
    return named, last


def _lifted(value):
    return real(value) if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else value
