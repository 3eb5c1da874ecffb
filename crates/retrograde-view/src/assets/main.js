// The panel, the buttons and the keys.
const panel = at("panel");
let chosen = null;
// The selected node.
let looked = null;

const section = (title, ...children) => [make("h3", {}, title), ...children];
const code = (text, name = "") => make("code", { class: `code ${name}` }, text);
const source = ({ file, line }) => code(`${file}:${line}`);
const link = (node) => make("button", { class: "link", onclick: () => chooseNode(node) }, trace.nodes[node].label);
const list = (nodes) => make("ul", { class: "members" }, ...nodes.map((node) => make("li", {}, link(node), make("span", { class: "soft" }, `  ${brief(trace.nodes[node].value)}`))));

function mark(name, index) {
  for (const part of [...parts.blocks, ...parts.wires]) part.classList.remove("chosen");
  (name ? parts[name][index] : null)?.classList.add("chosen");
}
// Shows the selection again after a change of the language or of the figure.
function choose(draw, node) {
  chosen = draw;
  looked = node;
  draw();
  keep();
}
function chooseBlock(index) {
  const block = scene.blocks[index];
  const operations = block.nodes.filter((node) => trace.nodes[node].kind === "operation");
  const node = block.kind === "end" ? trace.nodes.length - 1 : block.kind === "leaf" ? block.nodes[0] : operations[operations.length - 1];
  choose(block.kind === "scope" && block.nodes.length > 1 ? () => showScope(block) : () => showNode(node), node);
  mark("blocks", index);
}
function chooseNode(node) {
  const index = scene.blocks.findIndex((block) => block.nodes.includes(node));
  choose(() => showNode(node), node);
  mark(index < 0 ? null : "blocks", index);
  if (index >= 0) reveal(scene.blocks[index]);
}
function chooseWire(index) {
  const wire = scene.wires[index];
  const [from, to] = [scene.blocks[wire.from].label, scene.blocks[wire.to].label];
  choose(() => showWire(wire, from, to), wire.node);
  mark("wires", index);
}

function showWire(wire, from, to) {
  const { label, value } = trace.nodes[wire.node];
  const result = trace.nodes[trace.nodes.length - 1].label;
  panel.replaceChildren(make("h2", {}, label), make("p", { class: "soft" }, `${from} → ${to}`),
    ...section(word("on_line"), tensorView(value)),
    ...section(wire.gradient === null ? word("gradient") : `${word("share")}: ∂${result}/∂${label}`, wire.gradient === null ? make("p", { class: "soft" }, word("no_gradient")) : tensorView(wire.gradient)));
  for (const edge of wire.edges) {
    const { to } = trace.edges[edge];
    const share = trace.nodes[to].step?.shares.find((share) => share.edge === edge);
    if (share) panel.append(...section(word("chain"), ...equation(`∂${share.operand}`, share.rule ?? trace.nodes[to].operation.derivative, share.numbers, trace.edges[edge].gradient, "gradient")));
  }
}

function showNode(index) {
  const node = trace.nodes[index];
  const result = trace.nodes[trace.nodes.length - 1].label;
  const { operation, step, gradient } = node;
  panel.replaceChildren(make("h2", {}, node.label), make("p", { class: "soft" }, operation ? `${operation.name}: ${translated(operation.summary ?? "")}` : word(node.kind)));
  if (operation?.formula) panel.append(...section(word("formula"), code(operation.formula)), ...section(word("derivative"), code(operation.derivative)));
  if (operation?.attributes) panel.append(...section(word("attributes"), code(operation.attributes)));
  if (step) panel.append(...section(word("forward"), ...tellForward(index)));
  if (step && gradient !== null) panel.append(...section(word("chain"), ...tellBackward(index)));
  panel.append(...section(word("value"), tensorView(node.value)));
  for (const { name, value } of node.intermediate ?? []) panel.append(...section(translated(name), tensorView(value)));
  panel.append(...section(gradient === null ? word("gradient") : word("gradient_of", result, node.label), gradient === null ? make("p", { class: "soft" }, word("no_gradient")) : tensorView(gradient)));
  if (node.inputs.length) panel.append(...section(word("operands"), list(node.inputs.map((edge) => trace.edges[edge].from))));
  if (node.outputs.length) panel.append(...section(word("used_by"), list([...new Set(node.outputs.map((edge) => trace.edges[edge].to))])));
  panel.append(...section(word("source"), source(node)));
  panel.scrollTop = 0;
}
function showScope(block) {
  const act = make("button", { onclick: () => openScope(block.scope) }, word("open"));
  panel.replaceChildren(make("h2", {}, block.label), make("p", { class: "soft" }, word("scope")), ...(openable.has(block.scope) ? [act] : []), ...section(word("inside"), list(block.nodes)));
  const operations = block.nodes.filter((node) => trace.nodes[node].kind === "operation");
  panel.append(...section(word("forward"), ...operations.flatMap(tellForward)), ...section(word("chain"), ...[...operations].reverse().flatMap(tellBackward)));
  const weights = block.nodes.filter((node) => trace.nodes[node].kind === "parameter");
  for (const node of weights) {
    panel.append(...section(trace.nodes[node].label, tensorView(trace.nodes[node].value)));
    if (trace.nodes[node].gradient !== null) panel.append(...section(`∂${trace.nodes[node].label}`, tensorView(trace.nodes[node].gradient)));
  }
}

function speak() {
  root.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(element.dataset.label));
    element.title = word(element.dataset.label);
  }
  for (const element of document.querySelectorAll("[data-alt]")) element.alt = word(element.dataset.alt);
  at("find").placeholder = isNarrow() ? word("find").replace(" ( / )", "") : word("find");
  at("language").textContent = word("language");
  at("title").textContent = document.title = translated(heading);
  translate();
  show();
  chosen?.();
}

// Finds a value by its name or a prefix of it, also in a closed layer.
function find(name) {
  const labels = trace.nodes.map((node) => node.label.toLowerCase());
  const wanted = name.trim().toLowerCase();
  if (!wanted) return;
  const node = [labels.indexOf(wanted), labels.findIndex((label) => label.startsWith(wanted)), labels.findIndex((label) => label.includes(wanted))].find((index) => index >= 0);
  at("find").setCustomValidity(node === undefined ? word("no_such", name) : "");
  if (!at("find").reportValidity()) return;
  const scope = ancestors(trace.nodes[node].scope || trace.nodes[node].label.split(".").slice(0, -1).join(".")).filter((outer) => openable.has(outer)).pop();
  if (scope && !open.has(scope)) openScope(scope);
  chooseNode(node);
  at("find").blur();
}

// The address stores the selection, so that a link or a reload restores it.
let isRestored = false;
function keep() {
  if (!isRestored) return;
  const state = new URLSearchParams();
  if (open.size) state.set("open", [...open].join(","));
  if (position !== null) state.set("step", position + 1);
  if (looked !== null) state.set("node", trace.nodes[looked].label);
  try { history.replaceState(null, "", `#${state}`); } catch { /* Not everywhere may a page change its address. */ }
}
function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  const asked = (state.get("open") ?? "").split(",").filter((scope) => openable.has(scope));
  if (asked.length) setOpen(asked);
  const node = trace.nodes.findIndex((node) => node.label === state.get("node"));
  node < 0 ? chooseBlock(scene.blocks.length - 1) : chooseNode(node);
  if (state.get("step") > 0) go(state.get("step") - 1);
}

const openAll = () => setOpen(everything.open);
const closeAll = () => setOpen([]);
const actions = {
  fold: closeAll, unfold: openAll, fit, smaller: () => zoom(1 / 1.3), larger: () => zoom(1.3),
  language: () => { language = language === "ko" ? "en" : "ko"; kept("language", language); speak(); },
  forward: () => (timer && !steps[position].isBack ? pause() : play(false)),
  backward: () => (timer && steps[position].isBack ? pause() : play(true)), all: rewind,
  previous: () => { stop(); go(position === null ? steps.length - 1 : position - 1); }, next: () => { stop(); go(position === null ? 0 : position + 1); },
};
for (const [id, act] of Object.entries(actions)) at(id).addEventListener("click", act);
at("position").addEventListener("input", (event) => { stop(); go(Number(event.target.value)); });
at("find").addEventListener("change", (event) => find(event.target.value));
at("find").addEventListener("input", (event) => event.target.setCustomValidity(""));
const keys = { ArrowRight: actions.next, ArrowLeft: actions.previous, "+": actions.larger, "=": actions.larger, "-": actions.smaller, 0: fit, Escape: rewind, "/": () => at("find").focus(), " ": () => (timer ? pause() : play(position !== null && steps[position].isBack)) };
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SUMMARY)$/.test(event.target.tagName)) return;
  if (event.target.tagName === "BUTTON" && event.key === " ") return;
  const block = scene.blocks[document.activeElement?.dataset?.block];
  const inner = around(block);
  if (event.key === "O") openAll();
  else if (event.key === "C") closeAll();
  else if (event.key === "o" && block?.scope && openable.has(block.scope)) openScope(block.scope);
  else if (event.key === "c" && inner) closeScope(inner);
  else if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
});
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; fit(); } });

async function start() {
  learn(scenes);
  draw();
  rewind();
  if (more) learn(JSON.parse(await inflated(more).text()));
  for (const id of ["fold", "unfold"]) at(id).hidden = openable.size === 0;
  at("names").append(...[...new Set(trace.nodes.map((node) => node.label))].map((label) => make("option", { value: label })));
  draw();
  restore();
  speak();
  isRestored = true;
  root.dataset.ready = "true";
}
start();
