"""In which language reports speak: what was set, else ``RETROGRADE_LANG``, else the locale, else English."""

import os

_KNOWN = ("en", "ko")
_chosen = None


def language(code=None):
    """Sets the language of reports, ``en`` or ``ko``; without an argument only tells it."""
    global _chosen
    if code is not None:
        if code not in _KNOWN:
            raise ValueError(f"{code}: reports are in {', '.join(_KNOWN)}")
        _chosen = code
    return current()


def current():
    """The language of reports now."""
    if _chosen is not None:
        return _chosen
    for name in ("RETROGRADE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        code = os.environ.get(name, "")[:2].lower()
        if code in _KNOWN:
            return code
    return "en"
