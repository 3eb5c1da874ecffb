"""A report inside a notebook: an HTML fragment without style sheet and script.

It inherits the font and the background of the page, light or dark. Where it sets a text color, it sets the background, too; without
styles, the text has the same information."""

import html

#: By verdict: its mark, and the background of its white text.
_RIGHT, _WRONG, _OPEN = ("✓", "#1f7a3d"), ("✗", "#b83227"), ("?", "#8a5a00")
_EDGES = {"fault": _WRONG[1], "warning": _OPEN[1], "remark": "#7a8594"}

#: Notebooks align their tables to the right, which suits numbers but not text.
_LEFT = ' style="text-align:left"'


def fragment(report):
    """The report as an HTML fragment: verdict, layers, findings, table, reading."""
    mark, ground = _RIGHT if report.ok else _WRONG if report.verdict == "wrong" else _OPEN
    say = report._say
    verdict = say(f"verdict-{report.verdict}")
    badge = f"background:{ground};color:#fff;padding:2px 8px;border-radius:4px"
    parts = [f'<p><b style="{badge}">{mark} {html.escape(report.subject)}: {html.escape(verdict)}</b></p>']
    if len(report.layers) > 1:
        marks = [f"<b>{html.escape(one.name)} ✗</b>" if one.verdict == "wrong" else f"{html.escape(one.name)} ✓" for one in report.layers]
        parts.append(f"<p>{' → '.join(marks)}</p>")
    for one in report.findings:
        parts.append(_finding(one, say))
    parts.append(_table(report.blocks, say))
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in [*report.reading, *report.method])
    parts.append(f"<details><summary>{say('how-summary')}</summary><ul>{lines}</ul></details>")
    return "<div>" + "".join(parts) + "</div>"


def _finding(one, say):
    edge = f"border-left:3px solid {_EDGES[one.severity]};padding-left:12px;margin:14px 0"
    lines = [f'<div style="{edge}"><p><b>{say(f"severity-{one.severity}")}: {html.escape(one.title)}</b> ({html.escape(one.location)})<br>']
    lines.append(html.escape(one.sentence) + "</p>")
    if one.formulas:
        lines.append(
            f"<table><tr><td{_LEFT}>{say('code')}</td><td{_LEFT}><code>{html.escape(one.formulas.code)}</code></td></tr>"
            f"<tr><td{_LEFT}>{say('right')}</td><td{_LEFT}><code>{html.escape(one.formulas.right)}</code></td></tr></table>"
        )
    line = one.get("line")
    if line:
        so = f"<br>{say('so-label')}: <code>{html.escape(line['right'])}</code>" if line["right"] else ""
        lines.append(f"<p>{html.escape(line['place'])}: <code>{html.escape(line['code'])}</code>{so}</p>")
    if one.help:
        lines.append(f"<p>{say('help')}: <code>{html.escape(one.help)}</code></p>")
    if one.consequence:
        lines.append(f"<p>{say('training')}: {html.escape(one.consequence)}</p>")
    if one.evidence:
        items = "".join(f"<li>{html.escape(evidence.statement)}</li>" for evidence in one.evidence)
        # Explanations of numbers that the user has seen are not collapsed.
        state = " open" if one.severity == "fault" else ""
        lines.append(f"<details{state}><summary>{say('evidence')}</summary><ul>{items}</ul></details>")
    return "".join([*lines, "</div>"])


def _table(blocks, say):
    if not blocks:
        return ""
    columns = ("gradient", "analytic", "numeric", "largest", "mean", "cosine", "verdict")
    head = "<tr>" + "".join(f"<th>{say(f'column-{one}')}</th>" for one in columns) + "</tr>"
    rows = []
    for name, one in sorted(blocks.items(), key=lambda pair: -(pair[1].error or 0)):
        numbers = [_number(each) for each in (one.analytic, one.numeric, one.error, one.mean_difference, one.cosine)]
        verdict = say(f"verdict-{one.verdict}")
        cells = [html.escape(cell) for cell in (name, *numbers, verdict)]
        if one.verdict == "wrong":
            cells[0], cells[-1] = f"<b>{cells[0]}</b>", f"<b>✗ {cells[-1]}</b>"
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table>{head}{''.join(rows)}</table>"


def _number(value):
    return "" if value is None else f"{value:.6g}"
