"""A report inside a notebook: a fragment that needs no style sheet and no script."""

import html

_COLOURS = {"right": "#2a7d3f", "wrong": "#c0392b"}


def fragment(report):
    """The report as a piece of HTML: a verdict, the row of layers, what was found, the table, the reading."""
    good = report.ok
    colour = _COLOURS["right" if good else "wrong"]
    mark = "✓" if good else "✗"
    say = report._say
    verdict = say(f"verdict-{report.verdict}")
    parts = [f'<p><b style="color:{colour}">{mark} {html.escape(report.subject)}: {html.escape(verdict)}</b></p>']
    if len(report.layers) > 1:
        marks = [f"{html.escape(one.name)} {'✗' if one.verdict == 'wrong' else '✓'}" for one in report.layers]
        parts.append(f"<p>{' → '.join(marks)}</p>")
    for one in report.findings:
        parts.append(_finding(one, say))
    parts.append(_table(report.blocks, say))
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in [*report.reading, *report.method])
    parts.append(f"<details><summary>{say('how-summary')}</summary><ul>{lines}</ul></details>")
    return "<div>" + "".join(parts) + "</div>"


def _finding(one, say):
    lines = [f"<p><b>{say(f'severity-{one.severity}')}: {html.escape(one.title)}</b> ({html.escape(one.location)})<br>"]
    lines.append(html.escape(one.sentence) + "</p>")
    if one.formulas:
        lines.append(
            f"<table><tr><td>{say('code')}</td><td><code>{html.escape(one.formulas.code)}</code></td></tr>"
            f"<tr><td>{say('right')}</td><td><code>{html.escape(one.formulas.right)}</code></td></tr></table>"
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
        lines.append(f"<details><summary>{say('evidence')}</summary><ul>{items}</ul></details>")
    return "".join(lines)


def _table(blocks, say):
    if not blocks:
        return ""
    columns = ("gradient", "analytic", "numeric", "largest", "cosine", "verdict")
    head = "<tr>" + "".join(f"<th>{say(f'column-{one}')}</th>" for one in columns) + "</tr>"
    rows = []
    for name, one in sorted(blocks.items(), key=lambda pair: -(pair[1].error or 0)):
        cells = [name, _number(one.analytic), _number(one.numeric), _number(one.error), _number(one.cosine), say(f"verdict-{one.verdict}")]
        rows.append("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>")
    return f"<table>{head}{''.join(rows)}</table>"


def _number(value):
    return "" if value is None else f"{value:.6g}"
