"""Which parameter each of many gradients belongs to: by their keys or names, then by their shapes."""

import numpy as np

from .slots import is_array, is_pair


class Leaf:
    """A gradient inside a function's result: ``grads['W1']``, the second of a tuple, the first of a list."""

    def __init__(self, way, names, value):
        self.way, self.names, self.value = way, names, value

    def get(self, given):
        """The same gradient in the result of another call."""
        for key in self.way:
            given = given[key]
        return given

    @property
    def name(self):
        return "".join(f"[{one}]" if isinstance(one, int) else f" {one}" for one in self.names).strip()


def leaves(given, names=(), way=(), words=()):
    """All gradients in a function's result. ``names`` are those of the items of a tuple, if its source shows them."""
    if isinstance(given, dict):
        for key, value in given.items():
            yield from leaves(value, (), (*way, key), (*words, key))
    elif isinstance(given, (list, tuple)):
        names = names if len(names) == len(given) else [None] * len(given)
        for at, value in enumerate(given):
            own = at if names[at] is None else names[at]
            yield from leaves(value, (), (*way, at), (*words, own))
    elif given is not None and np.asarray(given).dtype.kind in "fiu":
        yield Leaf(way, words, given)


def match(found, places):
    """By position, the place of the parameter of each leaf, or ``None``; and which were chosen by shape alone.

    ``places`` have ``path``, a tuple of ``(kind, key)``, and ``get``."""
    chosen, guessed = [None] * len(found), []
    free = [place for place in places if is_array(place.get())]

    def take(at, place):
        chosen[at] = place
        free[:] = [other for other in free if other.get() is not place.get()]

    for exact in (True, False):
        for at, leaf in enumerate(found):
            if chosen[at] is None:
                fits = [place for place in free if _named(leaf.names, place, exact) and place.get() is not leaf.value]
                shaped = [place for place in fits if np.shape(place.get()) == np.shape(leaf.value)]
                best = min(shaped or fits, key=lambda place: len(place.path), default=None)
                if best is not None:
                    take(at, best)
    # A list of gradients, and a list of arrays of the same shapes.
    for at, leaf in enumerate(found):
        if chosen[at] is None:
            fits = [place for place in free if np.shape(place.get()) == np.shape(leaf.value) and not _is_gradient(place)]
            number = leaf.names[-1] if leaf.names and isinstance(leaf.names[-1], int) else None
            listed = [place for place in fits if number is not None and place.path[-1][1] == number]
            if len(listed) == 1 or len(fits) == 1:
                take(at, (listed or fits)[0])
                guessed.append(leaf.name)
    return chosen, guessed


def _named(names, place, exact):
    keys = [key for _, key in place.path]
    count = len(names)
    if count > len(keys) or not any(isinstance(one, str) for one in names):
        return False
    pairs = list(zip(keys[-count:], names))
    if exact:
        return all(key == name for key, name in pairs)
    return all(key == name or is_pair(key, name) for key, name in pairs)


def _is_gradient(place):
    return any(isinstance(key, str) and (key.lower().startswith(("d", "grad", "nabla")) or "grad" in key.lower()) for _, key in place.path)
