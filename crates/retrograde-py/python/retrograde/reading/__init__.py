"""Reading code: one module for each family of conventions, asked in turn."""

from .._language import Text
from ..errors import ReadingError
from .cells import refuse
from .subject import Subject, described


def families():
    """All of them, in the order in which they are asked: the more a family asks for, the earlier it comes."""
    # Imported when something is read, so that importing the package takes no longer than it must.
    from . import (
        contexts,
        engine_functions,
        functions,
        layer_objects,
        left_on_arrays,
        torch_code,
        transformations,
        values,
        whole_functions,
        whole_objects,
    )

    return (
        torch_code,
        transformations,
        contexts,
        engine_functions,
        whole_functions,
        whole_objects,
        left_on_arrays,
        layer_objects,
        values,
        functions,
    )


def read(thing, example, said):
    """How a thing and its example are read."""
    things = list(thing) if isinstance(thing, (tuple, list)) and all(map(callable, thing)) else [thing]
    example = list(example)
    if not callable(thing) and len(things) == 1:
        refuse(thing, example)
    while example and callable(example[0]) and not hasattr(example[0], "__array__"):
        things.append(example.pop(0))
    from .loss_methods import as_functions

    subject = Subject(as_functions(things, example, said), example, said)
    with subject.isolation:
        for family in families():
            reading = family.read(subject)
            if reading is not None:
                return subject, reading
    seen = f"{subject.name}({', '.join(described(one) for one in example)})"
    raise ReadingError(
        Text("error-unreadable", call=seen),
        Text("missing-code"),
        "rg.check(layer, x), rg.check(network, x, t), rg.check(forward, backward, x, w, b), rg.check(f, grad_f, theta)",
    )
