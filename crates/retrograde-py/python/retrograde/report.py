"""The result of a check."""

import html as _html
import json as _json
from collections.abc import Mapping

from ._language import Text
from .errors import GradientError

#: The verdicts of a gradient that may be used.
RIGHT = ("right", "together", "kink", "rounding")


class View(Mapping):
    """A part of a report: plain data whose keys are also attributes."""

    def __init__(self, data):
        self._data = data

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return _view(self._data[name])
        except KeyError:
            raise AttributeError(f"it has {', '.join(self._data)}, not `{name}`") from None

    def __getitem__(self, key):
        return _view(self._data[key])

    def __iter__(self):
        return iter(self._data)

    def __len__(self):
        return len(self._data)

    def __dir__(self):
        return [*super().__dir__(), *self._data]

    def __repr__(self):
        return f"{type(self).__name__}({self._data!r})"

    def __getstate__(self):
        return self._data

    def __setstate__(self, data):
        self._data = data


class Cause(View):
    """The cause of a fault: a hypothesis that reproduces the numbers. ``name``, and ``data`` if it has any."""

    def __eq__(self, other):
        return self.name == other if isinstance(other, str) else super().__eq__(other)

    def __hash__(self):
        return hash(self.name)

    def __str__(self):
        return self.name


class Comparison(View):
    """The comparison of a block of gradients with the differences."""

    @property
    def analytic(self):
        """The claimed gradient of the worst element."""
        return self._data["worst"]["claimed"] if self._data["worst"] else None

    @property
    def numeric(self):
        """The numerical gradient of the worst element."""
        return self._data["worst"]["numeric"] if self._data["worst"] else None

    @property
    def error(self):
        """The largest relative error."""
        return self._data["largest"]


class Finding(View):
    """One finding: ``location``, ``cause``, ``sentence``, ``evidence``, ``help``, ``line``, …"""

    @property
    def cause(self):
        """The cause, or ``None``."""
        return _cause(self._data.get("cause"))


def _view(value):
    if isinstance(value, dict):
        return View(value)
    if isinstance(value, list):
        return [_view(one) for one in value]
    return value


def _cause(data):
    if data is None:
        return None
    return Cause({"name": data["cause"], "data": {key: value for key, value in data.items() if key != "cause"}})


class Report:
    """The report of a check. True if the gradient may be used."""

    def __init__(self, code, languages):
        self._code, self._languages = code, languages
        self._data, self._forms = languages[code]

    def in_language(self, code):
        """The same report in another language: ``en``, ``ko``."""
        if code not in self._languages:
            raise ValueError(f"{code}: a report is in {', '.join(self._languages)}")
        return Report(code, self._languages)

    def _say(self, id, **values):
        return Text(id, **values).said(self._code)

    @property
    def ok(self):
        """Whether the gradient may be used: right, right to rounding, or an admissible slope at a kink."""
        return self.verdict in RIGHT

    @property
    def verdict(self):
        """``right``, ``together``, ``wrong``, ``kink``, ``rounding``, ``not_deterministic``,
        ``not_differentiable`` or ``inconclusive``."""
        return self._data["verdict"]

    @property
    def subject(self):
        """The subject of the check."""
        return self._data["subject"]

    @property
    def findings(self):
        """The findings, the most severe first."""
        return [Finding(one) for one in self._data["findings"]]

    @property
    def causes(self):
        """The causes of the findings, the most severe first."""
        return [one.cause for one in self.findings if one.cause is not None]

    @property
    def cause(self):
        """The first cause of a fault, or ``None``."""
        faults = [one for one in self.findings if one.severity != "remark"]
        return next((one.cause for one in faults if one.cause is not None), None)

    @property
    def layers(self):
        """The layers from left to right, the loss last."""
        return [View(one) for one in self._data["layers"]]

    @property
    def first_wrong(self):
        """The first wrong layer from the left, or ``None``."""
        return next((one for one in self.layers if one.verdict == "wrong"), None)

    @property
    def blocks(self):
        """By name, the comparison of each gradient."""
        blocks = {one["block"]: Comparison(one) for one in self._data["blocks"]}
        if not blocks:
            several = len(self._data["layers"]) > 1
            for layer in self._data["layers"]:
                for one in layer["blocks"]:
                    name = f"{layer['name']}.{one['block']}" if several else one["block"]
                    blocks[name] = Comparison(one)
        return blocks

    @property
    def reading(self):
        """How the code was read, in three lines."""
        return list(self._data["reading"])

    @property
    def method(self):
        """The method of the check."""
        return list(self._data["method"])

    def to_dict(self):
        """The report as plain data."""
        return {**_json.loads(self.to_json())}

    def to_json(self):
        """The report as JSON."""
        return _json.dumps(self._data, ensure_ascii=False)

    def save(self, path):
        """Writes the report into a file: ``.html``, ``.md``, ``.json`` or ``.txt``."""
        import pathlib

        path = pathlib.Path(path)
        forms = {".html": self._page, ".md": self._repr_markdown_, ".json": self.to_json, ".txt": self.__str__}
        if path.suffix not in forms:
            raise ValueError(str(Text("error-saved", name=path.name, forms=", ".join(forms))))
        path.write_text(forms[path.suffix](), encoding="utf-8")

    def assert_right(self):
        """Raises :class:`GradientError`, with the report as its message, unless the gradient may be used."""
        __tracebackhide__ = True
        if not self.ok:
            raise GradientError(self)

    def __bool__(self):
        return self.ok

    def __str__(self):
        return "\n".join([*self._reading_lines(), "", self._forms["text"].rstrip(), *self._lines_of_code()])

    def __repr__(self):
        return str(self)

    def _reading_lines(self):
        return [self._say("how"), *(f"  {line}" for line in self.reading)]

    def _lines_of_code(self):
        lines = []
        for one in self._data["findings"]:
            line = one.get("line")
            if line:
                mark = {"fault": "✗", "warning": "!"}.get(one["severity"], "·")
                lines += [f"  {mark} {line['place']}", f"      {line['code']}"]
                lines += [f"      {line['right']}   {self._say('so')}"] if line["right"] else []
        return ["", self._say("lines"), *lines] if lines else []

    def _page(self):
        # The page has both languages, and a button to switch.
        both = ""
        for code, (data, _) in self._languages.items():
            reading = "".join(f"<li>{_html.escape(line)}</li>" for line in data["reading"])
            both += f'<div lang="{code}"><h2>{Text("how-title").said(code)}</h2><ul>{reading}</ul></div>'
        return self._forms["html"].replace("</body>", f"<section>{both}</section></body>", 1)

    def _repr_html_(self):
        from .fragment import fragment

        return fragment(self)

    def _repr_markdown_(self):
        reading = "\n".join(f"- {line}" for line in self.reading)
        return f"{self._forms['markdown'].rstrip()}\n\n### {self._say('how-title')}\n\n{reading}\n"

    def __getstate__(self):
        return {"code": self._code, "languages": self._languages}

    def __setstate__(self, state):
        self.__init__(state["code"], state["languages"])
