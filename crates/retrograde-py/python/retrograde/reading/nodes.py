"""The nodes of an engine that an object which is called keeps: parameters, and what one call leaves for the next."""

import numpy as np

from .copying import attributes

#: How many objects deep they are looked for.
_DEPTH = 4


class HeldNodes:
    """Those of a layer or a model, found by calling it once: it may make its parameters then."""

    def __init__(self, thing, is_node):
        self._thing, self._is_node = thing, is_node
        #: By name, the nodes that no operation has made.
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
        """Puts back what calls leave for the next one."""
        for holder, own, value in self._states:
            setattr(holder, own, value)

    def _walk(self, thing, name="", depth=_DEPTH):
        for own, value in list(attributes(thing).items()):
            words = f"{name}.{own}".removeprefix(".")
            yield words, thing, own, value
            inner = depth > 1 and callable(value) and not isinstance(value, (type, np.ndarray)) and not self._is_node(value)
            if inner and attributes(value):
                yield from self._walk(value, words, depth - 1)
