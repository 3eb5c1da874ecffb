"""For tests: ``assert_right``, and a pytest plugin that prints the whole report below a failed ``assert report``."""

from .report import Report


def assert_right(thing, *example, allow=("kink", "rounding", "together"), **keywords):
    """Checks, and raises :class:`~retrograde.GradientError` unless the gradient is right."""
    __tracebackhide__ = True
    from . import check
    from .errors import GradientError

    report = check(thing, *example, **keywords)
    if report.verdict != "right" and report.verdict not in allow:
        raise GradientError(report)
    return report


def pytest_assertrepr_compare(op, left, right):
    """What pytest prints below a failed comparison with a report."""
    report = next((one for one in (left, right) if isinstance(one, Report)), None)
    return None if report is None else [f"{left!s:.40} {op} {right!s:.40}", *str(report).splitlines()]
