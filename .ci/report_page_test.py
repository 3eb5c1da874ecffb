"""Opens a training's report in headless Chromium, uses it, and compares it with the CSV file.

    python report_page_test.py REPORT.html FIGURES.csv

Fails if the page logs an error, requests a resource, takes a second or longer to open, shows a number under the pointer that
differs from the CSV file, or, in Korean, shows an English word that is not a name.
"""
import csv
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

page, figures = pathlib.Path(sys.argv[1]).read_text(), csv.DictReader(open(sys.argv[2]))
values = {(row["figure"], row["of"], int(row["step"])): float(row["value"]) for row in figures}

# Runs in a copy of the page: points at the first and the last number of each curve, clicks, and collects what the page shows.
PROBE = """<script>addEventListener("load", () => setTimeout(() => {
  const seen = { opened: performance.getEntriesByType("navigation")[0].loadEventEnd, read: [], errors: window.complaints, rests: true };
  seen.requests = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith("data:"));
  for (const figure of document.querySelectorAll(".plot")) {
    const plan = numbers[figure.dataset.figure], plane = figure.querySelector(".plane");
    const box = plane.querySelector("svg").getBoundingClientRect();
    plan.curves.forEach((curve, place) => [0, curve.steps.length - 1].forEach((number) => {
      const share = (curve.steps[number] - plan.steps[0]) / (plan.steps[1] - plan.steps[0]);
      const x = plan.plane[0] + share * (plan.plane[1] - plan.plane[0]);
      plane.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x * box.width / plan.size[0] }));
      const item = figure.querySelectorAll("li")[place];
      seen.read.push([figure.dataset.figure, item.textContent, curve.steps[number], item.querySelector("output").textContent]);
    }));
    plane.dispatchEvent(new PointerEvent("pointerleave"));
    const pressed = figure.querySelector("output"), rest = pressed.textContent;
    for (let times = 0; times < 200; times++) plane.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
    const [first] = plan.curves;
    seen.read.push([figure.dataset.figure, figure.querySelector("li").textContent, first.steps[0], pressed.textContent]);
    plane.dispatchEvent(new Event("blur"));
    seen.rests &&= pressed.textContent === rest;
  }
  const shows = (language) => getComputedStyle(document.querySelector(`h1 [lang=${language}]`)).display !== "none";
  seen.languages = [[shows("en"), shows("ko")]];
  document.getElementById("language").click();
  seen.languages.push([shows("en"), shows("ko")]);
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const left = english(), names = new Set(["English", "Retrograde", "NaN"]);
  const ofCode = new Set(left.filter(([, isCode]) => isCode === true).map(([word]) => word));
  seen.english = left.filter(([word, isCode]) => isCode !== true && !names.has(word) && !(isCode === "title" && ofCode.has(word)));
  const ground = () => getComputedStyle(document.body).backgroundColor;
  seen.grounds = [ground()];
  document.getElementById("theme").click();
  seen.grounds.push(ground());
  seen.wide = document.documentElement.scrollWidth - innerWidth;
  const place = document.createElement("pre");
  place.id = "seen";
  place.textContent = JSON.stringify(seen);
  document.body.append(place);
}, 50));
const numbers = JSON.parse(document.getElementById("numbers").textContent);
ENGLISH</script></body>""".replace("ENGLISH", (pathlib.Path(__file__).parent / "english_words.js").read_text())
EARLY = """<head><script>window.complaints = [];
addEventListener("error", (event) => window.complaints.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => window.complaints.push("requested " + event.blockedURI));
</script>"""

chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
for width in (1280, 500):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "report.html"
        copy.write_text(page.replace("<head>", EARLY, 1).replace("</body>", PROBE, 1))
        run = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder}/profile",
             f"--window-size={width},900", "--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom",
             copy.as_uri()],
            capture_output=True, text=True, timeout=60,
        )
    assert "CONSOLE" not in run.stderr, run.stderr
    seen = json.loads(html.unescape(re.search(r'<pre id="seen">(.*?)</pre>', run.stdout, re.S).group(1)))
    assert seen["errors"] == [] and seen["requests"] == [], seen
    assert seen["opened"] < 1000, f"it took {seen['opened']} ms to open"
    assert seen["rests"], "a plot without the pointer does not show its newest numbers"
    assert seen["english"] == [], f"English words in Korean: {seen['english']}"
    assert seen["languages"] == [[True, False], [False, True]], seen["languages"]
    assert seen["grounds"][0] != seen["grounds"][1] and seen["wide"] <= 0, seen
    read = 0
    for figure, item, step, shown in seen["read"]:
        names = {"training data": "train", "test data": "test", "learning rate": "step"}
        of = next((name for text, name in names.items() if text in item), item.split()[0])
        if of.startswith("batch"):
            continue  # A mean of steps, of which the figures have each.
        value = values[figure, of, step]
        # Half a unit of the last digit shown: two decimals of a percent, three digits with an exponent, else four.
        digits = 5e-3 if "e" in shown else 5e-4
        scale, tolerance = (0.01, 0.51e-4) if shown.endswith("%") else (1, 1.01 * digits * abs(value))
        assert abs(float(shown.removesuffix(" %")) * scale - value) <= tolerance, (figure, of, step, shown, value)
        read += 1
    assert read >= 10, seen["read"]
    print(f"Chromium, {width} wide: opened in {seen['opened']:.0f} ms, {read} numbers under the pointer as in the figures")
