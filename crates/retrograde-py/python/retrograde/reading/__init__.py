"""Reading code: one module for each family of conventions, asked in turn."""

from .._language import Names, Text
from ..errors import ReadingError

# All else is imported when something is read, so that importing the package takes no longer than it must.


def families():
    """All of them, in the order in which they are asked: the more a family asks for, the earlier it comes."""
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
    """As the first family reads it that can."""
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
