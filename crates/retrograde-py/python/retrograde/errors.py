"""The exceptions of this package. A user's own exceptions are raised unchanged."""

from ._language import Text
from ._retrograde import EngineError, InternalError, ShapeError

__all__ = ["EngineError", "Error", "GradientError", "InternalError", "ReadingError", "ShapeError"]

#: An error of the library: the problem, its place, and help. A ``ValueError``.
Error = EngineError


class ReadingError(TypeError):
    """Code that cannot be read: what was found, what is missing, and the keyword that resolves it."""

    def __init__(self, seen, missing="", keyword=""):
        lines = [str(seen)]
        if missing:
            lines.append(f"  {Text('missing')}: {missing}")
        if keyword:
            lines.append(f"  {Text('help')}: {keyword}")
        super().__init__("\n".join(lines))
        self.seen, self.missing, self.keyword = seen, missing, keyword

    def __reduce__(self):
        return type(self), (self.seen, self.missing, self.keyword)


class GradientError(AssertionError):
    """A gradient that is not right, raised by :meth:`Report.assert_right`. It has the report."""

    def __init__(self, report):
        super().__init__("\n" + str(report))
        self.report = report

    def __reduce__(self):
        return type(self), (self.report,)
