"""A convention of whole networks: the gradients are sums over the samples, and the update divides by their number.

It is recognized where all gradients are off by that number alone and a method that updates divides by one; the source is asked for
that, since nothing else tells it from a division that was forgotten."""

import inspect
import json
import re

import numpy as np

from ..report import RIGHT
from .differences import agrees
from .notices import finding
from .subject import kind_of

_DIVIDES = re.compile(r"/\s*(float\()?(((self\.)?(m|n|N|(mini_?)?batch_?size|n(um)?_?samples))\b|len\(|\w+\.shape\[)")


def dividing_update(thing, gradient):
    """The method, other than that of the gradients, in which a line that changes something divides by a number of samples."""
    for name, method in inspect.getmembers(type(thing), inspect.isfunction):
        try:
            lines = [] if name == gradient else inspect.getsource(method).splitlines()
        except (OSError, TypeError):
            continue
        if any(_DIVIDES.search(line) and re.search(r"-=|=.*\s-\s", line) for line in lines):
            return name
    return None


def check_whole(whole, gradient):
    """The check of a network as a function of its parameters; of means, if its gradients are sums that the update divides."""
    forms = whole.check()
    data = json.loads(forms["json"])
    if data["verdict"] != "wrong":
        return forms
    ratios = [one["ratio"] for layer in data["layers"] for one in layer["blocks"]]
    axes = [axis for axis, count in enumerate(np.shape(whole.example[0])) if count > 1 and all(one and abs(one / count - 1) < 1e-6 for one in ratios)]
    update = dividing_update(whole.thing, gradient) if axes else None
    axis = next((axis for axis in axes if update and _holds_for_more(whole, axis)), None)
    if axis is None:
        return forms
    count = whole.example[0].shape[axis]
    whole.divisor = float(count)
    again = whole.check()
    whole.divisor = 1.0
    if json.loads(again["json"])["verdict"] not in RIGHT:
        return forms
    if all(one["cause"]["cause"] != "sum_divided_in_update" for one in whole.subject.found):
        given = {"gradient": gradient, "update": update, "count": count}
        names = [name for name, _, _ in whole.parameters]
        whole.subject.found.append(finding("remark", kind_of(whole.thing), names, "sum_divided_in_update", given))
    return again


def _holds_for_more(whole, axis):
    """Whether it is the number of samples, and not a constant or another size: it changes with two more samples."""
    kept, count = list(whole.example), whole.example[0].shape[axis]
    try:
        for at, one in enumerate(kept[:2]):
            along = axis if at == 0 else np.shape(one).index(count)
            whole.example[at] = np.concatenate([one, np.take(one, [0, 1], axis=along)], axis=along)
        whole.divisor = count + 2.0
        return all(_agrees(whole, array, gradient) for (_, array, _), gradient in zip(whole.parameters, whole.gradients()))
    except Exception:
        # A network that rejects another number of samples, or labels without that axis, prove nothing.
        return False
    finally:
        whole.example[:], whole.divisor = kept, 1.0


def _agrees(whole, array, gradient):
    before = array.copy()

    def loss(values):
        array[...] = values[0]
        return whole.loss()

    try:
        return agrees(loss, 0, before, gradient)
    finally:
        array[...] = before
