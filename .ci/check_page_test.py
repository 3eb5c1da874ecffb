"""Opens the pages of gradient checks in headless Chromium and compares them with the JSON of the same check.

    python check_page_test.py PAGE.html REPORT.json [PAGE.html REPORT.json …]

Fails if a page logs an error, requests a resource, is wider than its screen, has text of too little contrast, or lacks a
finding, a number of its evidence, or a row of its gradients; in light and dark, at the width of a desktop and of a phone, in
English and in Korean, switched by the buttons of the page.
"""
import json
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
# The smallest contrast of any text with its background (WCAG 2, relative luminance).
CONTRAST = """() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(color) && color !== "transparent") return color;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility() &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  return Math.min(...texts.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
}"""


def shown(value):
    return "0" if value == 0 else f"{value:.8f}" if 1e-4 <= abs(value) < 1e6 else None


def in_language(text, language):
    """A text of the report; a plain string is the same in all languages."""
    return text if isinstance(text, str) else text[language]


def check(page, report, language):
    text = page.inner_text("body")
    status = page.inner_text(".status b")
    assert language == "ko" or status.endswith(report["verdict"].replace("_", " ")), status
    assert len(page.locator(".layers li").all()) == (len(report["layers"]) if len(report["layers"]) > 1 else 0)
    assert len(page.locator(".finding").all()) == len(report["findings"])
    for finding in report["findings"]:
        for sentence in finding["sentences"]:
            assert " ".join(in_language(sentence, language).split()) in " ".join(text.split()), sentence
        for evidence in finding["evidence"]:
            for _, values in (evidence["table"] or {"rows": []})["rows"]:
                assert all(shown(value) is None or shown(value) in text for value in values), values
    for block in report["blocks"]:
        assert block["block"] in text and f"{block['cosine']:.6f}" in text, block


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
    for path, report in zip(sys.argv[1::2], sys.argv[2::2]):
        report = json.loads(pathlib.Path(report).read_text())
        for width, height, scheme in ((1280, 800, "light"), (1280, 800, "dark"), (390, 844, "light"), (390, 844, "dark")):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page, events = context.new_page(), []
            page.on("console", lambda message: events.append(message.text))
            page.on("pageerror", lambda error: events.append(str(error)))
            page.on("request", lambda request: events.append(request.url))
            page.goto(pathlib.Path(path).resolve().as_uri())
            assert events == [page.url], events
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is wider than {width}"
            for theme in (scheme, "dark" if scheme == "light" else "light"):
                least = page.evaluate(CONTRAST)
                assert least >= 4.5, f"{path}, {theme}: a contrast of {least:.2f}"
                page.click("#theme")
            for language in ("en", "ko"):
                if page.evaluate("document.documentElement.lang") != language:
                    page.click("#language")
                check(page, report, language)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is wider than {width}"
            context.close()
        print(f"{path}: {report['verdict']}, {len(report['findings'])} findings, light and dark, wide and narrow, in both languages")
    browser.close()
