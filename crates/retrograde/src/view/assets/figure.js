// The figure: a scene laid out by the engine, drawn, moved and zoomed.
const figure = at("figure");
const view = at("view");
let open = new Set();
let scene = scenes[0];
let place = { x: 0, y: 0, scale: 1 };
const parts = { blocks: [], wires: [] };
let openable = new Set();
let everything = scenes[0];

const key = (scopes) => [...scopes].sort().join("\n");
const known = new Map(scenes.map((scene) => [key(scene.open), scene]));
const ancestors = (scope) => scope.split(".").map((_, i, all) => all.slice(0, i + 1).join("."));

// With other scopes open; where that was not laid out, only the last one opened stays so.
function setOpen(scopes, last) {
  open = known.has(key(scopes)) ? new Set(scopes) : new Set(last && known.has(key(ancestors(last))) ? ancestors(last) : []);
  scene = known.get(key(open)) ?? scenes[0];
  draw();
  rewind();
}
function openScope(scope) { setOpen(new Set([...open, scope]), scope); }
function closeScope(scope) { setOpen(new Set([...open].filter((other) => other !== scope && !other.startsWith(scope + ".")))); }

// A line with round corners.
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
    const [room, picture] = [wire.pictures[i], pictures[tensor]];
    if (!room || !picture) return;
    const [w, h] = picture.size;
    group.append(make("image", { class: name, x: room[0] + (room[2] - w) / 2, y: i ? room[1] + 2 : room[1] + room[3] - h - 2, width: w, height: h, preserveAspectRatio: "none", href: picture.address }));
  });
  for (const { at: [u, v], text, is_gradient } of wire.words) group.append(make("text", { class: is_gradient ? "gradient" : "value", x: u, y: v }, text));
  return group;
}

function drawBlock(block, index) {
  const [x, y, w, h] = block.place;
  const isBox = block.kind === "operation" || block.kind === "scope";
  const isSymbol = block.kind === "operation" && [...block.label].length === 1;
  const group = make("g", { class: `block ${block.kind}`, "data-block": index, tabindex: 0, role: "button", "aria-label": block.label || word(block.kind), onclick: () => chooseBlock(index) },
    make("rect", { class: "body", x, y, width: w, height: h, rx: isBox ? 8 : h / 2 }),
    make("text", { class: isSymbol ? "symbol" : "label", x: x + w / 2, y: y + h / 2 }, block.label));
  if (block.below) group.append(make("text", { class: "gradient", x: x + w / 2, y: y + h + 8 }, block.below));
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
    make("circle", { cx: x, cy: y, r: 9 }), make("text", { x, y: y + 0.5 }, sign));
}
function drawFrame({ scope, place: [x, y, w, h] }) {
  return make("g", { class: "frame", "data-scope": scope },
    make("rect", { x, y, width: w, height: h, rx: 12 }), make("text", { x: x + 6, y: y - 9 }, scope), toggle(x + w, y, "−", () => closeScope(scope), word("close")));
}

function draw() {
  parts.blocks = scene.blocks.map(drawBlock);
  parts.wires = scene.wires.map(drawWire);
  view.replaceChildren(...scene.frames.map(drawFrame), ...parts.wires, ...parts.blocks);
  figure.setAttribute("aria-label", heading);
  fit();
}

function move() { view.setAttribute("transform", `translate(${place.x.toFixed(2)} ${place.y.toFixed(2)}) scale(${place.scale.toFixed(4)})`); }
// All of it, as long as it can be read; else its beginning.
function fit() {
  const [w, h] = scene.size;
  const { width, height } = figure.getBoundingClientRect();
  const scale = Math.max(Math.min(width / w, (height - 24) / h, 1.7), Math.min(0.7, (height - 24) / h));
  place = { scale, x: Math.max(0, (width - w * scale) / 2), y: Math.max(0, (height - h * scale) / 2) };
  move();
}
function zoom(factor, x, y) {
  const box = figure.getBoundingClientRect();
  const [u, v] = [x === undefined ? box.width / 2 : x - box.left, y === undefined ? box.height / 2 : y - box.top];
  const scale = Math.max(0.1, Math.min(8, place.scale * factor));
  place = { scale, x: u - ((u - place.x) * scale) / place.scale, y: v - ((v - place.y) * scale) / place.scale };
  move();
}
// Moves no further than needed for a block to be seen with what stands beside it.
function reveal(block) {
  const { width, height } = figure.getBoundingClientRect();
  const [x, y, w, h] = block.place;
  const shift = (from, to, room, margin) => {
    if (from >= 8 && to <= room - 8) return 0;
    return to - from + 2 * margin > room ? room / 2 - (from + to) / 2 : Math.max(0, margin - from) - Math.max(0, to + margin - room);
  };
  place.x += shift(place.x + x * place.scale, place.x + (x + w) * place.scale, width, Math.min(180, width / 3));
  place.y += shift(place.y + y * place.scale, place.y + (y + h) * place.scale, height, 60);
  move();
}

// One pointer moves, two zoom. A pointer that hardly moves is a click, which is left to what it hits.
const pointers = new Map();
figure.addEventListener("pointerdown", (event) => pointers.set(event.pointerId, [event.clientX, event.clientY]));
addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = [event.clientX, event.clientY];
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const apart = ([x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
    zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  } else {
    place.x += now[0] - before[0];
    place.y += now[1] - before[1];
    move();
  }
  pointers.set(event.pointerId, now);
});
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, (event) => pointers.delete(event.pointerId));
figure.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 500), event.clientX, event.clientY); }, { passive: false });
