# The sentences of a diagnosis.

## The answer

healthy = 학습되고 있습니다. 평가한 행에서 { $score } %이며, 가장 좋은 상수로는 { $constant } %입니다.
fault = 학습할 수 있는 것을 학습하지 못합니다.
no-verdict-yet = 아직 판정할 수 없습니다. 학습이 끝나지 않았습니다.
no-signal = 시도한 어떤 방법으로도 데이터에서 신호를 찾지 못했습니다.

page-title = 학습 진단
label-cause = 원인
label-help = 도움말
label-others = 이렇게 바꿔도 고쳐집니다:
label-advice = 그 밖에 사실이지만 원인은 아닌 것:
curve-own = 지금 그대로
curve-repaired = 바꾼 뒤
repair-proved = 이렇게 바꾸고 { $steps }단계를 학습하면 { $before } %가 아니라 { $after } %에 도달합니다.
repair-not-enough = 이 변경만으로는 부족합니다. { $steps }단계를 학습하면 { $before } %에서 { $after } %가 됩니다. 바꾼 뒤 다시 진단하십시오.

## Causes

cause-out-softmax1 = 출력이 하나뿐인 소프트맥스
cause-out-double = 출력층의 활성화 함수가 두 번 적용됨
cause-out-missing = 출력층의 활성화 함수가 없음
cause-out-range = 출력이 타깃에 닿을 수 없음
cause-loss-mismatch = 손실 함수가 타깃과 맞지 않음
cause-loss-reduction = 배치의 행을 행별 손실의 평균으로 줄이지 않음
cause-loss-numeric = 손실이 표현할 수 있는 수의 범위를 벗어남
cause-grad-wrong = 기울기가 손실의 기울기가 아님
cause-grad-sign = 손실이 커지는 쪽으로 갱신함
cause-grad-stale = 기울기를 비우지 않음
cause-param-frozen = 매개변수가 갱신되지 않음
cause-data-labels-misaligned = 타깃이 자기 행과 어긋남
cause-data-shuffle = 행을 섞지 않음
cause-data-scale-in = 입력의 크기
cause-data-scale-target = 타깃의 크기
cause-init-symmetric = 뉴런들이 같은 값으로 시작함
cause-init-scale-large = 가중치 초깃값이 너무 큼
cause-init-scale-small = 가중치 초깃값이 너무 작음
cause-act-missing = 계층 사이에 활성화 함수가 없음
cause-act-hidden-softmax = 은닉층의 소프트맥스
cause-act-exploding = 은닉층의 활성화 값이 폭발함
cause-act-saturated = 활성화 함수가 포화됨
cause-act-dead = 늘 0인 뉴런
cause-lr-high = 학습률이 너무 높음
cause-lr-low = 학습률이 너무 낮음
cause-steps-few = 학습 단계가 너무 적음
cause-opt-choice = 최적화 기법
cause-batch-size = 배치 크기
cause-reg-strong = 규제가 너무 강함
cause-arch-capacity = 신경망이 너무 작음
cause-arch-depth = 여러 설정이 함께 원인임

## Changes

change-step = 손실의 기울기로 최적화 기법이 갱신하게 하십시오.
change-output = 출력층의 활성화 함수를 빼고 손실 함수로 { $loss }를 쓰십시오.
change-mean = 행들의 평균을 구하십시오.
change-add-activations = 은닉층마다 뒤에 활성화 함수를 두십시오.
change-leaky = 은닉층의 활성화 함수로 leaky relu를 쓰십시오.
change-weights = 가중치 초깃값으로 He 초깃값(분산이 2 / 입력 수인 정규분포)을 쓰십시오.
change-inputs = 입력을 평균 0, 표준편차 1로 맞추십시오.
change-targets = 타깃을 평균 0, 표준편차 1로 맞추십시오.
change-penalty = 가중치 벌점을 빼십시오.
change-dropout = 드롭아웃을 빼십시오.
change-shuffle = 에폭마다 행을 섞으십시오.
change-rate = 학습률을 { $from }에서 { $to }(으)로 바꾸십시오.
change-steps = { $from }단계 대신 { $to }단계를 학습하십시오.
change-adam = 학습률 0.001인 Adam을 쓰십시오.
change-batch = 배치 크기를 { $to }행으로 하십시오.
change-width = 은닉층의 폭을 { $factor }배로 늘리십시오.

## What is proved

changed-target = 타깃이 자기 행에 붙어 있지 않습니다. { $row }행의 타깃이 { $second }단계에서 { $first }단계와 다릅니다. 다시 나온 { $again }행 가운데 { $changed }행의 타깃이 바뀌었습니다.
copies-elsewhere = 타깃 { $rows }개가 모두 입력의 행이지만, 자기 행과 짝이 맞는 것은 { $own }개뿐입니다. 입력과 타깃의 순서가 서로 다릅니다.
stored-order = 행이 클래스 순서대로 나옵니다. 타깃이 같은 행이 이어진 구간이 { $rows }행에 { $runs }개뿐이어서, 한 배치에 한 클래스만 들어갑니다.
unseen-class = 평가용 데이터에는 클래스 { $class }가 { $rows }행 있지만 학습 데이터에는 없습니다. 섞지 않고 나눈 것입니다.
softmax-of-one = 출력이 하나인 소프트맥스는 입력이 무엇이든 1이고 미분은 0이므로, 신경망에 기울기가 전혀 전달되지 않습니다. 손실은 { $loss }에 머뭅니다.
bits-of-classes = 원-핫 행의 수 { $classes }개를 저마다 비트로 다룹니다. 모두 0을 출력해도 그 가운데 { $share }이(가) 맞으며, 이것은 클래스의 정확도가 아닙니다.
targets-outside-domain = { $loss }는 0에서 1 사이의 타깃을 위한 손실 함수인데, 타깃 { $count }개 가운데 { $outside }개가 그 밖에 있고 가장 큰 값은 { $largest }입니다. 이 손실의 기울기는 출력을 출력 범위 밖으로 끌어당기며, 출력이 모두 1이면 손실은 { $pinned }입니다.
cross-entropy-of-one = 출력이 하나일 때 { $loss }는 − t · ln y이고, 타깃이 무엇이든 y = 1에서 가장 작습니다. 모든 출력이 1로 끌려갑니다.
targets-not-one-class = { $loss }는 행마다 클래스가 하나인 타깃을 위한 손실 함수인데, { $count }행 가운데 { $rows }행에는 클래스가 없거나 여럿입니다.
hinge-of-bounded = 힌지 손실은 정답 출력이 나머지보다 1만큼 크기를 요구하는데, { $function }의 출력은 차이가 기껏해야 1입니다.
softmax-twice = 소프트맥스가 신경망과 손실에서 두 번 적용됩니다. 클래스가 { $classes }개이면 모든 행을 맞혀도 손실이 { $floor } 아래로 내려가지 않습니다.
sigmoid-twice = 시그모이드가 신경망과 손실에서 두 번 적용됩니다. 한 행의 손실이 { $floor } 아래로 내려가지 않습니다.
activation-of-logits = 손실이 로짓을 받아 스스로 활성화 함수를 적용합니다. 그 앞의 { $function } 때문에 로짓이 가질 수 없는 값이 생깁니다.
no-output-activation = { $loss }는 확률의 로그를 구하는데, 출력에는 활성화 함수가 없어 아무 수나 나올 수 있습니다.
output-not-probability = { $loss }는 확률을 받는데, { $function }은(는) 0에서 1 밖의 수를 냅니다.
output-not-distribution = { $loss }는 행마다 합이 1인 확률을 받는데, { $function }의 출력은 그렇지 않습니다.
range-misses-targets = { $function }의 출력은 { $low }에서 { $high } 사이인데 타깃은 { $least }에서 { $largest }까지입니다. 그 가운데 { $count }개에는 닿을 수 없어 타깃 변동의 { $share } %가 오차로 남고, 제곱 오차는 { $floor } 아래로 내려가지 않습니다.
simplex-misses-targets = { $function }의 출력은 행마다 합이 1이지만 타깃은 그렇지 않습니다. 그 가운데 { $count }개에는 닿을 수 없어 타깃 변동의 { $share } %가 오차로 남고, 제곱 오차는 { $floor } 아래로 내려가지 않습니다.
loss-is-sum = 손실이 행들의 합입니다. 배치의 손실은 { $one }, 같은 배치를 두 번 넣으면 { $two }입니다. 배치의 { $rows }행만큼 갱신 폭이 커집니다.
loss-of-pairs = 타깃 { $rows }개의 자리를 바꿔도 손실이 { $loss } 그대로입니다. 출력 하나하나가 모든 행의 타깃과 비교되고 있습니다. 출력과 타깃의 형상을 같게 하십시오.
other-rows = 한 행의 출력이 같은 배치의 다른 행에 따라 달라집니다. 다른 행을 바꾸면 { $own }이(가) { $other }이(가) 됩니다. 최댓값, 합 또는 소프트맥스를 행마다가 아니라 배치 전체에서 구하고 있습니다.
ascent = { $step }단계에서 손실이 커지는 쪽으로 갱신합니다. 갱신 방향과 기울기 사이의 코사인이 { $cosine }입니다. 부호가 반대입니다.
stale-gradient = { $step }단계의 기울기는 그 배치의 기울기에 { $before }단계의 기울기를 더한 것입니다. 기울기를 비우지 않았습니다.
wrong-gradient = { $step }단계에서 쓴 기울기가 손실의 기울기가 아닙니다. 둘 사이의 코사인이 { $cosine }입니다.
frozen = { $names }에는 { $steps }단계 동안 매번 기울기가 있었지만 한 번도 갱신되지 않았습니다.
equal-units = { $name }의 뉴런 { $units }개는 처음에도 { $steps }단계 뒤에도 가중치가 모두 같습니다. 같은 값을 계산하고 같은 기울기를 받습니다.
linear-network = 사이에 활성화 함수가 없는 { $layers }개의 계층은 입력의 선형 함수 하나와 같습니다.
function-overflows = { $step }단계에서 { $function }에 { $input }이(가) 들어가 결과가 유한하지 않습니다.
logarithm-of-zero = { $step }단계에서 출력 하나가 { $least }인데 손실이 그 로그를 구합니다. 그 전의 수는 모두 유한했습니다.
rate-above-limit = 학습률 { $rate }이(가) 손실의 곡률 { $eigenvalue }에 대한 한계 { $limit }보다 큽니다. 가장 가파른 방향의 오차가 단계마다 { $predicted }배로 커집니다. 실제로 잰 값은 { $measured }배입니다.

## What a repair says of the cause

repair-step = 손실의 기울기로 최적화 기법이 갱신한 것이 아닙니다. 그렇게 하면 학습됩니다.
repair-loss = 손실 함수가 타깃과 맞지 않습니다. 맞는 것을 쓰면 학습됩니다.
repair-output = 출력과 손실 함수가 타깃과 맞지 않습니다. 맞는 것을 쓰면 학습됩니다.
repair-reduction = 손실이 행들의 평균이 아니어서 갱신 폭이 학습률이 뜻하는 것과 다릅니다. 평균을 쓰면 학습됩니다.
repair-activations = 계층 사이에 활성화 함수를 두면 학습됩니다.
repair-inputs = 입력의 크기가 이 학습률과 가중치 초깃값에 맞지 않습니다. 평균 0, 표준편차 1로 맞추면 학습됩니다.
repair-targets = 학습률 { $rate }로 { $steps }단계를 가도 출력이 타깃까지 가지 못합니다. 타깃을 평균 0, 표준편차 1로 맞추면 학습됩니다.
repair-order = 저장된 순서대로 넣으면 클래스를 하나씩 차례로 배웁니다. 섞으면 학습됩니다.
repair-large-weights = 가중치 초깃값이 He 초깃값의 { $ratio }배입니다. He 초깃값을 쓰면 학습됩니다.
repair-small-weights = 가중치 초깃값이 He 초깃값의 { $ratio }배입니다. He 초깃값을 쓰면 학습됩니다.
repair-weights = 다른 가중치 초깃값을 쓰면 학습됩니다.
repair-dead = 은닉층 뉴런의 { $dead } %가 모든 행에서 0이어서 기울기를 받지 못합니다.
repair-saturated = 값의 { $flat } %가 활성화 함수의 평평한 곳에 있어 기울기가 거의 전달되지 않습니다.
repair-hidden-softmax = 은닉층의 뉴런들이 합 1을 나눠 가져 저마다의 몫이 작습니다.
repair-exploding = 은닉층의 활성화 값이 폭발합니다.
repair-regularization = 벌점이 데이터보다 큽니다. 빼면 학습됩니다.
repair-rate-high = 학습률 { $rate }이(가) 너무 높습니다. { $better }이면 같은 단계 수로 학습됩니다.
repair-rate-low = 학습률 { $rate }은(는) { $steps }단계에 비해 너무 낮습니다. { $better }이면 같은 단계 수로 학습됩니다.
repair-steps = { $steps }단계가 지나도 손실이 계속 줄고 있습니다. { $better }단계이면 학습됩니다.
repair-optimizer = Adam을 쓰면 같은 단계 수로 학습됩니다.
repair-batch = 배치를 { $better }행으로 하면 같은 단계 수로 학습됩니다.
repair-width = 신경망이 데이터에 비해 작습니다. 폭을 { $factor }배로 늘리면 학습됩니다.
