"""How a piece of code was read: three lines for the user, and the check that follows from it."""

import json

from ..report import Report


class Reading:
    """What ``rg.describe`` returns. ``lines`` say what the code was taken for, what is moved, and what is held."""

    def __init__(self, subject, convention, moved, held, check):
        self.name = subject.name
        self.convention = convention
        self._subject, self._check = subject, check
        self._moved, self._held = moved, held

    @property
    def lines(self):
        """The three lines."""
        held = [self._held] if self._held else []
        notes = self._subject.notes
        letters = self._subject.isolation.output.letters
        if letters:
            notes = [*notes, f"{letters} letters of output were withheld"]
        return [self.convention, self._moved, "; ".join([*held, *dict.fromkeys(notes)]) or "nothing else is held"]

    def run(self):
        """The report of the check."""
        forms = self._subject.isolation.without_random(self._check)
        data = json.loads(forms["json"])
        return Report(data, self.lines, {name: forms[name] for name in ("text", "html", "markdown")})

    def __repr__(self):
        return "\n".join(["how I read your code:", *(f"  {line}" for line in self.lines)])

    def _repr_html_(self):
        import html

        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines)
        return f"<p>How I read your code</p><ul>{items}</ul>"


def listed(names):
    """``w, b and gamma``; ``nothing`` for none."""
    names = list(names)
    if len(names) > 1:
        return ", ".join(names[:-1]) + " and " + names[-1]
    return names[0] if names else "nothing"
