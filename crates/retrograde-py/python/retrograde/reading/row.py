"""The layers inside an object as a sequence with a loss, checked one by one."""

import numpy as np

from .copying import attributes
from .forms import LossForm, check_network
from .layer_objects import _like, loss_form
from .objects import ObjectCalls, is_layer, method
from .subject import arity, kind_of
from .words import LOSS_LAYERS


class Row:
    """Layers by name, and a loss."""

    def __init__(self, layers, loss, loss_kind, labels):
        self.layers, self.loss, self.loss_kind, self.labels = layers, loss, loss_kind, labels
        self.decay = {}

    @classmethod
    def of(cls, subject, whole):
        """The sequence of layers of an object, or ``None``."""
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
        subject, layers, state = subject.inside(), [], None
        for name, thing in named:
            calls = ObjectCalls(thing, subject)
            # Each layer gets the random state that the previous ones left.
            calls.random = state
            out = calls.study([x.copy()], lambda outputs: [_like(one, np.cos(1.0 + np.arange(one.size)).reshape(one.shape)) for one in outputs])
            layers.append((name, LayerInRow(calls)))
            calls.add_to(subject.sources, name)
            subject.notes.extend(calls.notes)
            calls.forward(x.copy())
            state = subject.isolation.state()
            x = out[0]
        loss, form, labels = loss_form(last, subject, 1, x, t)
        loss.calls.random = state
        loss.calls.add_to(subject.sources, kind_of(last))
        return cls(layers, form, kind_of(last), labels) if isinstance(form, LossForm) else None

    def check_with(self, whole):
        """The check of the layers, if they compute the same as the object; otherwise of the object, and of the layers if it is wrong."""
        if self.agrees(whole):
            return self.check(whole)
        forms = whole.check()
        if not _is_wrong(forms):
            return forms
        within = self.check(whole)
        return within if _is_wrong(within) else forms

    def agrees(self, whole):
        """Whether the layers one after the other give the object's loss and gradients, here and with other parameters; but for
        weight decay, which is taken as the object has it."""
        arrays = [array for _, array, _ in whole.parameters]
        kept = [array.copy() for array in arrays]
        random = np.random.default_rng(7)
        seen = []
        try:
            for _ in range(2):
                loss, mine = self._run(whole)
                theirs = whole.gradients()
                if any(b is None or a.shape != b.shape for a, b in zip(theirs, mine)):
                    return False
                seen.append((whole.loss(), loss, theirs, mine, [array.copy() for array in arrays]))
                for array in arrays:
                    array += 0.1 * random.standard_normal(array.shape)
        except Exception:
            return False
        finally:
            for array, value in zip(arrays, kept):
                array[...] = value
        return self._decay(seen, whole)

    def _decay(self, seen, whole):
        """Whether the object differs from its layers only by weight decay, if at all."""
        in_loss = self._decay_of_loss(seen)
        in_gradients = []
        for at in range(len(whole.parameters)):
            values = [values[at] for *_, values in seen]
            theirs, mine = [one[2][at] for one in seen], [one[3][at] for one in seen]
            same = all(np.allclose(a, b, rtol=1e-10, atol=1e-300) for a, b in zip(theirs, mine))
            more = np.concatenate([(a - b).ravel() for a, b in zip(theirs, mine)])
            flat = np.concatenate([value.ravel() for value in values])
            factor = 0.0 if same else float(more @ flat / (flat @ flat))
            if not same and not np.allclose(more, factor * flat, rtol=1e-6, atol=1e-9 * np.abs(more).max()):
                return False
            in_gradients.append(factor)
        if in_loss is None:
            return False
        arrays = [array for _, array, _ in whole.parameters]
        for layer_name, layer in self.layers:
            for one in layer.calls.parameters:
                at = next((at for at, array in enumerate(arrays) if array is one.array), None)
                if at is not None and (in_loss(arrays[at]) or in_gradients[at]):
                    self.decay[f"{layer_name}.{one.name}"] = (in_loss(arrays[at]), in_gradients[at])
        return True

    @staticmethod
    def _decay_of_loss(seen):
        """Which multiple of ½‖w‖² the loss has beyond that of the layers, for weights or for all; ``None`` if it has something else."""
        more = [loss - own for loss, own, *_ in seen]
        if all(abs(one) <= 1e-12 * abs(loss) for one, (loss, *_) in zip(more, seen)):
            return lambda value: 0.0
        for least in (2, 1):
            squares = [0.5 * sum(np.sum(v**2) for v in values if v.ndim >= least) for *_, values in seen]
            if squares[0] > 0 and np.isclose(more[0] / squares[0], more[1] / squares[1], rtol=1e-6):
                return lambda value: more[0] / squares[0] if value.ndim >= least else 0.0
        return None

    def _run(self, whole):
        x = whole.arguments()[0]
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
        return loss, [found.get(id(array)) for _, array, _ in whole.parameters]

    def check(self, whole):
        """The check of the sequence, with the object's own names of the parameters."""
        names = {}
        for layer_name, layer in self.layers:
            for one in layer.calls.parameters:
                own = next((name for name, array, _ in whole.parameters if array is one.array), None)
                if own is not None:
                    names[f"{layer_name}.{one.name}"] = own
        return check_network(self.layers, self.loss, whole.example[0], self.labels, names, self.decay)


def _is_wrong(forms):
    import json

    return json.loads(forms["json"])["verdict"] == "wrong"


class LayerInRow:
    """A layer of the sequence in its form."""

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
    named, last = [], None
    for name, value in attributes(thing).items():
        items = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, (list, tuple)) else []
        if items and all(is_layer(one) for _, one in items) and len(items) > len(named):
            named = _by_name(items)
        elif not items and is_layer(value):
            required, _ = arity(method(value, ("forward", "__call__"))[1])
            last = value if required == 2 or LOSS_LAYERS.match(name) else last
    if last is None and named:
        _, forward = method(named[-1][1], ("forward",))
        if forward is not None and arity(forward)[0] == 2:
            last = named.pop()[1]
    return named, last


def _by_name(items):
    counts, named = {}, []
    for key, one in items:
        kind = kind_of(one).lower()
        counts[kind] = counts.get(kind, 0) + 1
        word = key if isinstance(key, str) else f"{kind}{counts[kind]}"
        named.append((word.replace(".", "_"), one))
    return named
