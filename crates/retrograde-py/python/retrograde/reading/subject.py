"""The arguments of ``rg.check``: the things to check, an example, and the keywords."""

import copy
import inspect

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .copying import Copies
from .isolation import Isolation


class Subject:
    """Copies of all arguments, and their originals."""

    def __init__(self, things, example, said):
        self.originals, self.said = things, said
        labels = said.get("labels")
        #: The labels in the example, if the user states them.
        self.labels_at = None if labels is None else len(example)
        example = example if labels is None else [*example, labels]
        from .notices import stale_classes
        from .sources import Sources

        copies = Copies()
        try:
            self.things = [copies.of(thing) for thing in things]
            self.example = [copies.of(one) for one in example]
        except Exception as error:
            seen = Text("error-copy", name=kind_of(things[0]), error=f"{type(error).__name__}: {error}")
            raise ReadingError(seen, Text("missing-copy"), Text("help-copy")) from error
        self.isolation = Isolation([*self.things, *self.example, *things])
        self.notes, self.found, self.sources = [], stale_classes(things), Sources()
        if copies.shared:
            self.notes.append(Text("note-shared", names=Names(dict.fromkeys(type(one).__name__ for one in copies.shared))))

    @property
    def thing(self):
        return self.things[0]

    def data(self):
        """The arrays of numbers in the example, and those that an object keeps beside its parameters, such as a batch and its labels."""
        kept = vars(self.thing).values() if hasattr(self.thing, "__dict__") else ()
        found = [np.asarray(one) for one in (*self.example, *kept) if isinstance(one, (np.ndarray, list, tuple)) and _is_even(one)]
        return [one.copy() for one in found if one.ndim and one.size and one.dtype.kind in "biuf"]

    def inside(self):
        """The same for a part of the thing: the names in ``params=`` are those of the whole."""
        part = copy.copy(self)
        part.said = type(self.said)({**self.said, "params": None})
        return part

    @property
    def name(self):
        """Its name in the report."""
        return self.said.get("name") or kind_of(self.originals[0])


def _is_even(values):
    """Whether nested lists are an array."""
    try:
        return np.asarray(values).dtype.kind in "biuf"
    except ValueError:
        return False


def kind_of(thing):
    """The name of a function, or of an object's class."""
    if getattr(thing, "_is_autograd_primitive", False):
        # HIPS autograd gives every primitive the same name.
        thing = thing.fun
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    return (name or type(thing).__name__).rpartition(".")[2]


def is_number(value):
    """A Python number, or a NumPy number without axes."""
    return np.ndim(value) == 0 and isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def is_real(value):
    """Whether it can be perturbed: real numbers, not labels."""
    return isinstance(value, float) or (isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f")


def arity(function):
    """The number of required positional arguments of a function, and the names of all its arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1, ["x"]
    by_position = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    required = sum(one.default is one.empty for one in by_position)
    return required, [one.name for one in by_position]


def takes_any(function):
    """Whether it takes any number of positional arguments, like the wrapper of a decorator."""
    try:
        return any(one.kind is one.VAR_POSITIONAL for one in inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False


def described(value):
    """An argument in a few words: ``float64 [3, 4]``."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {list(value.shape)}"
    return type(value).__name__
