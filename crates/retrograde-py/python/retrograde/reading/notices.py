"""Findings of the Python side: about the objects in the notebook, not about the mathematics."""

import sys

from .._language import Parts, Text
from .._texts import TABLE
from .copying import attributes
from .subject import kind_of


def finding(severity, location, blocks, cause, given, formulas=None):
    """A finding in the format of the check; its text id is the cause, with the arguments ``given``."""
    words = {part: Text(f"{cause}-{part}", **given) if f"{cause}-{part}" in TABLE else None for part in ("sentence", "help", "training")}
    return {
        "severity": severity,
        "verdict": "wrong" if severity == "fault" else "right",
        "location": location,
        "blocks": blocks,
        "cause": {"cause": cause},
        "invariant": None,
        "title": Text(cause),
        "sentence": words["sentence"],
        "formulas": formulas,
        "evidence": [],
        "help": words["help"],
        "consequence": words["training"],
    }


def stale_classes(things):
    """Objects whose class has been redefined since they were created: its cell was run again, the one below was not."""
    found, seen = [], set()
    for thing in [*things, *[part for one in things for part in _parts(one)]]:
        kind = type(thing)
        module = sys.modules.get(kind.__module__)
        now = getattr(module, kind.__name__, None)
        if kind in seen or "<locals>" in kind.__qualname__ or not isinstance(now, type) or now is kind:
            continue
        if kind.__module__ == "__main__" or now.__module__ == kind.__module__:
            seen.add(kind)
            found.append(finding("warning", kind_of(thing), [], "stale_class", {"name": kind.__name__}))
    return found


def _parts(thing):
    for value in attributes(thing).values():
        items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else [value]
        for one in list(items)[:100]:
            if attributes(one) and not isinstance(one, type):
                yield one


def rebound(name, pairs):
    """Parameters that the layers no longer share with the dictionary that an update changes."""
    names = [own for own, _ in pairs]
    places = Parts([Text("and", one=own, other=layer) for own, layer in pairs], ", ")
    return finding(
        "fault",
        name,
        names,
        "parameters_rebound",
        {"places": places},
        formulas={
            "code": "network.params[key] = network.params[key] - learning_rate * grad[key]",
            "right": "network.params[key] -= learning_rate * grad[key]",
        },
    )
