"""Opens the pages of gradient checks in headless Chromium and holds them against the JSON of the same check.

    python check_witness.py PAGE.html REPORT.json [PAGE.html REPORT.json …]

Fails when a page complains, asks for anything, is wider than its screen, has text that is too faint to read, or does not
show a finding, a number of its evidence, or a row of its gradients; light and dark, on a wide screen and on a phone, in
English and in Korean, switched by the buttons of the page.
"""
import json
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
# The least contrast of any text with what lies behind it (WCAG 2, relative luminance).
CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(colour) && colour !== "transparent") return colour;
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


def said(text, language):
    """A text of the report: a string where it reads the same in all languages."""
    return text if isinstance(text, str) else text[language]


def check(page, report, language):
    text = page.inner_text("body")
    mark = page.inner_text(".status b")
    assert language == "ko" or mark.endswith(report["verdict"].replace("_", " ")), mark
    assert len(page.locator(".layers li").all()) == (len(report["layers"]) if len(report["layers"]) > 1 else 0)
    assert len(page.locator(".finding").all()) == len(report["findings"])
    for finding in report["findings"]:
        for sentence in finding["sentences"]:
            assert " ".join(said(sentence, language).split()) in " ".join(text.split()), sentence
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
            page, trouble = context.new_page(), []
            page.on("console", lambda message: trouble.append(message.text))
            page.on("pageerror", lambda error: trouble.append(str(error)))
            page.on("request", lambda request: trouble.append(request.url))
            page.goto(pathlib.Path(path).resolve().as_uri())
            assert trouble == [page.url], trouble
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
