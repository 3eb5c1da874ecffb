"""The history of a training."""

import html

import numpy as np

_SCORES = ("accuracy", "r2")
_PARTS = ("train", "validation", "test")
_COLUMNS = ("epoch", "step", "loss", *(f"{part}_{score}" for score in _SCORES for part in _PARTS))
_SHOWN = 12


class History:
    """The history of a training: arrays with a number for each evaluation, and the loss of each step.

    ``losses``: the loss of each step. ``epoch``, ``step``, ``loss`` (the mean since the previous evaluation), ``train_loss``,
    ``test_loss``, and the scores of the task with either name before them: one number for each evaluation. The scores are
    ``accuracy`` and, of two classes, ``auc``; of a regression ``r2`` and ``mean_absolute_error``. What begins with ``test_`` is of the
    validation data, and ``None`` without them. After ``fit(validation_fraction=…)`` the rows set apart have names with
    ``validation_``, and ``test_…`` are single numbers, of the end. ``seconds``: the time of all steps. ``stopped_early``: whether patience ended the
    training, ``interrupted``: whether Ctrl-C did.
    """

    def __init__(self, found, validated):
        self.__dict__.update(found)
        self._validated = validated
        if not validated:
            # The engine evaluates two sets; without a second one its values are omitted.
            self.__dict__.update({name: None for name in found if name.startswith("test_")})

    def to_dict(self):
        """The history as a dictionary of arrays and numbers."""
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_") and value is not None}

    def __getitem__(self, name):
        return self.to_dict()[name]

    def _columns(self):
        return [name for name in _COLUMNS if np.ndim(getattr(self, name, None)) == 1]

    def _rows(self):
        numbers = range(len(self.epoch))
        if len(numbers) > _SHOWN:
            numbers = sorted({round(at) for at in np.linspace(0, len(numbers) - 1, _SHOWN)})
        form = {"epoch": "{:.1f}", "step": "{:.0f}"}
        return [[form.get(name, "{:.4f}").format(getattr(self, name)[at]) for name in self._columns()] for at in numbers]

    def _closing(self):
        ended = ", interrupted" if self.interrupted else ""
        return f"{len(self.losses)} steps in {self.seconds:.2f} s, {self.microseconds_per_step:.0f} µs each{ended}"

    def __repr__(self):
        lines = ["  ".join(f"{name:>14}" for name in self._columns())]
        lines += ["  ".join(f"{cell:>14}" for cell in row) for row in self._rows()]
        return "\n".join([*lines, self._closing()])

    def _repr_html_(self):
        head = "".join(f"<th>{name}</th>" for name in self._columns())
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self._rows())
        curves = [("loss", [("loss", self.loss)])]
        for score in _SCORES:
            lines = [(part, getattr(self, f"{part}_{score}", None)) for part in _PARTS]
            curves.append((score, [(part, line) for part, line in lines if np.ndim(line) == 1]))
        pictures = "".join(_curves(title, lines) for title, lines in curves if lines)
        return f"<div>{pictures}<table><tr>{head}</tr>{body}</table><p>{html.escape(self._closing())}</p></div>"


def _curves(title, lines, width=320, height=140):
    """Curves over the evaluations, as a self-contained picture: the second one is dashed."""
    values = np.concatenate([np.asarray(line, dtype=float) for _, line in lines])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return ""
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    parts = [f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"><title>{title}</title>']
    for number, (name, line) in enumerate(lines):
        xs = np.linspace(40, width - 60, max(len(line), 2))[: len(line)]
        points = [(x, 20 + (high - y) / span * (height - 40)) for x, y in zip(xs, line, strict=True) if np.isfinite(y)]
        dashes = ' stroke-dasharray="4 3"' if number else ""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="1.5"{dashes}/>')
        if points:
            x, y = points[-1]
            shift = 4 if number == 0 else 14
            parts.append(f'<text x="{x + 4:.1f}" y="{y + shift:.1f}" font-size="11" fill="currentColor">{name}</text>')
    parts.append(f'<text x="2" y="24" font-size="11" fill="currentColor">{high:.3g}</text>')
    parts.append(f'<text x="2" y="{height - 16}" font-size="11" fill="currentColor">{low:.3g}</text>')
    parts.append(f'<text x="40" y="12" font-size="11" fill="currentColor">{title}</text></svg>')
    return "".join(parts)
