"""A convention of layers: weight decay is in the layer's gradient, by a factor that the layer keeps; the penalty is in the loss of the whole.

Right where the loss has it, so that a layer alone cannot be blamed for it. It is recognized by the factor: one of the object's own numbers
whose name says what it is, or twice that."""

import json
import re

from .._language import Names
from ..report import RIGHT
from .copying import attributes
from .forms import LayerForm
from .notices import finding
from .subject import kind_of

_DECAY = re.compile(r"l2|decay|regulari[sz]|^reg|lambda|^lam|^wd", re.I)


def within_layer(subject, form, x, forms):
    """The check of a layer without its own weight decay, if nothing else is wrong; otherwise ``None``."""
    data = json.loads(forms["json"])
    faults = [one for one in data["findings"] if one["severity"] == "fault"]
    if data["verdict"] != "wrong" or not faults or any((one["cause"] or {}).get("cause") != "weight_decay" for one in faults):
        return None
    found = {name: abs(one["cause"]["lambda"]) for one in faults for name in one["blocks"]}
    kept = [float(value) for name, value in attributes(subject.thing).items() if _DECAY.search(name) and isinstance(value, (int, float))]
    arrays = dict(form.parameters)
    known = [one for value in kept for one in (value, 2 * value)]
    if any(name not in arrays or not any(abs(one / own - 1) < 1e-6 for one in known) for name, own in found.items()):
        return None

    def gradients():
        given = form.gradients()
        return {name: one if one is None or name not in found else one - found[name] * arrays[name] for name, one in given.items()}

    again = LayerForm(form.kind, form.parameters, form.forward, form.backward, gradients, form.input).check(x)
    if json.loads(again["json"])["verdict"] not in RIGHT:
        return None
    if all(one["cause"]["cause"] != "decay_in_layer" for one in subject.found):
        given = {"names": Names(found), "factor": f"{next(iter(found.values())):g}"}
        subject.found.append(finding("remark", kind_of(subject.thing), list(found), "decay_in_layer", given))
    return again
