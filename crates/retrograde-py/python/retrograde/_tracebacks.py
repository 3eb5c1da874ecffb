"""Tracebacks without this package: users see only their own code."""

import os
import types

from .errors import ReadingError

_HERE = os.path.dirname(__file__)


def without_ours(error):
    """The exception, without the frames of this package if it was raised by the user's code or reports an error in it. An internal error of
    this package keeps all frames, for debugging."""
    frames = []
    place = error.__traceback__
    while place is not None:
        frames.append(place)
        place = place.tb_next
    if not isinstance(error, ReadingError) and _is_ours(frames[-1]):
        return error
    kept = None
    for one in reversed(frames):
        if not _is_ours(one):
            kept = types.TracebackType(kept, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return error.with_traceback(kept)


def _is_ours(place):
    return place.tb_frame.f_code.co_filename.startswith(_HERE)
