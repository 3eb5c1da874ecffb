"""The nodes of an engine that a callable object keeps: parameters, and state between calls."""

import numpy as np

from .copying import attributes

#: The largest depth of the search.
_DEPTH = 4


class HeldNodes:
    """The nodes of a layer or a model, found by calling it once: it may create its parameters then."""

    def __init__(self, thing, is_node):
        self._thing, self._is_node = thing, is_node
        #: By name, the nodes that are not the result of an operation.
        self.parameters, self._states = [], []

    def find(self, example):
        """Calls the object once."""
        before = {(id(holder), own): value for _, holder, own, value in self._walk(self._thing)}
        self._thing(*example)
        found = {}
        for words, holder, own, value in self._walk(self._thing):
            if self._is_node(value) and getattr(value, "creator", None) is not None:
                self._states.append((holder, own, before.get((id(holder), own))))
            elif self._is_node(value) and getattr(value, "data", None) is not None:
                found.setdefault(id(value), (words, value))
        self.parameters = list(found.values())
        self.reset()

    def reset(self):
        """Restores the state between calls."""
        for holder, own, value in self._states:
            setattr(holder, own, value)

    def _walk(self, thing, name="", depth=_DEPTH):
        for own, value in list(attributes(thing).items()):
            words = f"{name}.{own}".removeprefix(".")
            yield words, thing, own, value
            inner = depth > 1 and callable(value) and not isinstance(value, (type, np.ndarray)) and not self._is_node(value)
            if inner and attributes(value):
                yield from self._walk(value, words, depth - 1)
