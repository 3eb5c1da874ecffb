"""The progress of slow work: a line that replaces itself, in a terminal or below a notebook's cell."""

import contextlib
import sys
import time

from .reading.forms import limits

#: Work that is faster than this shows nothing.
_PATIENCE = 1.0
#: The shortest time between two updates.
_INTERVAL = 0.2
_WIDTH = 24


class Line:
    """A line that is replaced by the next, and removed at the end. Nothing is shown without a terminal or notebook."""

    def __init__(self, always=False):
        self._stream, self._began, self._last = sys.stderr, time.monotonic(), 0.0
        self._notebook = "ipykernel" in sys.modules
        self._always, self._handle, self._length = always, None, 0
        self.watched = always or self._notebook or (self._stream is not None and self._stream.isatty())

    def show(self, text):
        """Shows a text, unless it is too early, or the last one was shown just now."""
        now = time.monotonic()
        due = self._always or (now - self._began > _PATIENCE and now - self._last > _INTERVAL)
        if not (self.watched and due):
            return
        self._last = now
        if self._notebook:
            self._update(text)
        else:
            print(f"\r{text:<{self._length}}", end="", file=self._stream, flush=True)
            self._length = len(text)

    def close(self):
        """Removes the line."""
        if self._notebook and self._handle is not None:
            self._update("")
        elif self._length:
            print("\r" + " " * self._length + "\r", end="", file=self._stream, flush=True)

    def _update(self, text):
        # One output that is updated: a saved notebook keeps only the last state.
        bundle = {"text/plain": text}
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


@contextlib.contextmanager
def shown(budget, name=""):
    """Sets the limits of the checks inside, and shows a progress bar, with the name of the current layer, if they take long."""
    line = Line()

    def see(fraction, subject):
        done = int(_WIDTH * fraction)
        line.show(f"{'█' * done}{'░' * (_WIDTH - done)} {subject or name:.30}")

    token = limits.set((budget, see if line.watched else None))
    try:
        yield
    finally:
        limits.reset(token)
        line.close()
