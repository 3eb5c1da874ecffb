"""Adds the findings of the Python side to the formats of a report."""

import html
import json
import re

from .._language import Text, padded, wrapped

_FORMULAS = ("code", "right")
_MARKS = {"fault": "✗", "warning": "!", "remark": "·"}


def _labelled(one):
    formulas = one["formulas"] or {}
    found = [*formulas.items(), ("help", one["help"]), ("training", one["consequence"])]
    return [(label, value) for label, value in found if value]


def _head(one):
    blocks = f", {', '.join(one['blocks'])}" if one["blocks"] else ""
    return f"{one['location']}{blocks}: {one['title']}"


def in_text(text, found, code, verdict):
    """The text for a terminal: below the headline, whose verdict covers all findings."""
    headline, _, rest = text.rstrip().partition("\n")
    if verdict:
        headline = f"{headline.rpartition(': ')[0]}: {Text(f'verdict-{verdict}').said(code)}"
    lines = [headline]
    for one in found:
        lines += ["", *wrapped(_head(one), f"{_MARKS[one['severity']]} "), *wrapped(one["sentence"], "    ")]
        for label, value in _labelled(one):
            lines += wrapped(value, f"    {padded(Text(label).said(code), 10)} ")
    return "\n".join([*lines, rest]) if rest else "\n".join(lines)


def in_markdown(text, found, code, verdict):
    """The same in Markdown."""
    before, headline, rest = re.split(r"(?m)^(# .*)$", text, maxsplit=1)
    if verdict:
        headline = f"{headline.rpartition(': ')[0]}: {Text(f'verdict-{verdict}').said(code)}"
    parts = [before + headline]
    for one in found:
        parts.append(f"## {_MARKS[one['severity']]} {_head(one)}")
        parts.append(one["sentence"])
        parts += [f"- {Text(label).said(code)}: {f'`{value}`' if label in _FORMULAS else value}" for label, value in _labelled(one)]
    return "\n\n".join([*parts, rest.lstrip("\n")])


def in_page(page, by_language, verdict):
    """The same in the page, which has both languages."""
    if verdict:
        words = "".join(f'<span lang="{code}">{Text(f"verdict-{verdict}").said(code)}</span>' for code in by_language)
        page = re.sub(r'<p class="status \w+"><b>.*?</b>', f'<p class="status failed"><b>✗ {words}</b>', page, count=1, flags=re.S)
    articles = "".join(_article(one, code) for code, found in by_language.items() for one in found)
    if not articles:
        return page
    start = page.index('<p class="status')
    end = page.index("</p>", start) + len("</p>")
    return f"{page[:end]}<section>{articles}</section>{page[end:]}"


def without(forms):
    """The formats of a report without its faults: another finding explains them all."""
    kept = {**forms, **_without(forms)}
    if "ko" in forms:
        kept["ko"] = {**forms["ko"], **_without(forms["ko"])}
    for one in _faults(json.loads(forms["json"])):
        articles = re.split(r"(?=<article )", kept["html"])
        told = f">{html.escape(one['location'])}, ", html.escape(one["sentence"])
        kept["html"] = "".join(re.sub(r"^<article .*?</article>", "", part, flags=re.S) if all(word in part for word in told) else part for part in articles)
    return kept


def _faults(data):
    return [one for one in data["findings"] if one["severity"] == "fault"]


def _without(form):
    data = json.loads(form["json"])
    gone = _faults(data)

    def told(part, mark):
        flat = " ".join(part.split())
        return any(flat.startswith(f"{mark}{one['location']}") and one["title"] in flat and one["sentence"] in flat for one in gone)

    text = "\n\n".join(part for part in form["text"].split("\n\n") if not told(part, "✗ "))
    markdown = "".join(part for part in re.split(r"(?m)^(?=#+ )", form["markdown"]) if not told(part, "## "))
    data["findings"] = [one for one in data["findings"] if one not in gone]
    return {"text": text, "markdown": markdown, "json": json.dumps(data)}


def _article(one, code):
    colour = {"fault": "wrong", "warning": "open", "remark": "remark"}[one["severity"]]
    rows = "".join(f"<dt>{Text(label).said(code)}</dt><dd><code>{html.escape(value)}</code></dd>" for label, value in _labelled(one))
    body = f"<h3>{html.escape(_head(one))}</h3><p>{html.escape(one['sentence'])}</p>" + (f"<dl>{rows}</dl>" if rows else "")
    return f'<article class="card finding {colour}" lang="{code}">{body}</article>'
