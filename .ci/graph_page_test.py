"""Uses the pages of graphs in headless Chromium as a person does, and compares what they show with the engine's JSON.

    python graph_page_test.py PAGE.html TRACE.json [PAGE.html TRACE.json …] [--screenshots FOLDER]

With `-` for a trace, the page is used but its numbers are not compared.

For each page: it opens within a second, logs no error and requests no resource; the figure shows every number of the engine;
each clicked box and line shows its numbers; layers open and close; both passes play step by step, in order, with the
arithmetic of each step; the keyboard does what the pointer does; search finds values by name, and the address stores the
selection; in English and in Korean, where every English word is a name or part of a formula; in light and dark, at the width
of a desktop and of a phone.
"""
import json
import pathlib
import re
import shutil
import sys

from playwright.sync_api import sync_playwright

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
HANGUL = re.compile("[가-힣]")
ENGLISH = (pathlib.Path(__file__).parent / "english_words.js").read_text()
# Names of keys and of formats, and the label of the language button.
NAMES = {"Enter", "Tab", "Shift", "JSON", "NaN", "ReLU", "English"}


def number(text):
    return float(text.replace("Infinity", "inf"))


class Engine:
    """The numbers as the engine wrote them."""

    def __init__(self, path):
        self.trace = json.loads(pathlib.Path(path).read_text())
        self.nodes, self.edges, self.tensors = (self.trace[key] for key in ("nodes", "edges", "tensors"))

    def values(self, place):
        return None if place is None else [number(x) if isinstance(x, str) else x for x in self.tensors[place]["values"]]

    def node(self, label):
        return next(node for node in self.nodes if node["label"] == label)


def close(shown, value, digits):
    return shown == value or abs(shown - value) <= abs(value) * 10.0 ** -digits


def check_tensor(page, place, values):
    """The panel shows a scalar in full, and a larger tensor with all statistics and its numbers on demand."""
    view = page.locator(f"#panel .tensor[data-tensor='{place}']").first
    if view.locator(".number").count():
        assert number(view.locator(".number").inner_text()) == values[0], (view.inner_text(), values)
        return
    fact = lambda name: number(view.locator(f"[data-fact={name}]").inner_text().rstrip(" %"))
    finite = sorted(values)
    mean = sum(values) / len(values)
    spread = max(abs(x) for x in values) or 1.0
    for name, value in (("minimum", finite[0]), ("maximum", finite[-1]), ("norm", sum(x * x for x in values) ** 0.5)):
        assert close(fact(name), value, 3), (name, fact(name), value)
    # A mean of numbers that cancel is only as precise as the largest of them.
    assert abs(fact("mean") - mean) <= 1e-3 * abs(mean) + 1e-12 * spread, (fact("mean"), mean)
    assert abs(fact("zeros") - 100 * sum(x == 0 for x in values) / len(values)) <= 0.051
    details = view.locator("details.numbers")
    if not details.evaluate("element => element.open"):
        details.locator("summary").click()
    page.wait_for_function("place => document.querySelector(`#panel .tensor[data-tensor='${place}'] td`)", arg=place)
    shape = json.loads(view.locator("[data-fact=shape]").inner_text())
    columns = shape[-1]
    # Large tensors are packed as f32 and rounded to seven digits.
    digits = 6 if len(values) > 4096 else 16
    for row, cells in enumerate(view.locator("tr").all()[1:]):
        for column, cell in enumerate(cells.locator("td").all()[:2]):
            shown = number(cell.get_attribute("title"))
            assert close(shown, values[row * columns + column], digits), (place, row, column, shown)


def check_clicks(page, engine):
    """Clicks each box, then each line."""
    data = page.evaluate("({ scene, count: trace.nodes.length })")
    for index, block in enumerate(data["scene"]["blocks"]):
        # Scrolls as a person does on a phone.
        page.evaluate("block => reveal(scene.blocks[block])", index)
        page.locator(f"[data-block='{index}'] .body").click(force=True)
        shown = page.locator("#panel h2").inner_text()
        if block["kind"] == "scope" and len(block["nodes"]) > 1:
            assert shown == block["label"], shown
            continue
        node = engine.node(shown)
        assert f"{node['file']}:{node['line']}" in page.locator("#panel").inner_text()
        if node["operation"] and node["operation"]["formula"]:
            assert node["operation"]["formula"] in page.locator("#panel").inner_text()
        place = page.evaluate("label => trace.nodes.find((node) => node.label === label)", shown)
        if engine.tensors[node["value"]]["kind"] == "real":
            check_tensor(page, place["value"], engine.values(node["value"]))
        if node["gradient"] is not None:
            check_tensor(page, place["gradient"], engine.values(node["gradient"]))
    for index, wire in enumerate(data["scene"]["wires"]):
        page.locator(f"[data-wire='{index}'] .hit").dispatch_event("click")
        node = engine.nodes[wire["node"]]
        assert page.locator("#panel h2").inner_text() == node["label"]
        if engine.tensors[node["value"]]["kind"] == "real":
            check_tensor(page, wire["value"], engine.values(node["value"]))
        if len(wire["edges"]) == 1 and wire["gradient"] is not None:
            check_tensor(page, wire["gradient"], engine.values(engine.edges[wire["edges"][0]]["gradient"]))


def check_figure(page, engine):
    """All numbers drawn on lines of scalars."""
    for index, wire in enumerate(page.evaluate("scene.wires")):
        values, gradient = engine.values(engine.nodes[wire["node"]]["value"]), None
        if wire["edges"]:
            gradient = engine.values(engine.edges[wire["edges"][0]]["gradient"])
        else:
            gradient = engine.values(engine.nodes[wire["node"]]["gradient"])
        if len(wire["edges"]) > 1 or values is None or len(values) > 1:
            continue
        for name, expected in (("value", values), ("gradient", gradient)):
            texts = page.locator(f"[data-wire='{index}'] text.{name}").all_text_contents()
            assert [number(text) for text in texts] == (expected or []), (index, texts, expected)


def check_play(page, engine):
    """Plays the forward pass from left to right and the backward pass from right to left; each step shows its arithmetic."""
    page.locator("#all").click()
    steps = page.evaluate("steps.map((step) => ({ ...step, kind: scene.blocks[step.block].kind, nodes: scene.blocks[step.block].nodes, x: scene.blocks[step.block].place[0] }))")
    passes = [[step for step in steps if step["isBack"] == is_back] for is_back in (False, True)]
    assert steps == passes[0] + passes[1] and all(passes)
    # A value comes after its inputs, and its gradient before theirs.
    order = {(step["block"], step["isBack"]): place for place, step in enumerate(steps)}
    for wire in page.evaluate("scene.wires"):
        if (wire["to"], False) in order:
            assert order[wire["from"], False] < order[wire["to"], False]
        if wire["gradient"] is not None:
            assert order[wire["to"], True] < order[wire["from"], True]
    for place, step in enumerate(steps):
        page.keyboard.press("ArrowRight") if place % 2 else page.locator("#next").click()
        assert page.locator("#count").inner_text() == f"{place + 1} / {len(steps)}"
        assert page.locator(".block.active").get_attribute("data-block") == str(step["block"])
        explanation = page.locator("#telling").inner_text()
        assert explanation.strip()
        shown = lambda index, name: page.locator(f"[data-wire='{index}']").evaluate(f"element => element.classList.contains('has-{name}')")
        for index, wire in enumerate(page.evaluate("scene.wires")):
            assert shown(index, "value") == (order[wire["from"], False] <= place)
            assert shown(index, "gradient") == ((wire["to"], True) in order and order[wire["to"], True] <= place)
        for node in (engine.nodes[node] for node in step["nodes"] if step["kind"] == "operation"):
            results = [node["value"]] if not step["isBack"] else [engine.edges[edge]["gradient"] for edge in node["inputs"]]
            for result in results:
                values = engine.values(result)
                if values is not None and len(values) == 1 and not engine.tensors[result]["shape"]:
                    assert any(number(text) == values[0] for text in re.findall(r"= (-?[\d.]+(?:e[-+]?\d+)?)(?=$|\s)", explanation)), (explanation, values)
    assert page.locator("#next").is_disabled()
    page.locator("#forward").click()
    assert page.locator("#count").inner_text().startswith("1 /")
    page.locator("#backward").click()
    assert page.locator("#count").inner_text().startswith(f"{len(passes[0]) + 1} /")
    page.keyboard.press("Escape")
    assert page.locator("#view.playing").count() == 0


def check_layers(page, engine):
    layers = page.evaluate("[...openable]")
    if not layers:
        assert page.locator("#unfold").is_hidden()
        return
    before = page.locator(".block").count()
    page.evaluate("layer => reveal(scene.blocks.find((block) => block.scope === layer))", layers[0])
    page.locator(f".block.scope[aria-label='{layers[0]}'] .toggle").click()
    assert page.evaluate("[...open]") == [layers[0]] and page.locator(".block").count() > before
    page.locator("#unfold").click()
    assert sorted(page.evaluate("[...open]")) == sorted(layers)
    check_clicks(page, engine)
    check_play(page, engine)
    page.locator(f".frame[data-scope='{layers[0]}'] .toggle").dispatch_event("click")
    assert layers[0] not in page.evaluate("[...open]")
    page.locator("#fold").click()
    # The keyboard opens a layer, too.
    page.locator(f".block.scope[aria-label='{layers[0]}']").focus()
    page.keyboard.press("o")
    assert page.evaluate("[...open]") == [layers[0]]
    # A block of the opened layer has the focus now, and another layer opens beside it.
    if len(layers) > 1:
        page.locator(f".block.scope[aria-label='{layers[1]}']").focus()
        page.keyboard.press("o")
        assert page.evaluate("[...open]") == layers[:2]
        page.keyboard.press("c")
        assert page.evaluate("[...open]") == [layers[0]]
    page.keyboard.press("Shift+O")
    assert sorted(page.evaluate("[...open]")) == sorted(layers)
    page.keyboard.press("Shift+C")
    assert page.evaluate("open.size") == 0
    page.locator("#fold").click()
    assert page.locator(".block").count() == before


def words_of(value):
    """All words of more than one letter in all texts of a JSON value."""
    if isinstance(value, dict):
        return set().union(*map(words_of, value.values()), set())
    if isinstance(value, list):
        return set().union(*map(words_of, value), set())
    return set(re.findall("[A-Za-z]{2,}", value)) if isinstance(value, str) else set()


def check_korean(page):
    """No state of the page shows an English word: boxes and lines selected, steps played, layers opened."""
    nodes, heading = page.evaluate("[trace.nodes, heading]")
    operations = [node["operation"] for node in nodes if node["operation"]]
    names = NAMES | words_of([[node["label"], node["scope"], node["file"]] for node in nodes])
    names |= words_of([[operation["name"], operation["symbol"]] for operation in operations])
    # A heading begins with the name of a model's directory or of an image.
    names |= words_of(heading.rsplit(": ", 1)[0]) if ": " in heading else set()
    formulas = words_of([[operation["formula"], operation["derivative"], operation["attributes"]] for operation in operations])
    formulas |= words_of([node["step"] for node in nodes if node["step"]])

    def look(state):
        for word, is_code, text in page.evaluate("english()"):
            assert word in names or is_code is True and word in formulas, f"{state}: `{word}` in `{text}`"

    page.evaluate(f"{ENGLISH}; window.english = english")
    page.locator("#all").click()
    look("at the beginning")
    for opened in ("fold", "unfold"):
        if page.locator(f"#{opened}").is_visible():
            page.locator(f"#{opened}").click()
        for index in range(page.locator(".block").count()):
            page.evaluate("chooseBlock", index)
            look(f"box {index}")
        for index in range(page.locator(".wire").count()):
            page.evaluate("chooseWire", index)
            look(f"line {index}")
        for place in range(page.evaluate("steps.length")):
            page.evaluate("go", place)
            look(f"step {place}")
    page.evaluate("for (const details of document.querySelectorAll('#panel details')) details.open = true")
    look("numbers")
    # The figure is the same in both languages.
    page.locator("#all").click()
    drawn = page.locator("#figure").text_content()
    page.evaluate("draw()")
    assert page.locator("#figure").text_content() == drawn
    if page.locator("#fold").is_visible():
        page.locator("#fold").click()


def check_finding(page):
    """Search finds a value by its name, also in a closed layer; the address leads back to it."""
    label = page.evaluate("(trace.nodes.find((node) => node.scope && node.kind === 'operation') ?? trace.nodes[0]).label")
    page.locator("#stage").click(position={"x": 3, "y": 3})
    page.keyboard.press("/")
    page.keyboard.type(label)
    page.keyboard.press("Enter")
    assert page.locator("#panel h2").inner_text() == label
    state = "({ open: [...open], position, looked, address: location.href })"
    page.evaluate("go(2)")
    before = page.evaluate(state)
    assert "#" in before["address"] and before["position"] == 2
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(state) == before
    page.locator("#find").fill("nothing of this name")
    page.keyboard.press("Enter")
    assert page.locator("#find").evaluate("field => !field.validity.valid")
    page.locator("#find").fill("")
    page.locator("#all").click()
    page.evaluate("closeAll()")


def check_moving(page):
    place = lambda: page.evaluate("({ ...place })")
    box = page.locator("#figure").bounding_box()
    before = place()
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 50, steps=4)
    page.mouse.up()
    after = place()
    assert abs(after["x"] - before["x"] - 40) < 1 and abs(after["y"] - before["y"] - 20) < 1, (before, after)
    page.mouse.wheel(0, -200)
    assert place()["scale"] > after["scale"]
    page.locator("#fit").click()
    assert abs(place()["scale"] - before["scale"]) < 1e-9


def visit(browser, path, engine, width, height, scheme, screenshots):
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en", has_touch=width < 500)
    page = context.new_page()
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.absolute().as_uri())
    page.wait_for_selector("html[data-ready]")
    opened = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert opened < 1000, f"{path} took {opened} ms to open"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "it is wider than the screen"
    picture = lambda name: screenshots and page.screenshot(path=screenshots / f"{path.stem}-{width}-{scheme}-{name}.png")
    picture("whole")
    if engine:
        check_figure(page, engine)
        check_clicks(page, engine)
        check_play(page, engine)
        check_layers(page, engine)
    check_finding(page)
    if width >= 500:
        check_moving(page)
    # The other language has all texts, and the other theme has other colors.
    page.locator("#language").click()
    for element in page.locator("[data-word]:visible").all():
        assert HANGUL.search(element.inner_text()), element.inner_text()
    assert page.evaluate("Object.keys(words.en).join() === Object.keys(words.ko).join()")
    check_korean(page)
    page.locator("#all").click()
    page.locator("#next").click()
    assert HANGUL.search(page.locator("#telling").inner_text())
    page.evaluate("go(steps.findIndex((step) => step.isBack) + 1)")
    picture("korean")
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    before = ground()
    page.locator("#theme").click()
    assert ground() != before
    assert complaints == [], complaints
    asked = {url.split("#")[0] for url in requests if not url.startswith("data:")}
    assert asked == {path.absolute().as_uri()}, asked
    context.close()
    return opened


def main():
    arguments = sys.argv[1:]
    screenshots = None
    if "--screenshots" in arguments:
        place = arguments.index("--screenshots")
        screenshots = pathlib.Path(arguments[place + 1])
        screenshots.mkdir(parents=True, exist_ok=True)
        del arguments[place:place + 2]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        # A fresh profile each time.
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for path, trace in zip(arguments[::2], arguments[1::2]):
            path, engine = pathlib.Path(path), None if trace == "-" else Engine(trace)
            for width, height, scheme in ((1280, 800, "light"), (390, 844, "dark")):
                opened = visit(browser, path, engine, width, height, scheme, screenshots)
                print(f"{path.name} at {width} pixels, {scheme}: opened in {opened:.0f} ms{', all numbers as the engine has them' if engine else ''}")
        browser.close()


main()
