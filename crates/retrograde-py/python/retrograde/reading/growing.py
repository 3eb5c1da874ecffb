"""Lists that each forward makes longer, and numbers that it raises: what is kept until it is flushed (C17)."""

from .slots import Slot, holds, members

_DEPTH = 4


def counts(thing):
    """By path, the lengths of the lists in an object and its parts, and its whole numbers."""
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
    """Makes lists as long and numbers as large as they were."""
    for path, count in before.items():
        slot = Slot(thing, path)
        held = slot.get()
        if isinstance(held, list):
            del held[count:]
        else:
            slot.set(count)
