// Plays the forward pass from left to right, then the backward pass from right to left, one block per step.
let steps = [];
let position = null;
let timer = null;

function listSteps() {
  const forth = scene.blocks.map((_, block) => ({ block, isBack: false })).filter(({ block }) => scene.blocks[block].kind !== "end");
  const flows = (block) => scene.wires.some((wire) => (wire.to === block || wire.from === block) && wire.gradient !== null);
  const back = scene.blocks.map((_, block) => ({ block, isBack: true })).filter(({ block }) => flows(block)).reverse();
  steps = [...forth, ...back];
  at("position").max = steps.length - 1;
}

function rewind() { stop(); listSteps(); position = null; show(); }
function stop() { clearInterval(timer); timer = null; }
function go(to) { position = Math.max(0, Math.min(steps.length - 1, to)); show(); }
function pause() { stop(); show(); }
// From the beginning, or from the paused step.
function play(isBack) {
  stop();
  const first = steps.findIndex((step) => step.isBack === isBack);
  const other = steps.findIndex((step) => step.isBack);
  const last = isBack || other < 0 ? steps.length - 1 : other - 1;
  if (first < 0) return;
  timer = setInterval(() => (position >= last ? pause() : go(position + 1)), 1600);
  go(position !== null && steps[position].isBack === isBack && position < last ? position : first);
}

function show() {
  const isPlaying = position !== null;
  const step = isPlaying ? steps[position] : null;
  view.setAttribute("class", isPlaying ? `playing ${step.isBack ? "back" : "forth"}` : "");
  const done = new Set(), back = new Set();
  if (isPlaying) steps.slice(0, position + 1).forEach(({ block, isBack }) => (isBack ? back : done).add(block));
  parts.blocks.forEach((part, block) => {
    part.classList.toggle("active", isPlaying && step.block === block);
    part.classList.toggle("done", done.has(block) || (scene.blocks[block].kind === "end" && back.has(block)));
  });
  parts.wires.forEach((part, index) => {
    const wire = scene.wires[index];
    part.classList.toggle("has-value", done.has(wire.from));
    part.classList.toggle("has-gradient", back.has(wire.to));
    part.classList.toggle("active", isPlaying && (step.isBack ? wire.to === step.block && wire.gradient !== null : wire.from === step.block));
  });
  for (const [id, isBack] of [["forward", false], ["backward", true]]) at(id).textContent = word(timer && step.isBack === isBack ? "pause" : `play_${id}`);
  keep();
  at("position").value = isPlaying ? position : steps.length - 1;
  at("count").textContent = isPlaying ? `${position + 1} / ${steps.length}` : "";
  at("previous").disabled = isPlaying && position === 0;
  at("next").disabled = isPlaying && position === steps.length - 1;
  at("telling").replaceChildren(...(isPlaying ? explanation(step) : [make("p", { class: "soft" }, word("hint")), make("p", { class: "soft keys" }, word("keys"))]));
  if (isPlaying) reveal(scene.blocks[step.block]);
}

// A short text for a number or a tensor.
function brief(id) {
  const tensor = trace.tensors[id];
  if (tensor.shape.length === 0 && tensor.values) return exact(asNumber(tensor.values[0]));
  if (tensor.values && tensor.values.length <= 4) return `[${tensor.values.map((x) => exact(asNumber(x))).join(", ")}]`;
  const size = `[${tensor.shape.join(", ")}]`;
  return tensor.summary ? `${size}, ${word("mean")} ${rough(tensor.summary.mean)}, ${word("norm")} ${rough(tensor.summary.norm)}` : size;
}

// "apple × count = 100 × 2 = 200", in the color of its pass.
function equation(left, rule, calculation, id, name) {
  const isExact = calculation && !calculation.is_rough;
  const rest = [rule, isExact && calculation.numbers !== calculation.result ? calculation.numbers : null, calculation && isExact ? calculation.result : brief(id)];
  const lines = [make("code", { class: `code ${name}` }, [left, ...rest.filter(Boolean)].join(" = "))];
  if (calculation && calculation.is_rough) {
    const which = calculation.element ? `${word("element", calculation.element)}: ` : "";
    lines.push(make("code", { class: "code soft" }, `    ${which}${calculation.numbers} ≈ ${calculation.result}`));
  }
  return lines;
}
function tellForward(node) {
  const { label, step, value } = trace.nodes[node];
  return equation(label, step?.formula, step?.numbers, value, "value");
}
function tellBackward(node) {
  const { label, step, meeting, gradient, operation, outputs } = trace.nodes[node];
  if (gradient === null || !step) return [];
  const lines = equation("g", `∂${label}`, null, gradient, "gradient");
  if (meeting) lines.unshift(make("code", { class: "code gradient" }, `g = ${meeting}`));
  if (meeting || outputs.filter((edge) => trace.edges[edge].gradient !== null).length > 1) lines.unshift(make("p", {}, word("meets")));
  const known = step.shares.some((share) => share.rule);
  if (!known && operation.derivative) lines.push(make("code", { class: "code soft" }, operation.derivative));
  for (const share of step.shares) lines.push(...equation(`∂${share.operand}`, share.rule, share.numbers, trace.edges[share.edge].gradient, "gradient"));
  return lines;
}
function explanation({ block, isBack }) {
  const { kind, label, nodes } = scene.blocks[block];
  const inner = nodes.filter((node) => trace.nodes[node].kind === "operation");
  const last = trace.nodes.length - 1;
  if (kind === "end") return [make("p", {}, word("seed", trace.nodes[last].label)), ...equation(`∂${trace.nodes[last].label}`, null, null, trace.nodes[last].gradient, "gradient")];
  if (kind === "leaf") {
    const { label, gradient, meeting, value } = trace.nodes[nodes[0]];
    if (!isBack) return [make("p", {}, word("given", label)), ...equation(label, null, null, value, "value")];
    return [make("p", {}, word("rests", label)), ...(meeting ? [make("p", {}, word("meets"))] : []), ...(gradient === null ? [] : equation(`∂${label}`, meeting, null, gradient, "gradient"))];
  }
  if (kind === "scope") {
    const list = isBack ? [...inner].reverse() : inner;
    return [make("p", {}, word(isBack ? "layer_backward" : "layer_forward", label)), ...list.flatMap(isBack ? tellBackward : tellForward)];
  }
  const node = trace.nodes[nodes[nodes.length - 1]];
  const said = isBack ? (node.gradient === null ? word("no_back", node.label) : word("arrives", node.label)) : `${word("computes", node.label)} ${translated(node.operation.summary ?? "")}`;
  return [make("p", {}, said), ...(isBack ? tellBackward : tellForward)(nodes[nodes.length - 1])];
}
