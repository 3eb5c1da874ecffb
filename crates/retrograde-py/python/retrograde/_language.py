"""The language of reports: the one set, else ``RETROGRADE_LANG``, else the locale, else English."""

import os
import re
import unicodedata

from ._texts import TABLE

KNOWN = ("en", "ko")
_chosen = None


def language(code=None):
    """Sets the language of reports, ``en`` or ``ko``; without an argument returns it."""
    global _chosen
    if code is not None:
        if code not in KNOWN:
            raise ValueError(f"{code}: reports are in {', '.join(KNOWN)}")
        _chosen = code
    return current()


def current():
    """The current language of reports."""
    if _chosen is not None:
        return _chosen
    for name in ("RETROGRADE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        code = os.environ.get(name, "")[:2].lower()
        if code in KNOWN:
            return code
    return "en"


class Text:
    """A sentence of the table with its arguments, which may be texts, too. It is rendered when its language is known."""

    def __init__(self, id, **values):
        self.id, self.values = id, values

    def said(self, code):
        """The sentence in a language."""
        values = {name: said(value, code) for name, value in self.values.items()}
        words = TABLE[self.id][KNOWN.index(code)].format(**values)
        return _with_particles(words) if code == "ko" else words

    def __str__(self):
        return self.said(current())

    def __repr__(self):
        return f"Text({self.id!r})"

    def __eq__(self, other):
        return isinstance(other, Text) and self.said("en") == other.said("en")

    def __hash__(self):
        return hash(self.said("en"))


class Names(Text):
    """``w, b and gamma``; ``nothing`` for an empty list."""

    def __init__(self, names):
        self.names = list(names)

    def said(self, code):
        names = [said(one, code) for one in self.names]
        if not names:
            return "없음" if code == "ko" else "nothing"
        if code == "ko" or len(names) == 1:
            return ", ".join(names)
        return ", ".join(names[:-1]) + " and " + names[-1]


class Parts(Text):
    """Joined texts."""

    def __init__(self, parts, between="; "):
        self.parts, self.between = list(parts), between

    def said(self, code):
        between = ". " if code == "ko" and self.between == "; " else self.between
        return between.join(said(one, code) for one in self.parts)


def said(value, code):
    """A value as text in a language."""
    return value.said(code) if isinstance(value, Text) else str(value)


def resolved(data, code):
    """Plain data, with its texts in a language."""
    if isinstance(data, Text):
        return data.said(code)
    if isinstance(data, dict):
        return {key: resolved(value, code) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [resolved(value, code) for value in data]
    return data


def columns(text):
    """The width of a text in terminal columns: a Korean character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text, width):
    """Pads a text with spaces to a width."""
    return text + " " * max(0, width - columns(text))


def wrapped(text, first, width=80):
    """Wraps a text at words. The first line begins with ``first``, and the others are indented by its width."""
    lines, indent = [first], " " * columns(first)
    for word in text.split():
        own = lines[-1] if lines[-1] in (first, indent) else f"{lines[-1]} "
        if own not in (first, indent) and columns(own + word) > width:
            lines.append(indent + word)
        else:
            lines[-1] = own + word
    return lines


_PARTICLE = re.compile(r"\((은/는|이/가|을/를|과/와|이라/라|으로/로)\)")


def _with_particles(text):
    """Selects the form of each particle by the preceding word."""
    out, rest = "", text
    while found := _PARTICLE.search(rest):
        out += rest[: found.start()]
        closed, opened = found.group(1).split("/")
        end = _end(out)
        out += opened if end == "vowel" or (end == "liquid" and opened == "로") else closed
        rest = rest[found.end() :]
    return out + rest


def _end(text):
    """The pronounced end of the last word: Korean by its syllable, digits and short names by their letters."""
    words = re.findall(r"[^\W_]+", text)
    if not words:
        return "vowel"
    last, short = words[-1][-1], len(words[-1]) <= 2
    if "가" <= last <= "힣":
        return {0: "vowel", 8: "liquid"}.get((ord(last) - ord("가")) % 28, "consonant")
    if last in "178lLrR":
        return "liquid"
    if last in "036mMnN" or (last in "tkpb" and not short):
        return "consonant"
    return "vowel"
