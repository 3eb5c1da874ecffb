"""A report inside a notebook: a fragment that needs no style sheet and no script."""

import html

_COLOURS = {"right": "#2a7d3f", "wrong": "#c0392b"}


def fragment(report):
    """The report as a piece of HTML: a verdict, the row of layers, what was found, the table, the reading."""
    good = report.ok
    colour = _COLOURS["right" if good else "wrong"]
    mark = "✓" if good else "✗"
    parts = [f'<p><b style="color:{colour}">{mark} {html.escape(report.subject)}: {html.escape(report.verdict)}</b></p>']
    if len(report.layers) > 1:
        marks = [f"{html.escape(one.name)} {'✗' if one.verdict == 'wrong' else '✓'}" for one in report.layers]
        parts.append(f"<p>{' → '.join(marks)}</p>")
    for one in report.findings:
        parts.append(_finding(one))
    parts.append(_table(report.blocks))
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in [*report.reading, *report.method])
    parts.append(f"<details><summary>how I read your code, and the method</summary><ul>{lines}</ul></details>")
    return "<div>" + "".join(parts) + "</div>"


def _finding(one):
    title = one.get("title") or (str(one.cause).replace("_", " ") if one.cause else one.severity)
    lines = [f"<p><b>{html.escape(one.severity)}: {html.escape(title)}</b> ({html.escape(one.location)})<br>"]
    lines.append(html.escape(one.sentence) + "</p>")
    if one.formulas:
        lines.append(
            f"<table><tr><td>yours</td><td><code>{html.escape(one.formulas.code)}</code></td></tr>"
            f"<tr><td>right</td><td><code>{html.escape(one.formulas.right)}</code></td></tr></table>"
        )
    line = one.get("line")
    if line:
        so = f"<br>so: <code>{html.escape(line['right'])}</code>" if line["right"] else ""
        lines.append(f"<p>{html.escape(line['place'])}: <code>{html.escape(line['code'])}</code>{so}</p>")
    if one.help:
        lines.append(f"<p>help: <code>{html.escape(one.help)}</code></p>")
    if one.consequence:
        lines.append(f"<p>consequence: {html.escape(one.consequence)}</p>")
    if one.evidence:
        items = "".join(f"<li>{html.escape(evidence.statement)}</li>" for evidence in one.evidence)
        lines.append(f"<details><summary>evidence</summary><ul>{items}</ul></details>")
    return "".join(lines)


def _table(blocks):
    if not blocks:
        return ""
    head = "<tr><th>gradient</th><th>analytic</th><th>numeric</th><th>largest error</th><th>cosine</th><th>verdict</th></tr>"
    rows = []
    for name, one in sorted(blocks.items(), key=lambda pair: -(pair[1].error or 0)):
        cells = [name, _number(one.analytic), _number(one.numeric), _number(one.error), _number(one.cosine), one.verdict]
        rows.append("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>")
    return f"<table>{head}{''.join(rows)}</table>"


def _number(value):
    return "" if value is None else f"{value:.6g}"
