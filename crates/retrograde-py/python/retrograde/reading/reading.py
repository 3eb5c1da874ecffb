"""How a piece of code was read: three lines for the user, and the check that follows from it."""

import json

from ..report import RIGHT, Report
from .epsilons import left_out
from .notices import finding, text


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
        if data["verdict"] == "wrong" and not any(one["cause"] for one in data["findings"] if one["severity"] == "fault"):
            forms, data = self._without_epsilons(forms, data)
        others = {
            "en": self._completed(data, forms),
            "ko": self._completed(json.loads(forms["ko"]["json"]), {**forms["ko"], "html": forms["html"]}),
        }
        return Report(*others["en"][:1], self.lines, others["en"][1], others)

    def _completed(self, data, forms):
        """With the lines of the user's code, and with the findings of this side."""
        found = self._subject.found
        for one in data["findings"]:
            line = self._subject.sources.line(one)
            if line is not None:
                one["line"] = line
        data["findings"] = [*found, *data["findings"]]
        if any(one["severity"] == "fault" for one in found):
            data["verdict"] = "wrong"
        kept = {name: forms[name] for name in ("text", "html", "markdown")}
        return data, {**kept, "notices": [text(one) for one in found]}

    def _without_epsilons(self, forms, data):
        """Where nothing explains what is wrong, a small epsilon in a loss may: without it the gradient is right."""
        things = [*self._subject.things]
        with left_out(things) as epsilons:
            if not epsilons:
                return forms, data
            try:
                again = self._subject.isolation.without_random(self._check)
            except Exception:
                return forms, data
        without = json.loads(again["json"])
        if without["verdict"] not in RIGHT:
            return forms, data
        shown = ", ".join(f"{one:g}" for one in epsilons)
        self._subject.found.append(
            finding(
                "remark",
                self.name,
                [],
                "epsilon",
                f"The loss is computed with {shown}, and the gradients are those of a loss without it: so small an epsilon has no "
                "consequence for training. The comparison leaves it out.",
            )
        )
        return again, without

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
