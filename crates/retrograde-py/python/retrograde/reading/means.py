"""A convention of layers: the gradients of the parameters are divided by the number of samples, that of the input is not (C10).

Right where the loss's own gradient is not divided, so that a layer alone cannot be blamed for it; a whole network that divides twice is
found to be wrong as a whole."""

import json

import numpy as np

from .._language import Names
from ..report import RIGHT
from .decays import within_layer
from .differences import agrees
from .forms import LayerForm, real
from .notices import finding


def check_layer(subject, form, x):
    """The check of a layer; by its sums over the samples where that is what its parameters are means of, but for those that are wrong
    besides."""
    forms = form.check(x)
    forms = within_layer(subject, form, x, forms) or forms
    if len(form.parameters) < 2:
        return forms
    names = [name for name, _ in form.parameters]
    blocks = _blocks(forms, names)
    found = ((axis, _holding_for_more(_summed(form, axis), x, axis, means)) for axis, means in _candidates(x, blocks))
    axis, means = next((one for one in found if one[1]), (None, None))
    if axis is None:
        return forms
    again = _summed(form, axis).check(x)
    left = _wrong(_blocks(again, names))
    if left and left >= _wrong(blocks):
        return forms
    given = {"names": Names(means), "m": x.shape[axis]}
    if all(one["cause"]["cause"] != "mean_in_parameters" for one in subject.found):
        subject.found.append(finding("remark", form.kind, means, "mean_in_parameters", given))
    return again


def _blocks(forms, names):
    return {one["block"]: one for layer in json.loads(forms["json"])["layers"] for one in layer["blocks"] if one["block"] in names}


def _wrong(blocks):
    return sum(one["verdict"] not in RIGHT for one in blocks.values())


def _candidates(x, blocks):
    """The axes of the input whose length divides the gradients of parameters, with the names of these."""
    found = [(axis, [name for name, one in blocks.items() if abs((one["ratio"] or 0) * m - 1) < 1e-6]) for axis, m in enumerate(x.shape) if m > 1]
    return [(axis, means) for axis, means in found if means]


def _summed(form, axis):
    """The layer with the gradients of its parameters multiplied by the number of samples of the last forward."""
    last = {}

    def forward(x):
        last["m"] = x.shape[axis]
        return form.forward(x)

    def gradients():
        return {name: None if one is None else one * last["m"] for name, one in form.gradients().items()}

    return LayerForm(form.kind, form.parameters, forward, form.backward, gradients, form.input)


def _holding_for_more(form, x, axis, means):
    """The gradients whose divisor is the number of samples, and not a constant or another size: right with two more samples, too."""
    more = np.concatenate([x, np.take(x, [0, 1], axis=axis) * 0.9], axis=axis)
    try:
        out = real(form.forward(more.copy()))
        weights = np.cos(1.0 + np.arange(out.size)).reshape(out.shape)
        form.backward(weights.copy())
        gradients = {name: real(one) for name, one in form.gradients().items()}
        return [name for name, array in form.parameters if name in means and _holds(form, more, weights, array, gradients[name])]
    except Exception:
        return []


def _holds(form, x, weights, array, gradient):
    kept = array.copy()

    def loss(values):
        array[...] = values[0]
        return float(np.sum(form.forward(x.copy()) * weights))

    try:
        return agrees(loss, 0, kept, gradient)
    finally:
        array[...] = kept
