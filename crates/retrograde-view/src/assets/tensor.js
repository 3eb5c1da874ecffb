// Tensors: unpacks their elements on demand, and shows them in the panel.
const { document: trace, scenes, more, pictures, korean, heading } = JSON.parse(at("data").textContent);
// A heading may begin with the name of its subject.
function translated(text) {
  if (language !== "ko") return text;
  const [, name, said] = text.match(/^(.*: )?(.*)$/s);
  return korean[text] ?? (korean[said] ? name + korean[said] : text);
}

// Decodes data packed by zlib in base 64.
function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
}

const asNumber = (x) => (typeof x === "string" ? Number(x) : x);
const unpacked = new Map();
async function numbers(id) {
  const tensor = trace.tensors[id];
  if (tensor.values) return tensor.values.map(asNumber);
  if (!unpacked.has(id)) unpacked.set(id, unpack(tensor));
  return unpacked.get(id);
}
async function unpack({ packed, precision, shape }) {
  const planes = new Uint8Array(await inflated(packed).arrayBuffer());
  const count = shape.reduce((product, length) => product * length, 1);
  const size = precision === "f64" ? 8 : 4;
  const whole = new Uint8Array(planes.length);
  for (let place = 0; place < size; place++) for (let i = 0; i < count; i++) whole[i * size + place] = planes[place * count + i];
  const view = new DataView(whole.buffer);
  return Array.from({ length: count }, (_, i) => (size === 8 ? view.getFloat64(i * 8, true) : view.getFloat32(i * 4, true)));
}

const exact = (x) => (Number.isNaN(x) ? "NaN" : Object.is(x, -0) ? "-0" : String(x));
const digits = (x, precision) => {
  const tensor = Number(x);
  return precision === "f32" ? String(Number(tensor.toPrecision(7))) : exact(tensor);
};
const rough = (x) => (typeof x === "string" ? x : String(Number(x.toPrecision(4))));

// The indices of an element: [0, 3].
function indices(element, shape) {
  const found = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    found.unshift(element % shape[axis]);
    element = Math.floor(element / shape[axis]);
  }
  return `[${found.join(", ")}]`;
}

// The element at a pixel of a picture, or -1.
function elementAt(picture, shape, column, row) {
  if (picture.kind === "numbers") return row * picture.pixels[0] + column;
  const { tile: [height, width], across } = picture;
  const [number, x, y] = [Math.floor(row / (height + 1)) * across + Math.floor(column / (width + 1)), column % (width + 1), row % (height + 1)];
  if (x === width || y === height) return -1;
  return picture.kind === "images" ? number * height * width + y * width + x : (y * width + x) * shape[1] + number;
}

function tensorView(id) {
  const tensor = trace.tensors[id];
  const view = make("div", { class: "tensor", "data-tensor": id });
  const count = tensor.shape.reduce((product, length) => product * length, 1);
  if (tensor.kind === "bytes") return make("p", {}, `${word("shape")} [${tensor.shape.join(", ")}]`);
  if (tensor.shape.length === 0 && tensor.values) {
    view.append(make("output", { class: "number" }, exact(asNumber(tensor.values[0]))));
    return view;
  }
  const picture = pictures[id];
  if (picture) view.append(pictureView(picture, id, tensor));
  const facts = make("dl", {});
  const fact = (name, text) => facts.append(make("dt", {}, word(name)), make("dd", { "data-fact": name }, text));
  fact("shape", `[${tensor.shape.join(", ")}]`);
  const summary = tensor.summary;
  if (summary) {
    for (const name of ["minimum", "mean", "maximum", "deviation", "norm"]) fact(name, rough(summary[name]));
    fact("zeros", `${((100 * summary.zeros) / count).toFixed(1)} %`);
    if (summary.nans) fact("nans", String(summary.nans));
  }
  view.append(facts);
  if (summary && summary.histogram.length) view.append(histogram(summary));
  if (count > 0) view.append(table(id, tensor, count));
  return view;
}

function pictureView(picture, id, tensor) {
  const zoom = Math.max(1, Math.min(10, Math.floor(360 / picture.pixels[0])));
  const readout = make("output", { class: "soft", style: "font-size:12px;display:block;min-height:1.5em" });
  const image = make("img", { class: "picture", alt: "", src: picture.full ?? picture.address, style: `width:${picture.pixels[0] * zoom}px;min-height:${picture.kind === "numbers" ? 12 : 0}px` });
  image.addEventListener("pointermove", async (event) => {
    const box = image.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * picture.pixels[0]);
    const row = Math.floor(((event.clientY - box.top) / box.height) * picture.pixels[1]);
    const element = elementAt(picture, tensor.shape, column, row);
    const values = await numbers(id);
    readout.textContent = element >= 0 && element < values.length ? `${indices(element, tensor.shape)} = ${digits(values[element], tensor.precision)}` : "";
  });
  return make("div", {}, image, readout, picture.kind === "units" ? make("p", { class: "soft" }, word("units")) : null);
}

function histogram({ histogram, minimum, maximum }) {
  const most = Math.max(...histogram);
  const bars = histogram.map((count, i) => {
    const height = count ? Math.max(1, (46 * count) / most) : 0;
    return make("rect", { x: i * 10 + 1, y: 48 - height, width: 8, height }, make("title", {}, String(count)));
  });
  const axis = make("path", { d: `M0 48.5H${10 * histogram.length}`, stroke: "currentColor", "stroke-width": 0.7 });
  const svg = make("svg", { class: "histogram soft", viewBox: `0 0 ${10 * histogram.length} 50`, preserveAspectRatio: "none", role: "img", "aria-label": `${rough(minimum)} … ${rough(maximum)}` }, ...bars, axis);
  return svg;
}

// Nested lists, as NumPy reads them.
function nested(values, shape) {
  if (shape.length === 0) return values[0];
  let list = values;
  for (const length of shape.slice(1).reverse()) list = Array.from({ length: list.length / length || 0 }, (_, i) => list.slice(i * length, (i + 1) * length));
  return list;
}

// A view of the elements, filled when it is opened.
function table(id, tensor, count) {
  const columns = tensor.shape[tensor.shape.length - 1] ?? 1;
  const rows = Math.ceil(count / columns);
  const [high, wide] = [12, 4];
  let [row, column] = [0, 0];
  const body = make("table", {});
  const show = async () => {
    const values = await numbers(id);
    const last = [Math.min(rows, row + high), Math.min(columns, column + wide)];
    const head = make("tr", {}, make("th", {}), ...Array.from({ length: last[1] - column }, (_, c) => make("th", {}, String(column + c))));
    const lines = Array.from({ length: last[0] - row }, (_, r) =>
      make("tr", {}, make("th", {}, String(row + r)),
        ...Array.from({ length: last[1] - column }, (_, c) => {
          const text = digits(values[(row + r) * columns + column + c], tensor.precision);
          return make("td", { title: text }, text);
        })));
    body.replaceChildren(head, ...lines);
  };
  const move = (down, right) => () => {
    row = Math.max(0, Math.min(row + down, rows - 1 - ((rows - 1) % high)));
    column = Math.max(0, Math.min(column + right, columns - 1 - ((columns - 1) % wide)));
    show();
  };
  const arrows = [["←", 0, -wide, columns > wide, "columns_left"], ["→", 0, wide, columns > wide, "columns_right"], ["↑", -high, 0, rows > high, "rows_up"], ["↓", high, 0, rows > high, "rows_down"]];
  const buttons = arrows.filter((arrow) => arrow[3]).map(([text, down, right, , name]) => make("button", { onclick: move(down, right), title: word(name), "aria-label": word(name) }, text));
  buttons.push(make("button", { class: "copy", title: "JSON", onclick: async (event) => {
    const button = event.target;
    await navigator.clipboard.writeText(JSON.stringify(nested((await numbers(id)).map((x) => (Number.isFinite(x) ? x : String(x))), tensor.shape)));
    button.textContent = word("copied");
  } }, word("copy")));
  const note = tensor.precision === "f32" ? make("p", { class: "soft" }, word("rounded")) : null;
  const details = make("details", { class: "numbers" }, make("summary", {}, `${word("numbers")} (${count})`), make("div", { class: "tools" }, ...buttons), body, note);
  details.addEventListener("toggle", () => details.open && show());
  return details;
}
