"""The package's own sentences in English and in Korean, by their ids. In Korean, (은/는), (이/가), (을/를), (과/와) and
(으로/로) are particles that follow the word before them."""

TABLE = {
    # Headings and labels of a report.
    "how": ("how I read your code:", "코드를 이렇게 읽었습니다:"),
    "how-title": ("How I read your code", "코드를 읽은 방법"),
    "how-summary": ("how I read your code, and the method", "코드를 읽은 방법과 확인 방법"),
    "lines": ("your lines:", "해당 줄:"),
    "so": ("← so", "← 이렇게"),
    "so-label": ("so", "이렇게"),
    "place": ("{file}, line {line}, in {function}", "{file}, {line}행, {function}"),
    "code": ("the code", "코드"),
    "right": ("right", "올바른 식"),
    "help": ("help", "해결"),
    "training": ("training", "학습"),
    "evidence": ("evidence", "근거"),
    "severity-fault": ("fault", "오류"),
    "severity-warning": ("warning", "경고"),
    "severity-remark": ("remark", "참고"),
    "column-gradient": ("gradient", "기울기"),
    "column-analytic": ("analytic", "코드의 값"),
    "column-numeric": ("numeric", "수치 미분"),
    "column-largest": ("largest error", "최대 오차"),
    "column-cosine": ("cosine", "코사인"),
    "column-verdict": ("verdict", "판정"),
    "verdict-right": ("right", "맞음"),
    "verdict-wrong": ("wrong", "틀림"),
    "verdict-kink": ("a kink", "꺾인 점"),
    "verdict-together": ("right together", "함께 맞음"),
    "verdict-rounding": ("rounding", "반올림"),
    "verdict-not_deterministic": ("not deterministic", "값이 일정하지 않음"),
    "verdict-not_differentiable": ("not differentiable here", "미분 불가"),
    "verdict-inconclusive": ("inconclusive", "판단 불가"),
    # What the code was taken for.
    "is-function": ("{name}: a function; {call} → a number and its gradient", "{name}: 함수. {call} → 수와 그 기울기"),
    "is-loss-function": ("{name}: a loss; {call} → a number and its gradient", "{name}: 손실. {call} → 수와 그 기울기"),
    "is-loss-and-gradients": ("{call} → (loss, gradients)", "{call} → (손실, 기울기)"),
    "is-number-and-gradients": ("{call} → a number, {other} → gradients", "{call} → 수, {other} → 기울기"),
    "is-number-and-gradient": ("{call} → a number, {other} → its gradient", "{call} → 수, {other} → 그 기울기"),
    "is-slope": ("{call} → an array, {other} → its derivative at {where}", "{call} → 배열, {other} → {where}에서의 도함수"),
    "the-output": ("the output", "출력"),
    "is-pair": ("{call} → {out}, cache; {back}", "{call} → {out}, 캐시. {back}"),
    "is-pair-by-name": ("{call} → out, cache; {other} → gradients by name", "{call} → out, 캐시. {other} → 이름별 기울기"),
    "one-output": ("one output", "출력 하나"),
    "outputs": ("{count} outputs", "출력 {count}개"),
    "is-layer": ("{name}: a layer; {call} → {out}, {back}", "{name}: 계층. {call} → {out}, {back}"),
    "is-loss": ("{name}: a loss; {call} → a number, {back}", "{name}: 손실. {call} → 수, {back}"),
    "is-three": ("{names}: forward, the loss, and the gradients of a network", "{names}: 신경망의 순전파, 손실, 기울기"),
    "is-network": ("{name}: a network; {calls}", "{name}: 신경망. {calls}"),
    "is-network-of": ("{name}: a network; {calls}; layers {layers}", "{name}: 신경망. {calls}. 계층 {layers}"),
    "calls-gradient": ("{loss}(x, t) and {gradient}(x, t)", "{loss}(x, t)(과/와) {gradient}(x, t)"),
    "calls-loss": ("{loss}(x, t) → the loss and the gradients", "{loss}(x, t) → 손실과 기울기"),
    "is-context": ("{name}: a function with a context; {call}, {back}", "{name}: 컨텍스트를 쓰는 함수. {call}, {back}"),
    "is-rule": ("{name}: a function with a derivative of its own; {call}, through {library}", "{name}: 미분 규칙을 따로 정한 함수. {call}, {library}로 호출"),
    "is-module": (
        "{name}: a torch module; {call}; functions of its own inside: {inside}",
        "{name}: torch 모듈. {call}. 안에 있는 사용자 정의 함수: {inside}",
    ),
    "is-operation": ("{name}: an operation of an engine; {call}, {back}", "{name}: 엔진의 연산. {call}, {back}"),
    "is-left": ("{name}: a function; {call}, {back}, which leaves gradients as .g", "{name}: 함수. {call}, 기울기를 .g에 남기는 {back}"),
    "is-left-layer": ("{name}: a layer; {call}, {back}, which leaves gradients as .g", "{name}: 계층. {call}, 기울기를 .g에 남기는 {back}"),
    "is-values": (
        "{name}: a function of {kind} objects; backward() of what it returns",
        "{name}: {kind} 객체의 함수. 반환값의 backward()",
    ),
    # What is compared.
    "by": ("compared: the gradient by {names}", "비교: {names}에 대한 기울기"),
    "by-guessed": ("compared: the gradient by {names} (wrt= says otherwise)", "비교: {names}에 대한 기울기(다르면 wrt=로 지정)"),
    "of": ("compared: the gradients of {names}", "비교: {names}의 기울기"),
    "of-by-shape": (
        "compared: the gradients of {names}; by their shapes: {guessed} (params= says otherwise)",
        "비교: {names}의 기울기. 모양으로 짝지은 것: {guessed}(다르면 params=로 지정)",
    ),
    "of-in-order": ("compared: the gradients of {names}, in forward's order", "비교: {names}의 기울기(forward의 인수 순서대로)"),
    "of-grad": ("compared: the gradients (grad) of {names}", "비교: {names}의 기울기(grad)"),
    "of-first": ("compared: the gradient of the first argument, {name}", "비교: 첫째 인수의 기울기 {name}"),
    "of-second": ("compared: the gradient of the second argument, {name}", "비교: 둘째 인수의 기울기 {name}"),
    "slope-times": ("compared: dout times {slope} with the gradient", "비교: dout에 {slope}(을/를) 곱한 값과 기울기"),
    "pair": ("{value} ({gradient})", "{value}({gradient})"),
    "step": ("the step of the update", "갱신량"),
    # What is held, and notes.
    "held": ("held: {names}", "고정: {names}"),
    "held-as": ("held: {name}, {kind}", "고정: {name}, {kind}"),
    "held-labels": ("held: t, {kind}, taken for {taken}", "고정: t, {kind}, {taken}(으로/로) 봅니다"),
    "rows": ("rows", "행별 분포"),
    "classes": ("classes", "클래스"),
    "targets": ("targets", "목푯값"),
    "held-x-and-t": ("held: x, {x}, and t, {t}", "고정: x, {x}; t, {t}"),
    "held-nothing": ("nothing else is held", "그 밖에 고정한 값은 없습니다"),
    "held-graph": (
        "the graph is built again in each call; the sum of the outputs is the loss",
        "그래프는 호출마다 다시 만들고, 출력의 합을 손실로 봅니다",
    ),
    "loss-is": ("the loss is {name}", "손실은 {name}입니다"),
    "loss-is-squares": (
        "the loss is taken for ½‖a − y‖², as its derivative is a − y (loss= says otherwise)",
        "도함수가 a − y이므로 손실을 ½‖a − y‖²로 봅니다(다르면 loss=로 지정)",
    ),
    "note-end": (
        "backward takes no upstream gradient; at the end of the graph that is 1",
        "backward가 상류 기울기를 받지 않습니다. 그래프의 끝에서는 그 값이 1입니다",
    ),
    "note-updates": (
        "{backward} updates the parameters itself; the gradient is the step over the learning rate",
        "{backward}(이/가) 매개변수를 직접 갱신하므로, 갱신량을 학습률로 나눈 값을 기울기로 봅니다",
    ),
    "note-adds": (
        "gradients add up by design; they are set to 0 before each backward",
        "기울기가 더해지도록 만든 코드이므로, backward 전에 매번 0으로 둡니다",
    ),
    "note-state": (
        "what earlier calls left behind is put back before each forward",
        "이전 호출이 남긴 상태를 forward 전에 매번 되돌립니다",
    ),
    "note-by-shape": (
        "{gradient} is taken for the gradient of {value} by its shape (params= says otherwise)",
        "모양에 따라 {gradient}(을/를) {value}의 기울기로 봅니다(다르면 params=로 지정)",
    ),
    "note-no-parameter": (
        "no parameter was found for {names} (params= says which)",
        "{names}의 매개변수를 찾지 못했습니다(params=로 지정)",
    ),
    "note-training": (
        "{loss} is called with {flag}=True, as gradient trains",
        "gradient가 학습 모드이므로 {loss}도 {flag}=True로 호출합니다",
    ),
    "note-no-rule": ("no derivative is defined by {names}", "{names}에 대한 미분 규칙은 정의되지 않았습니다"),
    "note-shared": ("{names}: cannot be copied, so that the check uses yours", "{names}: 복사할 수 없어 원래 것을 그대로 씁니다"),
    "note-flag": ("{forward} is called with {flag}=True", "{forward}(을/를) {flag}=True로 호출합니다"),
    "note-given": ("{backward} is given {name}, not the input", "{backward}에는 입력이 아니라 {name}(을/를) 넘깁니다"),
    "note-no-upstream": (
        "{backward} takes {count} upstream gradient(s): the outputs after that get none",
        "{backward}(이/가) 받는 상류 기울기는 {count}개이므로, 그 뒤의 출력에는 상류 기울기를 주지 않습니다",
    ),
    "note-output": ("{letters} letters of output were withheld", "출력 {letters}자는 표시하지 않았습니다"),
    # Findings of this side.
    "stale_class": ("an object of an older class", "예전 클래스의 객체"),
    "stale_class-sentence": (
        "The class {name} has been defined again since this object was made: the object still has the old methods, and what you changed "
        "is not what was checked.",
        "이 객체를 만든 뒤에 {name} 클래스가 다시 정의되었습니다. 객체의 메서드는 예전 것이므로, 고친 코드가 아니라 예전 코드를 확인했습니다.",
    ),
    "stale_class-help": ("make the object again: run the cell that calls {name}(…)", "객체를 다시 만드세요. {name}(…)(을/를) 호출하는 셀을 실행합니다"),
    "parameters_rebound": ("parameters that the layers do not share", "계층과 공유되지 않는 매개변수"),
    "parameters_rebound-sentence": (
        "The network's parameters and those of its layers are different arrays: {places}. An update of the one does not reach the other.",
        "신경망의 매개변수와 계층의 매개변수가 서로 다른 배열입니다: {places}. 한쪽을 갱신해도 다른 쪽은 바뀌지 않습니다.",
    ),
    "parameters_rebound-help": (
        "network.params[key] -= learning_rate * grad[key], which changes the array in place",
        "배열의 내용을 바꾸는 network.params[key] -= learning_rate * grad[key](을/를) 쓰세요",
    ),
    "parameters_rebound-training": (
        "the layers keep the weights that they were made with: the loss and the accuracy do not change",
        "계층은 처음 만들 때의 가중치를 그대로 쓰므로 손실과 정확도가 변하지 않습니다",
    ),
    "rate_missing": ("the learning rate is missing in an update", "갱신에 학습률 누락"),
    "rate_missing-sentence": (
        "The step that {backward} takes for {name} is the same for every learning rate: the update of {name} does not multiply by it.",
        "{backward}(이/가) {name}(을/를) 갱신하는 폭이 학습률과 관계없이 같습니다. {name}의 갱신에 학습률을 곱하지 않습니다.",
    ),
    "rate_missing-code": ("{name} -= gradient", "{name} -= 기울기"),
    "rate_missing-right": ("{name} -= learning_rate * gradient", "{name} -= 학습률 * 기울기"),
    "rate_missing-help": ("multiply the gradient by the learning rate", "기울기에 학습률을 곱하세요"),
    "rate_missing-training": (
        "{name} moves with a learning rate of 1, whatever the others have: it may diverge",
        "{name}만 학습률 1로 움직이므로 학습이 발산할 수 있습니다",
    ),
    "mean_in_parameters": ("1/m in the gradients of the parameters only", "매개변수의 기울기에만 있는 1/m"),
    "mean_in_parameters-sentence": (
        "The gradients of {names} are sums over the samples divided by m = {m}; that of the input is not divided. This is right where the "
        "gradient of the loss is not divided by m, as in Coursera's course. Where the loss is divided, too, it is divided twice.",
        "{names}의 기울기는 샘플에 대한 합을 m = {m}(으로/로) 나눈 것이고, 입력의 기울기는 나누지 않은 것입니다. Coursera 강의처럼 손실의 기울기를 "
        "m으로 나누지 않는다면 맞습니다. 손실의 기울기도 m으로 나눈다면 두 번 나누는 것이므로 틀립니다.",
    ),
    "mean_in_parameters-help": (
        "check the whole network, with its loss: only that decides it",
        "어느 쪽인지는 손실까지 포함한 신경망 전체를 확인해야 알 수 있습니다",
    ),
    "and": ("{one} and {other}", "{one}(과/와) {other}"),
    "epsilon": ("an epsilon in the loss", "손실 안의 엡실론"),
    "epsilon-sentence": (
        "The loss is computed with {shown}, and the gradients are those of a loss without it: so small an epsilon has no consequence for "
        "training. The comparison leaves it out.",
        "손실은 {shown}(을/를) 써서 계산하지만 기울기는 그것이 없는 손실의 기울기입니다. 이렇게 작은 엡실론은 학습에 영향을 주지 않으므로 "
        "비교에서 뺐습니다.",
    ),
}
