"""What is shown of a check that takes long."""

import contextlib
import sys
import time

from .reading.forms import limits

#: A check that is done before that shows nothing.
_PATIENCE = 1.0
_WIDTH = 24


@contextlib.contextmanager
def shown(budget):
    """Sets the limits of the checks inside, and shows a bar once they take long."""
    stream, began, drawn = sys.stderr, time.monotonic(), False

    def see(fraction, subject):
        nonlocal drawn
        if time.monotonic() - began > _PATIENCE:
            done = int(_WIDTH * fraction)
            print(f"\r{'█' * done}{'░' * (_WIDTH - done)} {subject:<20.20}", end="", file=stream, flush=True)
            drawn = True

    token = limits.set((budget, see if _is_watched(stream) else None))
    try:
        yield
    finally:
        limits.reset(token)
        if drawn:
            print("\r" + " " * (_WIDTH + 22) + "\r", end="", file=stream, flush=True)


def _is_watched(stream):
    return stream is not None and (stream.isatty() or "ipykernel" in sys.modules)
