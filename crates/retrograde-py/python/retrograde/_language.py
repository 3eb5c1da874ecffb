"""In which language reports speak: what was set, else ``RETROGRADE_LANG``, else the locale, else English."""

import os
import re
import unicodedata

from ._texts import TABLE

KNOWN = ("en", "ko")
_chosen = None


def language(code=None):
    """Sets the language of reports, ``en`` or ``ko``; without an argument only tells it."""
    global _chosen
    if code is not None:
        if code not in KNOWN:
            raise ValueError(f"{code}: reports are in {', '.join(KNOWN)}")
        _chosen = code
    return current()


def current():
    """The language of reports now."""
    if _chosen is not None:
        return _chosen
    for name in ("RETROGRADE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        code = os.environ.get(name, "")[:2].lower()
        if code in KNOWN:
            return code
    return "en"


class Text:
    """A sentence of the table, with values that may be texts, too. Its words are chosen when its language is known."""

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
    """``w, b and gamma``; ``nothing`` for none."""

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
    """Texts one after the other."""

    def __init__(self, parts, between="; "):
        self.parts, self.between = list(parts), between

    def said(self, code):
        between = ". " if code == "ko" and self.between == "; " else self.between
        return between.join(said(one, code) for one in self.parts)


def said(value, code):
    """A value as text of a language."""
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
    """How many columns of a terminal a text takes: a Korean letter takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text, width):
    """A text with spaces up to so many columns."""
    return text + " " * max(0, width - columns(text))


def wrapped(text, first, width=80):
    """The lines of a text, between words. The first begins with ``first``, and the others are indented as far."""
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
    """The form of each particle that the word before it asks for."""
    out, rest = "", text
    while found := _PARTICLE.search(rest):
        out += rest[: found.start()]
        closed, opened = found.group(1).split("/")
        end = _end(out)
        out += opened if end == "vowel" or (end == "liquid" and opened == "로") else closed
        rest = rest[found.end() :]
    return out + rest


def _end(text):
    """How the last word is read to its end: Korean by its syllable, digits and short names by their letters."""
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
