"""Findings of this side: about the objects in the notebook, not about the mathematics."""

import sys

from .copying import attributes
from .subject import kind_of


def finding(severity, location, blocks, cause, sentence, help=None, formulas=None, consequence=None):
    """A finding in the form that the check's own have."""
    return {
        "severity": severity,
        "verdict": "wrong" if severity == "fault" else "right",
        "location": location,
        "blocks": blocks,
        "cause": {"cause": cause},
        "invariant": None,
        "sentence": sentence,
        "formulas": formulas,
        "evidence": [],
        "help": help,
        "consequence": consequence,
    }


def stale_classes(things):
    """Objects whose class has been defined anew since they were made: the cell was run again, and not the one below."""
    found, seen = [], set()
    for thing in [*things, *[part for one in things for part in _parts(one)]]:
        kind = type(thing)
        module = sys.modules.get(kind.__module__)
        now = getattr(module, kind.__name__, None)
        if kind in seen or "<locals>" in kind.__qualname__ or not isinstance(now, type) or now is kind:
            continue
        if kind.__module__ == "__main__" or now.__module__ == kind.__module__:
            seen.add(kind)
            found.append(
                finding(
                    "warning",
                    kind_of(thing),
                    [],
                    "stale_class",
                    f"The class {kind.__name__} has been defined anew since this object was made: the object still has the old methods, and "
                    "what you changed is not what was checked.",
                    help=f"make the object again: run the cell that calls {kind.__name__}(…)",
                )
            )
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
    places = ", ".join(f"{own} and {layer}" for own, layer in pairs)
    return finding(
        "fault",
        name,
        names,
        "parameters_rebound",
        f"The network's parameters and those of its layers are different arrays: {places}. An update of the one does not reach the other.",
        help="network.params[key] -= learning_rate * grad[key], which changes the array in place",
        formulas={
            "code": "network.params[key] = network.params[key] - learning_rate * grad[key]",
            "right": "network.params[key] -= learning_rate * grad[key]",
        },
        consequence="the layers keep the weights that they were made with: the loss and the accuracy do not change",
    )


def text(one):
    """A finding for the terminal."""
    mark = {"fault": "✗", "warning": "!", "remark": "·"}[one["severity"]]
    blocks = f", {', '.join(one['blocks'])}" if one["blocks"] else ""
    lines = [f"{mark} {one['location']}{blocks}: {one['cause']['cause'].replace('_', ' ')}", f"    {one['sentence']}"]
    if one["formulas"]:
        lines += [f"    the code   {one['formulas']['code']}", f"    right      {one['formulas']['right']}"]
    for label, value in (("help      ", one["help"]), ("training  ", one["consequence"])):
        if value:
            lines.append(f"    {label} {value}")
    return "\n".join(lines)
