// Draws the figure: a scene laid out by the engine; opens and closes layers.
const figure = at("figure");
const view = at("view");
let open = new Set();
let scene = scenes[0];
let place = { x: 0, y: 0, scale: 1 };
const parts = { blocks: [], wires: [] };
let openable = new Set();
let everything = scenes[0];

const key = (scopes) => [...scopes].sort().join("\n");
const known = new Map();
const ancestors = (scope) => scope.split(".").map((_, i, all) => all.slice(0, i + 1).join("."));
const isInside = (scope, outer) => scope === outer || scope.startsWith(`${outer}.`);

function learn(scenes) {
  for (const scene of scenes) {
    known.set(key(scene.open), scene);
    scene.open.forEach((scope) => openable.add(scope));
    if (scene.open.length > everything.open.length) everything = scene;
  }
}

// The scene with these scopes open; later ones have priority. With many layers, not every combination has a layout: then as
// many stay open as a scene exists for, including `must` and excluding `never`.
function setOpen(scopes, must, never) {
  const wanted = [...scopes];
  const score = ({ open }) => open.reduce((sum, scope) => sum + (wanted.includes(scope) ? 1 + wanted.indexOf(scope) / 1000 : -2), 0);
  const fits = ({ open }) => (!must || open.includes(must)) && (!never || !open.includes(never));
  const best = known.get(key(wanted)) ?? [...known.values()].filter(fits).reduce((best, scene) => (!best || score(scene) > score(best) ? scene : best), null);
  scene = best ?? scenes[0];
  open = new Set(wanted.filter((scope) => scene.open.includes(scope)).concat(scene.open.filter((scope) => !wanted.includes(scope))));
  draw();
  rewind();
}
function openScope(scope) { change(scope, () => setOpen(new Set([...open, ...ancestors(scope).filter((outer) => openable.has(outer))]), scope)); }
function closeScope(scope) { change(scope, () => setOpen([...open].filter((other) => !isInside(other, scope)), null, scope)); }

// The rectangle of a scope: its box, its frame, or its blocks.
function sight(scope) {
  const frame = scene.frames.find((frame) => frame.scope === scope);
  const inside = scene.blocks.filter((block) => block.scope === scope || block.nodes.some((node) => isInside(trace.nodes[node].scope, scope)));
  return frame?.place ?? inside.find((block) => block.kind !== "leaf")?.place ?? inside[0]?.place;
}
// Opens or closes a scope and keeps its position on the screen, as far as all of it is visible.
function change(scope, act) {
  const before = sight(scope);
  const corner = before && [place.x + before[0] * place.scale, place.y + (before[1] + before[3] / 2) * place.scale];
  const { scale } = place;
  act();
  const after = sight(scope);
  if (!isWhole() && corner && after) {
    place = { scale, x: corner[0] - after[0] * scale, y: corner[1] - (after[1] + after[3] / 2) * scale };
    move();
  }
  const index = scene.blocks.findIndex((block) => block.kind !== "leaf" && block.nodes.some((node) => isInside(trace.nodes[node].scope, scope)));
  parts.blocks[index]?.focus({ preventScroll: true });
  if (!isWhole() && index >= 0) reveal(scene.blocks[index]);
}
// The innermost open layer of a block.
function around(block) {
  const scope = block && block.nodes.length ? trace.nodes[block.nodes[block.nodes.length - 1]].scope : "";
  return ancestors(scope).filter((outer) => open.has(outer)).pop();
}

// A line with rounded corners.
function path(points) {
  const toward = ([x, y], [u, v], length) => { const whole = Math.abs(u - x) + Math.abs(v - y) || 1; return [x + ((u - x) * length) / whole, y + ((v - y) * length) / whole]; };
  const apart = ([x, y], [u, v]) => Math.abs(u - x) + Math.abs(v - y);
  return points.map((point, i) => {
    if (i === 0) return `M${point}`;
    if (i === points.length - 1) return `L${point}`;
    const corner = Math.min(7, apart(points[i - 1], point) / 2, apart(point, points[i + 1]) / 2);
    return `L${toward(point, points[i - 1], corner)}Q${point} ${toward(point, points[i + 1], corner)}`;
  }).join("");
}

function drawWire(wire, index) {
  const [x, y] = wire.points[wire.points.length - 1];
  const line = path(wire.points);
  const group = make("g", { class: "wire", "data-wire": index, onclick: () => chooseWire(index) },
    make("path", { class: "hit", d: line }), make("path", { class: "line", d: line }), make("path", { class: "head", d: `M${x} ${y}l-8 -4.5v9z` }));
  [[wire.value, "of-value"], [wire.gradient, "of-gradient"]].forEach(([tensor, name], i) => {
    const [area, picture] = [wire.pictures[i], pictures[tensor]];
    if (!area || !picture) return;
    const [w, h] = picture.size;
    group.append(make("image", { class: name, x: area[0] + (area[2] - w) / 2, y: i ? area[1] + 2 : area[1] + area[3] - h - 2, width: w, height: h, preserveAspectRatio: "none", href: picture.address }));
  });
  for (const { at: [u, v], text, is_gradient } of wire.words) group.append(make("text", { class: is_gradient ? "gradient" : "value", x: u, y: v, "data-text": text }, written(text)));
  return group;
}

// The label of a given value without a name is its kind.
const called = (block) => (block.kind === "leaf" && !trace.nodes[block.nodes[0]].name ? word(block.label) : block.label);
function drawBlock(block, index) {
  const [x, y, w, h] = block.place;
  const isBox = block.kind === "operation" || block.kind === "scope";
  const isSymbol = block.kind === "operation" && [...block.label].length === 1;
  const group = make("g", { class: `block ${block.kind}`, "data-block": index, tabindex: 0, role: "button", "aria-label": called(block) || word(block.kind), onclick: () => chooseBlock(index) },
    make("rect", { class: "body", x, y, width: w, height: h, rx: isBox ? 8 : h / 2 }),
    make("text", { class: isSymbol ? "symbol" : "label", x: x + w / 2, y: y + h / 2 }, called(block)));
  if (block.below) group.append(make("text", { class: "gradient", x: x + w / 2, y: y + h + 8, "data-text": block.below }, written(block.below)));
  if (block.scope && openable.has(block.scope)) {
    group.append(toggle(x + w, y, "+", () => openScope(block.scope), word("open")));
    group.addEventListener("dblclick", () => openScope(block.scope));
  }
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { chooseBlock(index); event.preventDefault(); }
  });
  return group;
}
function toggle(x, y, sign, act, label) {
  return make("g", { class: "toggle", role: "button", "aria-label": label, onclick: (event) => { event.stopPropagation(); act(); } },
    make("circle", { class: "near", cx: x, cy: y, r: 16 }), make("circle", { cx: x, cy: y, r: 9 }), make("text", { x, y: y + 0.5 }, sign));
}
function drawFrame({ scope, place: [x, y, w, h] }) {
  return make("g", { class: "frame", "data-scope": scope },
    make("rect", { x, y, width: w, height: h, rx: 12 }), make("text", { x: x + 6, y: y - 9 }, scope), toggle(x + w, y, "−", () => closeScope(scope), word("close")));
}

function draw() {
  parts.blocks = scene.blocks.map(drawBlock);
  parts.wires = scene.wires.map(drawWire);
  view.replaceChildren(...scene.frames.map(drawFrame), ...parts.wires, ...parts.blocks);
  drawMap();
  fit();
}
// Redraws the figure in the other language.
function translate() {
  figure.setAttribute("aria-label", translated(heading));
  for (const text of view.querySelectorAll("[data-text]")) text.textContent = written(text.dataset.text);
  for (const sign of view.querySelectorAll(".toggle")) sign.setAttribute("aria-label", word(sign.closest(".frame") ? "close" : "open"));
  parts.blocks.forEach((part, index) => {
    const block = scene.blocks[index];
    part.setAttribute("aria-label", called(block) || word(block.kind));
    part.querySelector(".label, .symbol").textContent = called(block);
  });
}
