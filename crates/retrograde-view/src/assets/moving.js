// The visible part of the figure: panning, zooming, and an overview. The overview is shown while the figure does not fit; a
// click in it moves there.
const map = at("map");
const window_ = make("rect", { class: "window", rx: 3 });
function drawMap() {
  const [w, h] = scene.size;
  map.setAttribute("viewBox", `0 0 ${w} ${h}`);
  const box = ({ kind, place: [x, y, width, height] }) => make("rect", { class: kind, x, y, width, height, rx: 4 });
  const line = ({ points }) => make("path", { d: `M${points.join("L")}` });
  map.replaceChildren(...scene.wires.map(line), ...scene.blocks.map(box), window_);
  // On a phone it is below the figure, beside the legend.
  const [wide, high] = isNarrow() ? [130, 38] : [220, 70];
  map.style.width = `${Math.min(wide, (high * w) / h)}px`;
  map.style.aspectRatio = `${w} / ${h}`;
}
const isNarrow = () => innerWidth <= 860;
const viewport = () => figure.getBoundingClientRect();
function isWhole() {
  const { width, height } = viewport();
  const [left, top, right, bottom] = [place.x, place.y, place.x + scene.size[0] * place.scale, place.y + scene.size[1] * place.scale];
  return left >= -8 && top >= -8 && right <= width + 8 && bottom <= height + 8;
}
function look(event) {
  if (event.type === "pointermove" && !event.buttons) return;
  const box = map.getBoundingClientRect();
  const { width, height } = viewport();
  const [u, v] = [((event.clientX - box.left) / box.width) * scene.size[0], ((event.clientY - box.top) / box.height) * scene.size[1]];
  place.x = width / 2 - u * place.scale;
  place.y = height / 2 - v * place.scale;
  move();
}
for (const name of ["pointerdown", "pointermove"]) map.addEventListener(name, look);

function move() {
  view.setAttribute("transform", `translate(${place.x.toFixed(2)} ${place.y.toFixed(2)}) scale(${place.scale.toFixed(4)})`);
  const { width, height } = viewport();
  const shown = { x: -place.x / place.scale, y: -place.y / place.scale, width: width / place.scale, height: height / place.scale };
  for (const [name, value] of Object.entries(shown)) window_.setAttribute(name, value.toFixed(1));
  map.toggleAttribute("hidden", isWhole());
}
// All of it, if that is readable; otherwise its beginning.
function fit() {
  const [w, h] = scene.size;
  const least = isNarrow() ? 0.85 : 0.7;
  // On a phone the page itself scrolls, so the figure takes only the space that it needs.
  at("stage").style.height = isNarrow() ? `${Math.max(250, Math.min(0.6 * innerHeight, h * least + 90))}px` : "";
  const { width, height } = viewport();
  const scale = Math.max(Math.min(width / w, (height - 24) / h, 1.7), least);
  place = { scale, x: Math.max(0, (width - w * scale) / 2), y: Math.max(0, (height - (isNarrow() ? 0 : 24) - h * scale) / 2) };
  move();
}
function zoom(factor, x, y) {
  const box = viewport();
  const [u, v] = [x === undefined ? box.width / 2 : x - box.left, y === undefined ? box.height / 2 : y - box.top];
  const scale = Math.max(0.1, Math.min(8, place.scale * factor));
  place = { scale, x: u - ((u - place.x) * scale) / place.scale, y: v - ((v - place.y) * scale) / place.scale };
  move();
}
// Moves no further than needed to show a block with its neighbors, and not below the overview.
function reveal(block) {
  const { width } = viewport();
  const height = viewport().height - (isNarrow() || isWhole() ? 0 : map.getBoundingClientRect().height + 14);
  const [x, y, w, h] = block.place;
  const shift = (from, to, size, margin) => {
    if (from >= 8 && to <= size - 8) return 0;
    return to - from + 2 * margin > size ? size / 2 - (from + to) / 2 : Math.max(0, margin - from) - Math.max(0, to + margin - size);
  };
  place.x += shift(place.x + x * place.scale, place.x + (x + w) * place.scale, width, Math.min(180, width / 3));
  place.y += shift(place.y + y * place.scale, place.y + (y + h) * place.scale, height, 60);
  move();
}

// One pointer pans, two zoom. A pointer that hardly moves is a click.
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
