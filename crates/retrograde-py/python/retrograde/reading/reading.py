"""The reading of a piece of code: three lines for the user, and the resulting check."""

import json

import numpy as np

from .._language import Names, Parts, Text, current, resolved
from ..report import RIGHT, Report
from .clipping import clips, undone
from .copying import reachable
from .epsilons import left_out
from .forms import limits
from .insertion import in_markdown, in_page, in_text, without
from .notices import finding
from .repair import search


_WEIGHTS = ("fault", "warning", "remark")


class Reading:
    """The result of ``rg.describe``. ``lines`` say what the code was read as, which arrays are perturbed, and which are constant."""

    def __init__(self, subject, convention, moved, held, check):
        self.name = subject.name
        self.convention = convention
        self._subject, self._check = subject, check
        self._moved, self._held = moved, held

    @property
    def lines(self):
        """The three lines, in the current language."""
        return self.lines_in(current())

    def lines_in(self, code):
        """The three lines in a language."""
        held = [self._held] if self._held else []
        notes = self._subject.notes
        letters = self._subject.isolation.output.letters
        if letters:
            notes = [*notes, Text("note-output", letters=letters)]
        rest = [*held, *dict.fromkeys(notes)] or [Text("held-nothing")]
        return [one.said(code) for one in (self.convention, self._moved, Parts(rest))]

    def run(self):
        """The report of the check."""
        arrays = [(one, one.copy()) for one in reachable(*self._subject.things) if isinstance(one, np.ndarray) and one.flags.writeable]
        forms = self._checked()
        data = json.loads(forms["json"])
        for further in (self._without_epsilons, self._with_line):
            if data["verdict"] == "wrong" and _unexplained(data):
                # Where the check moved parameters as an input, they are where it moved them last.
                for one, before in arrays:
                    one[...] = before
                forms, data = further(forms, data)
        found = {code: resolved(self._subject.found, code) for code in ("en", "ko")}
        fault = any(one["severity"] == "fault" for one in self._subject.found)
        verdict = "wrong" if fault and data["verdict"] != "wrong" else None
        page = in_page(forms["html"], found, verdict)
        languages = {}
        for code, own, data in (("en", forms, data), ("ko", forms["ko"], json.loads(forms["ko"]["json"]))):
            written = {
                "text": in_text(own["text"], found[code], code, verdict),
                "markdown": in_markdown(own["markdown"], found[code], code, verdict),
                "html": page,
            }
            languages[code] = self._completed(code, data, found[code], verdict), written
        return Report("en", languages)

    def _checked(self):
        """The formats of the check. Gradients that are clipped by design are right if they are right apart from the clipping."""
        run = lambda: self._subject.isolation.without_random(self._check)
        if not clips(self._subject.things):
            return run()
        with undone() as bounds:
            forms = run()
        if bounds and json.loads(forms["json"])["verdict"] not in RIGHT:
            return run()
        if bounds:
            self._subject.found.append(finding("remark", self.name, [], "clipped", {"bound": f"{max(bounds):g}"}))
        return forms

    def _completed(self, code, data, found, verdict):
        """Adds the lines of the user's code, the findings of the Python side, and the reading."""
        for one in data["findings"]:
            line = self._subject.sources.line(one)
            if line is not None:
                one["line"] = resolved(line, code)
        data["findings"] = sorted([*found, *data["findings"]], key=lambda one: _WEIGHTS.index(one["severity"]))
        return {**data, "verdict": verdict or data["verdict"], "reading": self.lines_in(code)}

    def _without_epsilons(self, forms, data):
        """Where nothing explains something that is wrong, a small epsilon in a loss may: without it the gradient is right, wrong in fewer
        places, or wrong for a cause that the epsilon hid."""
        things = [*self._subject.things]
        with left_out(things) as epsilons:
            if not epsilons:
                return forms, data
            try:
                again = self._subject.isolation.without_random(self._check)
            except Exception:
                return forms, data
        without = json.loads(again["json"])
        fewer = _wrong(without) < _wrong(data) or _unexplained(without) < _unexplained(data)
        if without["verdict"] not in RIGHT and not fewer:
            return forms, data
        shown = ", ".join(f"{one:g}" for one in epsilons)
        self._subject.found.append(finding("remark", self.name, [], "epsilon", {"shown": shown}))
        return again, without

    def _with_line(self, forms, data):
        """If no cause explains a fault, changing one line may: that finding replaces all faults, because it makes the gradient right."""
        faults = [one for one in data["findings"] if one["severity"] == "fault"]
        faults.sort(key=lambda one: bool(one["cause"]))
        with left_out(self._subject.things):
            repair = search(self._subject.things, self._check, limits.get()[0])
        if repair is None:
            return forms, data
        location = faults[0]["location"]
        names = [name for one in faults if one["location"] == location for name in one["blocks"]]
        formulas = {"code": repair.code, "right": repair.right or Text("wrong_line-nothing")}
        told = finding("fault", location, list(dict.fromkeys(names)), "wrong_line", {}, formulas)
        self._subject.found.append({**told, "line": repair.place()})
        forms = without(forms)
        return forms, json.loads(forms["json"])

    def __repr__(self):
        return "\n".join([str(Text("how")), *(f"  {line}" for line in self.lines)])

    def _repr_html_(self):
        import html

        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines)
        return f"<p>{Text('how-title')}</p><ul>{items}</ul>"


def _unexplained(data):
    """The number of faults without a cause."""
    return sum(not one["cause"] for one in data["findings"] if one["severity"] == "fault")


def _wrong(data):
    """The wrong gradients."""
    return {(layer["name"], one["block"]) for layer in data["layers"] for one in layer["blocks"] if one["verdict"] == "wrong"}


def compared_with(names, guessed):
    """The compared gradients, and those found by their shapes."""
    if guessed:
        return Text("of-by-shape", names=Names(names), guessed=Names(guessed))
    return Text("of", names=Names(names))
