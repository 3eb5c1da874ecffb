"""Reading code: one module for each family of conventions, tried in order."""

from .._language import Names, Text
from ..errors import ReadingError

# The other modules are imported on the first reading, so that importing the package is fast.


def families():
    """All families, in the order in which they are tried: the more specific ones first."""
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
    """Reads a thing and its example."""
    from .cells import refuse
    from .objects import is_layer

    things = list(thing) if isinstance(thing, (tuple, list)) and all(map(callable, thing)) and not any(map(is_layer, thing)) else [thing]
    example = list(example)
    if not callable(thing) and len(things) == 1:
        refuse(thing, example)
    while example and callable(example[0]) and not hasattr(example[0], "__array__"):
        things.append(example.pop(0))
    try:
        subject, reading = _read(things, example, said)
    except ReadingError:
        subject, reading = _read_owner(things, example, said)
        if reading is None:
            raise
    unused = said.unused()
    if unused:
        subject.notes.append(Text("note-unused", names=Names(f"{name}=" for name in unused)))
    return subject, reading


def _read_owner(things, example, said):
    """Methods of one object, which cannot be read by themselves: with the object, by the names that it has for a loss and gradients, or
    by these."""
    from .refusals import owner_of
    from .subject import Subject

    owner = owner_of(things)
    if owner is None:
        return None, None
    try:
        return _read([owner], example, said)
    except Exception:
        from .whole_methods import of_methods

        subject = Subject([owner], example, said)
        with subject.isolation:
            try:
                return subject, of_methods(subject, things)
            except Exception:
                return None, None


def _read(things, example, said):
    """The reading of the first family that accepts it."""
    from .loss_methods import as_functions
    from .refusals import unreadable
    from .subject import Subject

    subject = Subject(as_functions(things, example, said), example, said)
    with subject.isolation:
        for family in families():
            reading = family.read(subject)
            if reading is not None:
                return subject, reading
    raise unreadable(subject, example)
