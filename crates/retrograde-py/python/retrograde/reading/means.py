"""A convention of layers: the gradients of the parameters are divided by the number of samples, that of the input is not (C10).

Right where the loss's own gradient is not divided, so that a layer alone cannot be blamed for it; a whole network that divides twice is
found to be wrong as a whole."""

import json

import numpy as np

from .._language import Names
from ..report import RIGHT
from .differences import agrees
from .forms import LayerForm, real
from .notices import finding


def check_layer(subject, form, x):
    """The check of a layer; by its sums over the samples where that is what all its parameters are means of."""
    forms = form.check(x)
    if len(form.parameters) < 2:
        return forms
    axis = next((axis for axis in _candidates(form, x, _blocks(forms)) if _holds_for_more(_summed(form, axis), x, axis)), None)
    if axis is None:
        return forms
    again = _summed(form, axis).check(x)
    names = [name for name, _ in form.parameters]
    if any(one["verdict"] not in RIGHT for name, one in _blocks(again).items() if name in names):
        return forms
    given = {"names": Names(names), "m": x.shape[axis]}
    if all(one["cause"]["cause"] != "mean_in_parameters" for one in subject.found):
        subject.found.append(finding("remark", form.kind, names, "mean_in_parameters", given))
    return again


def _blocks(forms):
    return {one["block"]: one for layer in json.loads(forms["json"])["layers"] for one in layer["blocks"]}


def _candidates(form, x, blocks):
    """The axes of the input by whose length all gradients of parameters are divided."""
    names = [name for name, _ in form.parameters]
    if any(name not in blocks or not blocks[name]["ratio"] for name in names):
        return []
    return [axis for axis, m in enumerate(x.shape) if m > 1 and all(abs(blocks[name]["ratio"] * m - 1) < 1e-6 for name in names)]


def _summed(form, axis):
    """The layer with the gradients of its parameters times the number of samples of the last forward."""
    last = {}

    def forward(x):
        last["m"] = x.shape[axis]
        return form.forward(x)

    def gradients():
        return {name: None if one is None else one * last["m"] for name, one in form.gradients().items()}

    return LayerForm(form.kind, form.parameters, forward, form.backward, gradients, form.input)


def _holds_for_more(form, x, axis):
    """Whether that length is the number of samples, and no constant or other size: with two more it is right, too."""
    more = np.concatenate([x, np.take(x, [0, 1], axis=axis) * 0.9], axis=axis)
    try:
        out = real(form.forward(more.copy()))
        weights = np.cos(1.0 + np.arange(out.size)).reshape(out.shape)
        form.backward(weights.copy())
        gradients = {name: real(one) for name, one in form.gradients().items()}
        for name, array in form.parameters:
            kept = array.copy()

            def loss(values, array=array):
                array[...] = values[0]
                return float(np.sum(form.forward(more.copy()) * weights))

            try:
                if not agrees(loss, 0, kept, gradients[name]):
                    return False
            finally:
                array[...] = kept
    except Exception:
        return False
    return True
