"""Lists and counters that grow with each forward: state until it is flushed (C17)."""

from .slots import Slot, holds, members

_DEPTH = 4


def counts(thing):
    """By path, the lengths of the lists in an object and its parts, and its integers."""
    found, seen, level = {}, set(), [(thing, ())]
    for _ in range(_DEPTH):
        deeper = []
        for holder, path in level:
            if id(holder) in seen:
                continue
            seen.add(id(holder))
            for step, value in members(holder):
                if type(value) is int:
                    found[(*path, step)] = value
                if isinstance(value, list):
                    found[(*path, step)] = len(value)
                if holds(value):
                    deeper.append((value, (*path, step)))
        level = deeper
    return found


def put_back(thing, before):
    """Restores the lengths of lists and the values of integers."""
    for path, count in before.items():
        slot = Slot(thing, path)
        held = slot.get()
        if isinstance(held, list):
            del held[count:]
        else:
            slot.set(count)
