// The texts of the page in two languages. Texts of operations are translated by `korean.json` if they are in it.
const words = {
  en: {
    language: "한국어", fold_all: "Fold", unfold_all: "Unfold", fold_title: "Close all layers (Shift C)", unfold_title: "Open all layers (Shift O)", fit: "Fit", smaller: "Smaller", larger: "Larger",
    theme: "Light or dark", play_forward: "▶ Forward pass", play_backward: "◀ Backward pass", previous: "One step back",
    next: "One step on", show_all: "Show all", pause: "❚❚ Pause", position: "Step", find: "Find ( / )", find_title: "Find a value by its name", no_such: (n) => `Nothing is called ${n}.`, graph: "graph", overview: "The whole graph: click where to look", legend_value: "above: value →", legend_gradient: "below: ← gradient",
    hint: "Click a box or a line to see its numbers. Play the forward pass, then the backward pass, one step at a time.",
    keys: "Keys: ← → step, Space plays and pauses, / finds, Tab and Enter choose, O opens a layer, C closes it, Shift with them all layers, + − 0 zoom.",
    value: "Value", gradient: "Gradient", gradient_of: (l, n) => `Gradient: ∂${l}/∂${n}`, no_gradient: "No gradient flows here.",
    shape: "shape", minimum: "minimum", mean: "mean", maximum: "maximum", deviation: "deviation", norm: "norm", zeros: "zeros", nans: "not a number",
    formula: "Formula", derivative: "Derivative", attributes: "Attributes", source: "Source", operands: "Operands", used_by: "Used by",
    numbers: "The numbers", copy: "Copy", copied: "Copied", rows_up: "Rows before", rows_down: "Rows behind", columns_left: "Columns before", columns_right: "Columns behind", rounded: "rounded to 7 digits", forward: "Forward", chain: "Chain rule: upstream × local = this",
    inside: "Inside", open: "Open", close: "Close", units: "Each picture holds one unit's weights.", on_line: "On this line", share: "What flows back through this line",
    given: (n) => `${n} is given.`, computes: (n) => `${n} is computed.`, layer_forward: (n) => `The layer ${n} computes, in order:`,
    seed: (n) => `The backward pass begins: the gradient of ${n} with respect to itself is 1.`,
    arrives: (n) => `What arrives at ${n} from upstream is g. The chain rule multiplies it by each local derivative:`,
    layer_backward: (n) => `Back through the layer ${n}, last operation first:`, no_back: (n) => `No gradient flows back through ${n}.`,
    rests: (n) => `Here the gradient of ${n} has arrived.`, meets: "Paths meet: the shares are added.", element: (e) => `for element ${e}`,
    parameter: "parameter", input: "input", constant: "constant", indices: "indices", state: "state", bytes: "bytes", operation: "operation", scope: "layer",
    end: "the result", alt_image: "the image", alt_weights: "what the unit looks for", alt_gradient: "the gradient of the loss, turned around", alt_contributions: "what each pixel adds", alt_filters: "filters", alt_maps: "feature maps", alt_attention: "attention weights",
  },
  ko: {
    language: "English", fold_all: "접기", unfold_all: "펼치기", fold_title: "모든 층 접기 (Shift C)", unfold_title: "모든 층 펼치기 (Shift O)", fit: "맞춤", smaller: "작게", larger: "크게",
    theme: "밝게 또는 어둡게", play_forward: "▶ 순전파", play_backward: "◀ 역전파", previous: "한 단계 뒤로",
    next: "한 단계 앞으로", show_all: "모두 보기", pause: "❚❚ 멈춤", position: "단계", find: "찾기 ( / )", find_title: "이름으로 값 찾기", no_such: (n) => `이름이 ${n}인 것이 없습니다.`, graph: "그래프", overview: "전체 그래프: 볼 곳을 누르세요", legend_value: "위: 값 →", legend_gradient: "아래: ← 기울기",
    hint: "상자나 선을 누르면 그 숫자가 보입니다. 순전파를 먼저, 이어서 역전파를 한 단계씩 재생해 보세요.",
    keys: "단축키: ← → 한 단계, 스페이스 재생과 멈춤, / 찾기, Tab과 Enter로 선택, O 층 펼치기, C 층 접기, Shift와 함께 누르면 모든 층, + − 0 확대와 축소.",
    value: "값", gradient: "기울기", gradient_of: (l, n) => `기울기: ∂${l}/∂${n}`, no_gradient: "이곳으로는 기울기가 흐르지 않습니다.",
    shape: "형상", minimum: "최솟값", mean: "평균", maximum: "최댓값", deviation: "표준편차", norm: "노름", zeros: "0의 비율", nans: "NaN 개수",
    formula: "수식", derivative: "국소적 미분", attributes: "속성", source: "소스 위치", operands: "입력", used_by: "출력이 쓰이는 곳",
    numbers: "모든 숫자", copy: "복사", copied: "복사함", rows_up: "앞의 행", rows_down: "뒤의 행", columns_left: "앞의 열", columns_right: "뒤의 열", rounded: "유효숫자 7자리로 반올림", forward: "순전파", chain: "연쇄법칙: 상류의 기울기 × 국소적 미분 = 이 기울기",
    inside: "층의 내부", open: "펼치기", close: "접기", units: "그림 하나가 뉴런 하나의 가중치입니다.", on_line: "이 선 위의 값", share: "이 선을 따라 되돌아 흐르는 기울기",
    given: (n) => `${n}: 주어진 값입니다.`, computes: (n) => `${n}의 값을 계산합니다.`, layer_forward: (n) => `${n} 계층이 차례로 계산합니다.`,
    seed: (n) => `역전파를 시작합니다. ${n}의 자기 자신에 대한 기울기는 1입니다.`,
    arrives: (n) => `상류에서 ${n}에 도착한 기울기를 g라 합니다. 연쇄법칙에 따라 g에 각 국소적 미분을 곱해 하류로 보냅니다.`,
    layer_backward: (n) => `${n} 계층을 마지막 연산부터 거꾸로 지나갑니다.`, no_back: (n) => `${n}(으)로는 기울기가 흐르지 않습니다.`,
    rests: (n) => `${n}에 대한 기울기가 구해졌습니다.`, meets: "갈래가 만나는 곳이므로 기울기를 더합니다.", element: (e) => `원소 ${e}에서`,
    parameter: "매개변수", input: "입력", constant: "상수", indices: "인덱스", state: "상태", bytes: "바이트", operation: "연산", scope: "계층",
    end: "결과", alt_image: "이미지", alt_weights: "뉴런이 찾는 무늬", alt_gradient: "뒤집은 손실의 기울기", alt_contributions: "화소마다 더한 값", alt_filters: "필터", alt_maps: "특징 맵", alt_attention: "어텐션 가중치",
  },
};
let language = kept("language") ?? ((navigator.language || "en").startsWith("ko") ? "ko" : "en");
const word = (name, ...given) => (typeof words[language][name] === "function" ? words[language][name](...given) : words[language][name] ?? name);

// An element with attributes and children; strings become text nodes, never HTML.
function make(name, attributes = {}, ...children) {
  const isSvg = ["svg", "g", "rect", "path", "text", "image", "circle", "title"].includes(name);
  const element = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}
// The annotations of the figure's lines: numbers, and these few words.
const figureWords = { norm: "노름", to: "~", all: "모두", shape: "형상", mean: "평균", total: "합계", of: "/" };
const written = (text) => (language === "ko" ? text.split(" ").map((part) => figureWords[part] ?? part).join(" ") : text);

const at = (id) => document.getElementById(id);
