# 기울기 확인 보고서의 한국어 문장. 앞말에 따라 달라지는 조사는 (은/는), (이/가), (을/를), (과/와), (으로/로)로 적는다.

## 원인. 이름은 JSON에서와 같다.

## 배치의 성질

batch-permuted = 배치에서 행의 순서를 바꾸면 출력도 같은 순서로 바뀌어야 하는데, 최대 { $apart }만큼 다릅니다. 한 행의 출력이 배치에서의 위치나 앞 행에 따라 달라집니다.
    .help = 행이 샘플이라면 샘플마다 따로 계산하세요. 축 0이 아니라 축 1을 따라 합하거나 평균합니다
    .training = 한 샘플의 출력이 같은 배치에 우연히 함께 들어간 샘플에 따라 달라집니다
batch-row_sums = 한 행의 로짓 전체에 같은 값을 더해도 소프트맥스는 변하지 않으므로, 로짓에 대한 기울기는 행마다 합이 0이어야 합니다. 그런데 0이 아닙니다.
    .training = 경사 하강이 한 행의 로짓 전체를 함께 올리거나 내립니다. 로짓이 의미 없이 한없이 커집니다
batch-row_sums_are = 기울기의 행별 합: { $sums }.
batch-copies = 한 행을 복사해 만든 배치의 손실은 그 행의 손실과 같으므로 이 손실은 행에 대한 평균입니다. 그런데 배치의 모든 행을 두 번씩 넣으면 손실이 { $once }에서 { $again }(으로/로) 바뀝니다. 행끼리 서로 영향을 줍니다.
    .help = forward와 backward에서 모두 행마다 손실을 따로 구해 더한 뒤 행의 수로 나누세요
    .training = 갱신 폭이 배치 크기에 따라 달라집니다. 배치 크기마다 학습률이 다른 셈입니다
batch-halved = 배치의 모든 행을 두 번씩 넣어도 평균 손실은 같으므로 각 행의 기울기는 절반이 되어야 하는데, 최대 { $apart }만큼 다릅니다.
    .help = forward와 backward에서 모두 행마다 손실을 따로 구해 더한 뒤 행의 수로 나누세요
    .training = 갱신 폭이 배치 크기에 따라 달라집니다. 배치 크기마다 학습률이 다른 셈입니다
batch-doubled_loss = 모든 행을 두 번씩 넣으면 손실이 { $once }에서 { $again }(으로/로) 바뀝니다. 행에 대한 평균이 아니거나 행끼리 서로 영향을 줍니다. 그러면 갱신 폭이 배치 크기에 따라 달라집니다.
batch-doubled_gradient = 모든 행을 두 번씩 넣으면 손실은 같은데 기울기가 달라집니다. 이 행 수에서만 맞는 기울기입니다.
batch-reversed = 행을 거꾸로 늘어놓으면 손실이 { $once }에서 { $again }(으로/로) 바뀝니다. 손실이 행의 순서에 따라 달라집니다.
first_loss-batch = 로짓이 이렇게 작으면 아직 아무것도 학습하지 않은 상태이므로, 클래스가 { $classes }개인 교차 엔트로피의 평균은 ln { $classes } = { $expected } 근처여야 합니다. 그런데 첫 손실은 { $loss }입니다. ln { $all } = { $log }에 가까운 값으로, 배치의 수 { $rows } · { $classes }개 전체에 소프트맥스를 적용할 때 나옵니다.
first_loss-columns = 로짓이 이렇게 작으면 아직 아무것도 학습하지 않은 상태이므로, 클래스가 { $classes }개인 교차 엔트로피의 평균은 ln { $classes } = { $expected } 근처여야 합니다. 그런데 첫 손실은 { $loss }입니다. 행의 수에 대한 ln { $rows } = { $log }에 가까운 값으로, 소프트맥스를 열 방향으로 적용할 때 나옵니다.
first_loss-sum = 로짓이 이렇게 작으면 아직 아무것도 학습하지 않은 상태이므로, 클래스가 { $classes }개인 교차 엔트로피의 평균은 ln { $classes } = { $expected } 근처여야 합니다. 그런데 첫 손실은 { $loss }, 곧 그 { $rows }배입니다. 행에 대해 평균 대신 합을 냈습니다.

## 계층의 불변량

memory_overwritten = forward를 한 번 하고 backward를 두 번 하면 두 번째 값이 다릅니다. backward가 forward가 남긴 값을 바꿉니다.
    .title = backward가 forward의 기억을 덮어씀
    .help = backward에서는 복사본으로 계산하세요
    .training = forward마다 backward를 한 번만 하면 문제가 없지만, forward 하나에 손실이 둘이면 틀립니다
softmax-forward_is_wrong = 기울기는 forward가 계산한 그대로의 기울기입니다. 틀린 것은 forward입니다.
softmax-probabilities = 행별 확률의 합은 { $sums }입니다. 각각 1이어야 합니다.
overflow-softmax = 모든 입력에 { $at }(을/를) 더해도 결과는 변하지 않아야 하는데 forward의 출력이 { $value }입니다. 행마다 최댓값을 먼저 빼지 않아 exp가 오버플로를 일으킵니다.
overflow-saturated = 입력이 { $at }일 때 함수는 거의 변하지 않는데 forward의 출력이 { $value }입니다. 계산 도중 exp가 오버플로를 일으킵니다.
    .help = 오버플로가 없는 exp(−|x|)를 써서 계산하세요
overflow =
    .title = 오버플로
    .training = 학습이 잘되다가 입력 하나가 커지는 순간 모든 값이 NaN이 됩니다
written_into = { $what ->
        [x] forward가 읽기만 해야 할 x에 값을 씁니다. 이 배열은 앞 계층의 것이며, 앞 계층이 자기 출력으로 기억하고 있을 수 있습니다. 나중에 이 배열을 쓰는 쪽은 다른 값을 보게 됩니다.
       *[dout] backward가 읽기만 해야 할 dout에 값을 씁니다. 이 배열은 뒤 계층의 것이며, 같은 기울기가 지나는 다른 경로에서도 쓰입니다. 나중에 이 배열을 쓰는 쪽은 다른 값을 보게 됩니다.
    }
    .title = { $what }의 배열에 덮어씀
    .training = 계층을 한 줄로만 이으면 우연히 맞습니다. 건너뛰기 연결, 두 개의 손실, 출력을 기억하는 계층처럼 배열을 두 번 쓰는 순간 틀립니다
written_into-early = backward가 아직 써야 할 dout에 값을 씁니다. d{ $block }의 값은 그곳에 남은 값으로 만들어집니다.
    .training = `{ $block }`의 갱신에 다른 dout의 기울기가 쓰입니다
written_into-size = { $what }에 든 수는 { $call } 전에는 { $before }개, 후에는 { $after }개입니다.
written_into-value = { $what }{ $index }의 값은 { $call } 전에는 { $before }, 후에는 { $after }입니다.

law-zero_for_zero = dout이 0이어도 d{ $block }의 값은 0이 아니라 최대 { $apart }입니다. dout에서 오지 않은 값이 섞여 있습니다.
    .help = d{ $block }의 모든 항에 dout을 곱하세요
    .training = 손실의 크기에 따라 기울기의 방향이 바뀝니다
law-repeatable = 같은 x와 dout으로 backward를 다시 하면 d{ $block }의 값이 처음과 최대 { $apart }만큼 다릅니다. 매번 새로 뽑은 난수나 다른 호출에서 남은 값이 섞여 있습니다.
    .help = backward에서 난수를 뽑지 말고, forward에서 저장한 값을 쓰세요 (self.mask = mask)
    .training = 기울기의 일부 자리에 잡음이 들어갑니다
law-sum = d{ $block }의 값이 dout에 대해 선형이 아닙니다. 두 상류 기울기의 합을 주면 각각의 결과를 더한 값과 { $apart }만큼 다릅니다.
    .help = d{ $block }에서 dout과의 곱의 합이 아닌 것(부호, 반올림, 클리핑, 정규화)을 빼세요
    .training = 손실의 크기에 따라 기울기의 방향이 바뀝니다
law-multiple = d{ $block }의 값이 dout에 대해 선형이 아닙니다. 상류 기울기를 { $times }배 하면 결과도 { $times }배가 되어 { $expected }여야 하는데 { $seen }입니다.
    .help = d{ $block }에서 dout과의 곱의 합이 아닌 것(부호, 반올림, 클리핑, 정규화)을 빼세요
    .training = 손실의 크기에 따라 기울기의 방향이 바뀝니다
law-limited = 기울기의 변형: { $how }.

## 수치가 보여 주는 것

column-code = 코드
column-fault = 이 오류의 값
column-differences = 수치 미분
evidence-reproduced = 입력 { $inputs }개에서 코드가 낸 값 { $count }개가 모두 이 오류의 값과 { $worst } 안에서 일치합니다. 올바른 값과는 최대 { $off }만큼 다릅니다.
evidence-compared = 원소 { $all }개 가운데 { $wrong }개가 틀립니다. 올바른 기울기와의 코사인은 { $cosine }, 노름의 비는 { $ratio }입니다.
few_digits = d{ $block }의 값은 모든 원소에서 수치 미분과 다섯 자리 정도까지만 같습니다. backward의 상수를 적은 자릿수로 썼거나 거의 맞는 근사식입니다. 학습에는 차이가 없습니다.
unexplained = d{ $block }의 값이 틀렸지만, 알려진 오류 가운데 같은 값을 내는 것이 없습니다. 다른 곳은 다음과 같습니다.
    .title = 틀렸으나 원인을 입증하지 못함
    .training = 손실의 기울기가 아니므로 학습이 어떻게 될지 알 수 없습니다
unexplained-missing = backward가 `{ $block }`의 기울기를 남기지 않습니다.
    .help = backward에서 d{ $block }의 값을 계산하고 `parameters`에 넣으세요
unexplained-infinite = d{ $block }{ $at }의 값이 { $value }입니다. 수치 미분의 값은 유한합니다. backward가 0으로 나누거나, 계산 도중 값이 표현 범위를 벗어납니다.
unexplained-few = 블록 전체를 지나는 임의의 방향에서는 다르지만 하나씩 미분해 본 원소는 맞습니다. 틀린 원소는 적습니다.
extent-wrong = 틀린 것은 모두 { $outputs ->
        [true] 기여한 출력의 축
       *[false] 축
    } { $axis }에서 { $wrong } 위치에 있습니다.
extent-right = { $outputs ->
        [true] 기여한 출력의 축
       *[false] 축
    } { $axis }에서 { $right } 위치에는 틀린 것이 없습니다.
extent-last = 틀린 것은 모두 { $outputs ->
        [true] 기여한 출력의 축
       *[false] 축
    } { $axis }에서 { $wrong } 위치에 있고, 마지막 { $right } 위치는 맞습니다.
extent-first = 틀린 것은 모두 { $outputs ->
        [true] 기여한 출력의 축
       *[false] 축
    } { $axis }에서 { $wrong } 위치에 있고, 처음 { $right } 위치는 맞습니다.
extent-both = 틀린 것은 모두 { $outputs ->
        [true] 기여한 출력의 축
       *[false] 축
    } { $axis }에서 { $wrong } 위치에 있고, { $right } 위치는 맞습니다.
extent-later = 축 { $axis }에서 출력이 자기 위치에 기여한 값은 맞고, 뒤 위치에서 온 값만 틀립니다. 한 시각에서 앞 시각으로 넘겨주는 기울기를 살펴보세요.
extent-ratio = 틀린 원소는 모두 올바른 값의 { $ratio }배입니다.
extent-value = 주어진 입력에서 값이 { $value }인 원소만 틀립니다. 임의의 입력에서는 기울기가 맞습니다.
extent-given = 주어진 입력에서만 틀립니다. 임의의 입력에서는 기울기가 맞습니다.
extent-outputs = 같은 출력에서 { $others }에 대한 기여도 틀립니다. 하나의 오류일 수 있습니다.

## 참고 사항

harmless-network = 이 신경망에서는 문제가 되지 않습니다. 모든 매개변수의 기울기가 손실의 수치 미분과 일치합니다.
harmless-elsewhere = 이 신경망에서 틀린 것은 이것이 아닙니다. 여기에 달린 기울기는 손실의 수치 미분과 일치합니다.
harmless-graph = 이 그래프에서는 문제가 되지 않습니다. 모든 매개변수의 기울기가 손실의 수치 미분과 일치합니다.
harmless-end = 그래프의 끝에서는 dout이 1이므로 기울기가 맞습니다.
matters-scaled = 손실에 배율을 곱하거나 손실이 여럿이면 dout이 1이 아니므로 문제가 됩니다.
matters-used_twice = 다른 계층, 건너뛰기 연결, 두 번째 손실이 이 배열을 다시 쓰면 문제가 됩니다.
matters-parameters_before = 앞에 매개변수가 있는 계층이 오면 문제가 됩니다.
matters-without_reset = backward마다 0으로 초기화하지 않으면 문제가 됩니다.
matters-with_others = 이 계층을 다른 계층과 함께 쓰면 문제가 됩니다. 여기서는 다른 계층이나 손실이 그 차이를 메웁니다.
matters-another_graph = 다른 그래프에서는 문제가 됩니다. 여기서는 다른 노드가 그 차이를 메우거나, 이 값을 쓰는 곳이 없습니다.
epsilon-small = 이렇게 작은 엡실론은 학습에 영향을 주지 않습니다. 확률이 엡실론과 비슷하게 작아지면 문제가 됩니다.
remark-kink = 이 점에서 함수가 꺾입니다(미분한 원소 { $all }개 가운데 { $kinks }개). { $at }에서 d{ $block }의 값은 왼쪽 기울기로는 { $left }, 오른쪽 기울기로는 { $right }입니다. 코드의 값은 { $claimed }입니다. 오류가 아닙니다.
remark-rounding = d{ $block }의 값은 정밀도의 한계인 { $to } 안에서 일치합니다. 계층이 더 낮은 정밀도로 계산하거나 도중에 반올림합니다. 오류가 아닙니다.
remark-precision = d{ $block }의 값은 정밀도의 한계인 { $to } 안에서 일치합니다. backward가 { $precision } 값을 돌려줍니다. 오류가 아닙니다.
remark-jump = 인덱스나 반올림한 값처럼 함수가 `{ $block }`에 대해 불연속이어서, d{ $block }의 값과 비교할 미분이 없습니다.
remark-inconclusive = 수치 미분이 부정확하여 d{ $block }의 값이 맞는지 판단할 수 없습니다.
remark-near_zero = 주어진 입력에서는 d{ $block }의 값이 0에 너무 가까워 반올림 오차밖에 비교할 것이 없습니다. 대신 임의의 입력에서 비교했습니다.
remark-spread = 같은 x와 dout인데도 d{ $block }의 값이 호출할 때마다 가장 큰 값의 { $spread }만큼 다릅니다. 더하는 순서가 매번 달라서 생기는 반올림 오차입니다.
refused-not_deterministic = 같은 입력으로 forward를 두 번 했는데 결과가 다릅니다. 출력 { $at }의 값은 처음에는 { $first }, 다음에는 { $second }입니다. 비교할 기울기가 없습니다.
    .help = forward마다 고정된 시드로 난수(드롭아웃의 마스크)를 뽑거나, 비율을 0으로 두고 확인하세요
refused-not_finite = 이 입력에서 출력이 유한하지 않아 미분할 수 없습니다.
    .help = 함수가 정의되는 입력에서 확인하세요
besides = 그 밖에, 다른 오류의 원인이 무엇이든:
elsewhere = 주어진 행에서도 임의의 입력에서도 기울기가 0에 너무 가까워 반올림 오차밖에 비교할 것이 없습니다.
elsewhere-compared = 주어진 행에서는 기울기가 0에 너무 가까워 반올림 오차밖에 비교할 것이 없습니다. 대신 임의의 입력에서 비교했습니다.

## 신경망

overwritten = `{ $layer }`의 backward가 끝났을 때와 마지막에 d{ $block }의 값이 다릅니다. `{ $by }`의 backward가 `{ $layer }`에서 돌려주고 아직 쓰고 있는 배열에 값을 씁니다.
    .title = `{ $by }`에서 dx를 덮어씀
    .training = `{ $parameter }`의 갱신에 다른 계층의 기울기가 쓰입니다
shared_parameter =
    .title = 하나의 배열: { $names }
shared_parameter-sum = { $names }: 같은 배열입니다. 하나를 바꾸면 나머지도 바뀌며, 기울기는 { $count }곳에서 쓰인 기여의 합입니다. 계층마다 이 합을 보여 주므로 갱신할 때는 한 번만 빼야 합니다.
shared_parameter-contributions = { $names }: 같은 배열입니다. 하나를 바꾸면 나머지도 바뀌며, 기울기는 { $count }곳에서 쓰인 기여의 합입니다. 계층마다 자기 기여만 보여 주므로, 모두 갱신하면 배열이 그 합만큼 움직입니다.
shared_parameter-no_sum = { $names }: 같은 배열입니다. 하나를 바꾸면 나머지도 바뀌며, 기울기는 { $count }곳에서 쓰인 기여의 합입니다. 계층들이 보여 주는 값은 그 합이 아니라 한 곳의 기여이거나 다른 값입니다.
    .training = 배열이 기울기의 일부만 따라갑니다
shared_parameter-does_not_add_up = { $names }: 같은 배열입니다. 하나를 바꾸면 나머지도 바뀌며, 기울기는 { $count }곳에서 쓰인 기여의 합입니다. 계층들이 보여 주는 값을 더해도 그 합이 되지 않습니다.
    .training = 배열이 기울기의 일부만 따라갑니다
whole-layers_are_right = 계층은 하나하나 모두 맞습니다.
whole-unexplained = 계층은 하나하나 모두 맞는데, 전체에서 { $names }의 기울기는 손실의 기울기가 아닙니다. 기울기로 쓰는 값이 계층들이 넘겨준 값이 아닙니다.
    .training = 학습이 손실을 따라가지 않습니다
whole-compared = 실제로 쓰이는 기울기와 손실의 수치 미분을 비교하면 다음과 같습니다.
column-cosine = 코사인
column-ratio = 노름의 비
weight_decay-multiple = { $block }의 원소 { $count }개에서 모두, 기울기에서 빠진 양은 값의 같은 배수입니다.
shared_buffer = `{ $layer }` 계층만 보면 맞습니다. 신경망에서는 이 계층의 backward가 `{ $with }` 계층의 입력을 씁니다. 두 계층이 버퍼 하나를 같이 써서 마지막 forward의 값만 남습니다.
    .title = `{ $with }` 계층과 버퍼를 공유함
    .training = 이 계층과 그 앞 모든 계층의 기울기가 다른 신경망의 기울기가 됩니다
shared_buffer-unknown = `{ $layer }` 계층만 보면 맞지만 신경망에서는 틀립니다. forward와 backward 사이에 계층이 기억한 값을 다른 곳에서 바꿉니다.
    .help = 계층마다 자기 메모리를 두고 (self.x = x.copy()), 계층마다 객체를 따로 만드세요
network-off = { $block } 평균 { $apart }
network-why = 그래서 신경망에서 기울기에 다음과 같은 오차가 생깁니다: { $wrong }.
network-first_loss = 그래서 첫 손실이 ln { $classes } = { $expected }이 아니라 { $loss }입니다(ln { $instead } = { $log }에 가깝습니다).
no_gradient = 출력이 `{ $of }`에 따라 달라지는데 backward가 그 기울기를 주지 않습니다. 레이블이나 설정값이라면 맞습니다. 학습할 매개변수라면 기울기가 없는 것입니다.
    .title = { $of }의 기울기가 없음

## 확인 방법

method-network = 신경망: 매개변수의 원소 { $count }개에서 손실을 미분하고, 매개변수마다 임의의 방향으로도 미분함
method-layer = { $layer }: 입력 { $inputs }개, 각각 임의의 상류 기울기; 원소 { $count }개를 하나씩 미분하고, 블록마다 임의의 방향으로도 미분함
method-some_rows = 계층 하나하나는 행 { $all }개 중 처음 { $count }개로, 전체는 모든 행으로 확인함
method-one_batch = { $layer }: 주어진 것과 다른 행 수를 받지 않아 다른 행 수로는 확인하지 않음

## 가설 없이 알 수 있는 원인

ties_counted = 여러 입력이 같은 최댓값입니다. 함께 움직이면 출력은 한 번만 움직이는데, d{ $block }에서 이들의 기여를 더하면 1이 아니라 { $times }입니다.
    .title = 같은 최댓값을 { $times }번 셈
    .training = 렐루가 한 윈도에 0을 여럿 남기는 곳마다 기울기가 그 배수만큼 커집니다
    .help = 같은 최댓값 가운데 하나에만 dout을 주거나(argmax), 개수로 나누세요
dout_ignored = 어떤 상류 기울기를 주어도 d{ $block }의 값이 같습니다. backward가 dout을 쓰지 않고 1로 둔 셈입니다.
    .title = dout을 쓰지 않음
    .training = 마지막 계층이고 dout이 1이면 괜찮지만, 손실에 배율을 곱하거나 손실이 여럿이면 틀립니다
dout_ignored-seen = 서로 다른 세 상류 기울기에 대해 코드의 값이 모두 같습니다.
accumulated = d{ $block }의 값이 이전 호출의 기울기를 대신하지 않고 거기에 더해집니다.
    .title = 이전 호출의 기울기에 더해짐
    .training = 매 단계마다 지난 기울기를 모두 되풀이하므로 갱신 폭이 점점 커지고 손실이 발산합니다

## 기록된 그래프

overflow-single = { $block }의 기울기가 f32에서는 유한하지 않고, f64에서는 유한하며 맞습니다. 계산 도중 값이 f32의 범위(3.4e38)를 벗어납니다.
    .help = 계산 도중 그렇게 큰 값이 나오지 않도록 식을 바꾸거나 f64로 학습하세요
    .training = f32로 학습하면 NaN이 됩니다
single = f32로 구한 { $block }의 기울기는 수치 미분과 일치하는 f64의 기울기와 최댓값의 { $apart }만큼 다릅니다. 반올림 오차이며 오류가 아닙니다.
single-much = f32로 구한 { $block }의 기울기는 수치 미분과 일치하는 f64의 기울기와 최댓값의 { $apart }만큼 다릅니다. 반올림 오차이지만 큽니다. 계산 도중 큰 수들이 상쇄됩니다.
claim-wrong = { $names }의 기울기로 준 값은 손실의 기울기가 아닙니다.
not_finite-nan = { $all }개 가운데 NaN이 { $nan }개
not_finite-infinite = { $all }개 가운데 무한대가 { $infinite }개
not_finite-both = { $all }개 가운데 NaN이 { $nan }개, 무한대가 { $infinite }개
not_finite-block = `{ $label }`에는 { $held }
not_finite-blocks = { $holding } 있어 비교할 수 있는 기울기가 없습니다.
    .help = 유한한 매개변수와 입력에서 확인하세요
not_finite-loss = 손실이 { $value }이어서 비교할 수 있는 기울기가 없습니다.
    .help = 유한한 매개변수와 입력에서 확인하세요
not_finite-gradient = 기울기가 { $value }이어서 그 미분을 비교할 수 없습니다.
    .help = 유한한 매개변수와 입력에서 확인하세요
not_finite-begins = 왼쪽부터 보면 { $place }에서 처음 나타납니다({ $held }).
node = `{ $label }`(연산 `{ $operation }`, { $location }에서 기록)
place-first = { $node }: 왼쪽부터 보아 처음으로 틀린 곳입니다.
place-too = { $node }: 같은 노드입니다.
place-as_well = { $node }: 여기도 틀립니다.
node-not_deterministic = { $node }: 같은 입력으로 다시 실행했더니 값이 달라, 미분할 함수가 하나로 정해지지 않습니다.
    .help = 난수를 고정된 시드로 뽑거나 입력으로 주세요
node-not_recorded = { $place } 미분을 기록할 수 없습니다: { $error }
node-jump = { $node }: 이 { $block } 값 근처에서 불연속이거나 값이 없어 수치 미분으로 기울기를 알 수 없습니다.
node-inconclusive = { $node }: 수치 미분이 수렴하지 않아 { $block }에 대한 미분이 맞는지 판단할 수 없습니다.
node-wrong = { $place } { $block }에 대한 미분이 틀립니다.
    .training = 이 노드보다 왼쪽에 있는 모든 기울기가 함께 틀립니다
node-between = 여러 원소가 한꺼번에 꺾인 점에 있는데, 여기서 택한 값은 주변의 기울기도 아니고 그 사이의 값도 아닙니다.
node-differ = 임의의 상류 기울기에 대해 원소 { $all }개 가운데 { $count }개가 이 노드 출력의 수치 미분과 다릅니다.
node-along = 모든 원소를 임의의 방향으로 움직이면 노드의 미분은 { $claimed }, 수치 미분은 { $differences }입니다.
column-derivative = 노드의 미분
column-left = 왼쪽
column-taken = 택한 값
column-right = 오른쪽
node-kink = { $node }: 이 { $block } 값에서 꺾입니다. 원소 { $all }개 가운데 { $kinks }개에서 왼쪽과 오른쪽의 기울기가 다릅니다.
node-left = 왼쪽 기울기를 택합니다.
node-right = 오른쪽 기울기를 택합니다.
node-sides = { $left }곳에서는 왼쪽, { $right }곳에서는 오른쪽, { $between }곳에서는 그 사이의 기울기를 택합니다.
node-no_fault = 오류가 아닙니다.
node-slopes = 양쪽의 기울기와 택한 값은 다음과 같습니다.
graph-unexplained = 노드는 하나하나 미분이 모두 맞는데 전체의 기울기는 틀립니다. 여기서 노드가 가진 값이 아닌 다른 값에서, 또는 뽑히지 않은 원소에서 나타나는 오류입니다.
graph-moved = 주어진 값에서는 { $names }의 기울기가 0에 너무 가까워 반올림 오차밖에 비교할 것이 없습니다. 대신 매개변수의 다른 값에서 비교했습니다.
graph-open = 주어진 값에서도 다른 값에서도 수치 미분이 부정확하여 { $names }의 기울기가 맞는지 판단할 수 없습니다.
method-directions = { $second ->
        [true] 2차 미분: {""}
       *[false] {""}
    }블록 { $blocks }개를 각각, 또 모두 함께 임의의 방향으로 움직임; 노드 { $nodes }개를 임의의 상류 기울기로 따로 확인함; f64
method-parameters = { $second ->
        [true] 2차 미분: {""}
       *[false] {""}
    }매개변수 { $parameters }개를 하나씩 움직이며, 각각 둘 이상의 간격에서 손실을 다시 계산함; 노드 { $nodes }개를 임의의 상류 기울기로 따로 확인함; f64
method-covered = 전부 움직이면 오래 걸리므로 매개변수 { $all }개 중 { $parameters }개만 하나씩 움직이고, 나머지는 블록마다 임의의 방향으로 움직여 확인함(개수는 --sample로 정함)
method-single = { $second ->
        [true] 2차 미분: {""}
       *[false] {""}
    }매개변수 { $parameters }개를 하나씩 움직이며, 각각 둘 이상의 간격에서 손실을 다시 계산함; 노드 { $nodes }개를 임의의 상류 기울기로 따로 확인함; 기울기는 f32, 나머지는 f64

## 판정과 불변량

verdict-right = 맞음
verdict-wrong = 틀림
verdict-kink = 꺾인 점
verdict-together = 함께 맞음
verdict-rounding = 반올림
verdict-not_deterministic = 값이 일정하지 않음
verdict-not_differentiable = 미분 불가
verdict-inconclusive = 판단 불가
invariant-zero_for_zero = dout = 0에서 0이 아님
invariant-linear = dout에 대해 비선형
invariant-repeatable = 두 번째 backward의 값이 다름
invariant-permuted_rows = 행의 순서에 따라 달라짐
invariant-doubled_batch = 배치를 두 배로 하면 평균이 바뀜
invariant-rows_sum_to_zero = 기울기의 행별 합이 0이 아님
invariant-first_loss = 첫 손실이 ln C가 아님

## 위치, 제목

whole-network = 신경망
whole-function = 함수
whole-gradient = 기울기
whole-all_together = 모두 함께
whole-second_order = { $name }, 2차
page-check = 기울기 확인
page-of = { $subject }의 기울기 확인
page-layers = 왼쪽에서 오른쪽으로
page-first_wrong = 처음 틀린 곳
page-findings = 확인 결과
page-fault = 오류
page-warning = 경고
page-remark = 참고
page-code = 코드
page-right = 올바른 식
page-help = 해결
page-training = 학습
page-in_training = 학습에 미치는 영향
page-gradients = 기울기
page-gradient = 기울기
page-compared = 비교한 원소
page-all = 전체 { $all }
page-some = { $all } 중 { $compared }
page-largest = 최대 오차
page-median = 오차의 중앙값
page-ratio = 노름의 비
page-verdict = 판정
page-method = 확인 방법
short-compared = 비교
short-largest = 최대
short-median = 중앙값
short-distance = 평균|Δ|
short-cosine = 코사인
short-ratio = 비
short-legend = 최대, 중앙값: 원소의 상대 오차; 평균|Δ|: 차이의 절댓값 평균; 코사인: 기울기와 수치 미분 사이의 각; 비: 두 노름의 비
whole-on_rows = { $network }, { $rows }행
whole-by_hand = 손으로 짠 2층 신경망, { $summary }
softmax_over_batch-loss = 소프트맥스가 { $rows }개 행을 한꺼번에 정규화합니다. 최댓값과 합을 배치 전체에서 구하므로 행들이 하나의 합을 나누어 쓰고 서로 영향을 줍니다. 한 행의 확률의 합은 1이 아니라 평균 1/{ $rows }({ $sum })입니다.
    .training = 로짓에 대한 기울기의 행별 합이 0이 아니므로, 경사 하강이 모든 로짓을 함께 밀어 올려 결국 한 행이 확률을 모두 가져갑니다. 손실은 멈추고 모든 입력을 한 클래스로 예측하며 정확도는 1/{ $classes }에 머뭅니다.
softmax_over_batch-gradient = 이 forward의 올바른 기울기는 y − t/N인데 코드는 (y − t)/N을 돌려줍니다. y · (1 − 1/N)만큼 작으며, 그 차이는 모든 행과 클래스를 더하면 { $share }입니다.
softmax_over_batch-bias = 그래서 행을 모두 더하는 앞 계층의 편향 기울기는 평균 (1 − 1/{ $rows })/{ $classes } = { $off }만큼 어긋납니다.
softmax_over_batch-first_loss = 가중치가 작으면 확률 { $rows } · { $classes }개가 모두 1/{ $all } 정도이므로 첫 손실은 ln { $classes } = { $expected }이 아니라 ln { $all } = { $log } 근처가 됩니다.
softmax_over_batch = 소프트맥스가 { $rows }개 행을 한꺼번에 정규화합니다. 최댓값과 합을 배치 전체에서 구하므로 행들이 하나의 합을 나누어 쓰고 서로 영향을 줍니다.
    .title = 배치 전체에 대한 소프트맥스
    .training = 한 행의 출력이 같은 배치의 다른 행에 따라 달라지며, 기울기는 어느 쪽 함수의 기울기도 아닙니다
softmax_down_columns = 소프트맥스가 열 방향으로 계산됩니다. 한 행 안에서 클래스끼리가 아니라, 클래스마다 배치의 행끼리 경쟁합니다.
    .title = 열 방향의 소프트맥스
    .training = 한 행의 클래스들이 서로 비교되지 않으므로, 손실이 줄어도 정답 클래스의 확률이 가장 크지는 않고 정확도는 무작위 수준에 머뭅니다
softmax_down_columns-first_loss = 가중치가 작으면 모든 확률이 1/{ $rows } 정도이므로 첫 손실은 ln { $classes } = { $expected }이 아니라 ln { $rows } = { $log } 근처가 됩니다.
method-limited = 시간 제한 { $seconds }초: 제한이 없을 때보다 원소를 적게 미분하고 원인을 적게 시험함

detached = d{ $block }의 값이 모두 0입니다. `{ $block }`(으로/로) 돌아가는 경로가 끊겼습니다.
    .title = 0: 경로가 끊김
    .help = backward에서 dout으로 d{ $block }의 값을 계산해 돌려주세요
    .training = { $parameter ->
        [true] 이 매개변수는 초깃값에 머뭅니다. 다른 계층 덕분에 손실은 줄어들 수도 있습니다
       *[false] 이보다 앞 계층은 학습하지 않습니다. 다른 계층 덕분에 손실은 줄어들 수도 있습니다
    }
sign = d{ $block }의 크기는 모두 맞고 부호는 모두 반대입니다.
    .title = 부호가 반대
    .training = 경사를 내려가지 않고 올라갑니다. 첫 갱신부터 손실이 커집니다
factor = d{ $block }의 값이 모두 올바른 값의 { $name }배입니다.
    .title = { $name }배
    .training = { $negative ->
        [true] 경사를 내려가지 않고 올라가며, 갱신 폭도 다릅니다
       *[false] { $parameter ->
            [true] 갱신 폭이 { $times }배가 됩니다. 이 매개변수만 학습률이 다른 셈입니다
           *[false] 갱신 폭이 { $times }배가 됩니다. 앞쪽 모든 계층의 학습률이 다른 셈입니다
        }
    }
factor-columns = d{ $block }의 값이 모두 올바른 값의 { $name }배입니다. m은 열의 수이며, 열 하나가 샘플 하나입니다.
factor-rows = d{ $block }의 값이 { $rows }배 작습니다. 행의 수로 한 번 더 나누었습니다. N으로 나누는 것은 손실과 여기 가운데 한 곳에서만 해야 합니다.
factor-also = 이 크기에서는 { $names }도 같은 값입니다.
mean_for_sum = d{ $block }의 값이 { $rows }개 행의 합이어야 하는데 평균입니다. 같은 `{ $block }`(이/가) 모든 행에 쓰이며, 한 값이 여러 곳으로 갈라지면 기울기는 더해집니다.
    .title = 샘플들의 합 대신 평균 (1/N배)
    .training = 갱신 폭이 { $times }배가 됩니다. 이 매개변수만 학습률이 다른 셈입니다
sum_for_mean = d{ $block }의 값이 { $rows }배 큽니다. 행에 대해 평균한 손실은 N으로 나누는데 기울기는 나누지 않았습니다.
    .title = 샘플들의 평균 대신 합 (1/N 누락)
    .training = { $parameter ->
        [true] 갱신 폭이 { $times }배가 됩니다. 이 매개변수만 학습률이 다른 셈입니다
       *[false] 갱신 폭이 { $times }배가 됩니다. 앞쪽 모든 계층의 학습률이 다른 셈입니다
    }
besides-factor = 그 밖에, d{ $block }의 값이 앞의 오류만 있을 때의 { $name }배입니다. 오류가 둘입니다.
    .training = 둘 중 하나만 있어도 학습을 망칠 수 있습니다
of_square = d{ $block }의 값이 손실로 준 값의 기울기에 그 값 자신{ $less }(을/를) 곱한 것입니다. 곧 그 값의 제곱에 대한 기울기인데, 미분하는 것은 제곱이 아닙니다.
    .title = { $target ->
        [0] 출력이 한 번 더 곱해짐
       *[other] 손실로 준 값의 제곱 오차에 대한 기울기
    }
    .help = 출력이 아니라 기울기를 유도한 손실(예: ½(f − t)²)을 주세요
    .training = 학습에 쓰는 손실이 기울기를 유도한 손실과 같다면 문제가 없습니다
of_square-output = 손실은 출력의 제곱의 절반인데, d{ $block }에 출력이 한 번 더 곱해져 있습니다.
    .help = d{ $block }에서 인수 o를 하나 빼세요
    .training = 출력이 작아지면 갱신 폭도 작아지고, 출력이 커지면 갱신 폭도 커집니다

dropout_not_scaled = 남긴 값에 forward는 { $scale }(을/를), backward는 { $code }(을/를) 곱합니다. 드롭아웃의 배율이 한쪽에만 있습니다.
    .title = 드롭아웃의 배율 { $scale } 누락
    .help = 배열 하나(mask / (1 − ratio))를 저장해 forward와 backward에서 모두 곱하세요
    .training = 드롭아웃 앞 계층과 뒤 계층의 학습률이 다른 셈입니다
mask_redrawn = forward는 0이나 { $scale }(을/를) 곱하고 backward도 그렇지만 위치가 다릅니다. backward의 마스크가 forward의 마스크와 다릅니다.
    .title = 새로 뽑은 마스크
    .help = forward에서 self.mask = mask로 저장해 backward에서 그 마스크를 쓰고, backward에서는 난수를 뽑지 마세요
    .training = 꺼진 유닛이 학습되고 켜진 유닛은 학습되지 않습니다. 기울기의 절반이 잡음입니다
mask_inverted = backward의 마스크가 뒤집혔습니다. forward가 막은 곳으로 기울기가 지나가고, forward가 통과시킨 곳에서 막힙니다.
    .title = 마스크가 뒤집힘
    .training = 꺼진 유닛이 학습되고 켜진 유닛은 학습되지 않습니다. 앞 계층은 잡음을 배웁니다
mask_missing = forward가 입력을 막은 곳에서도 기울기가 그대로 지나갑니다. backward에 마스크가 없습니다.
    .title = 마스크 누락
    .training = 꺼진 유닛도 켜진 것처럼 학습됩니다. 학습은 되지만 더 나쁜 곳으로 갑니다
mask_missing-above = forward는 입력을 양쪽에서 막는데 backward는 한쪽만 막습니다. { $edge }보다 위에서도 기울기를 막아야 합니다.
    .training = 한계에 이른 유닛이 계속 밀려 그 자리에 머뭅니다
mask_missing-below = forward는 입력을 양쪽에서 막는데 backward는 한쪽만 막습니다. { $edge }보다 아래에서도 기울기를 막아야 합니다.
    .training = 한계에 이른 유닛이 계속 밀려 그 자리에 머뭅니다
mask_missing-fixed = forward가 버려서 어떤 출력에도 쓰이지 않는 x의 원소에서 dx가 0이 아닙니다. backward에 forward의 마스크가 없습니다.
    .training = 앞 계층이 손실과 관계없는 값의 기울기를 따라갑니다
mask_of_dout = 마스크를 dout의 부호로 만들었습니다. x의 부호로 만들어야 합니다.
    .title = x가 아닌 dout으로 만든 마스크
    .training = 한쪽 부호의 기울기가 전해지지 않아 가중치가 한 방향으로만 갑니다
mask_moved = backward의 마스크는 x = { $code }에서 바뀌는데 forward는 { $right }에서 꺾입니다. 그 사이에서는 반대쪽의 기울기가 쓰입니다.
    .title = 마스크의 경계: { $right } 대신 { $code }
    .training = 입력이 작은 유닛에 기울기가 전해지지 않거나, 없어야 할 기울기가 전해집니다
slope-both = { $low }, { $high }
slope-where = { $formula } ({ $condition })
slope-either = { $below } (x < 0), { $above } (x > 0)
slope-at = { $formula } (축 { $axis }의 { $positions } 위치)
slope-at_x = { $slope } (x = { $point })
wrong_slope-sides = forward가 꺾이는 점의 양쪽 기울기는 { $low }, { $high }인데 backward는 { $code_low }, { $code_high }(을/를) 씁니다.
    .training = 꺾이는 점의 그쪽에 있는 모든 유닛에서 기울기가 틀립니다

input_changed = d{ $block }의 값은 다른 입력에 대한 기울기입니다. backward가 forward에 주어진 x 대신 { $how }의 값을 씁니다.
    .title = x가 바뀜: { $how }
    .training = `{ $block }`의 갱신에 다른 입력에서 구한 기울기가 쓰여 손실이 천천히 줄거나 줄지 않습니다
input_changed-hidden = d{ $block }의 값을 계층의 입력인 { $right } 대신 { $how }(으)로 만들었습니다. a0은 배치, z1은 첫 계층의 가중합, a1은 첫 계층의 출력이며 나머지도 같습니다.
    .title = { $right } 대신 { $how }(을/를) 씀
    .training = `{ $block }`의 갱신에 다른 입력에서 구한 기울기가 쓰여 손실이 천천히 줄거나 줄지 않습니다
parameter_changed = d{ $block }의 값은 다른 `{ $what }`에 대한 기울기입니다. backward가 { $what } 대신 { $how }의 값을 씁니다. backward는 forward의 곱을 거꾸로 되짚으므로 커널은 한 번 뒤집고 행렬은 한 번 전치합니다.
    .title = { $what }의 값이 바뀜: { $how }
    .training = 기울기가 엉뚱한 자리로 가서 앞 계층이 다른 유닛의 기울기를 배웁니다
gradient_changed = d{ $block }의 값은 마지막 줄까지는 맞지만 거기서 바뀝니다: { $how }. backward가 돌려주는 기울기는 dout에 대해 선형이어야 합니다. 클리핑이나 반올림은 갱신할 때 하세요.
    .title = 기울기가 바뀜: { $how }
    .training = 작은 기울기는 사라지고 큰 기울기는 잘릴 수 있습니다. 그러면 가장 가파른 방향이 아니게 됩니다
gradient_changed-added = d{ $block }의 올바른 기울기에 { $added }(이/가) 더해져 있습니다. 입력 자체는 기울기의 일부가 아닙니다.
    .training = 손실과 관계없이 앞 계층의 출력이 작아지는 쪽으로 밀립니다

path_missing = { $block }에서 출력까지 가는 경로가 둘인데 d{ $block }에 { $path }의 기여가 없습니다. forward에서 갈라진 경로의 기울기는 backward에서 더해야 합니다.
    .title = 경로 누락: { $path }
    .training = 앞 계층이 기울기의 일부만 받습니다
path_missing-skip = 입력에서 출력까지 가는 경로가 둘인데 곧바로 가는 경로(건너뛰기 연결)의 기여가 없습니다. forward에서 갈라진 경로의 기울기는 backward에서 더해야 합니다.
path_missing-factor = 입력에서 출력까지 가는 경로가 둘인데, 역시 x에 따라 달라지는 인수 out/x의 기여가 없습니다. forward에서 갈라진 경로의 기울기는 backward에서 더해야 합니다.
path_missing-all_but_direct = dout을 그대로 넘깁니다. 계층이 입력에 한 일 가운데 곧바로 지나가는 경로만 backward에 있습니다.
    .training = 앞 계층이 기울기의 일부만, 또는 다른 값의 기울기를 받습니다
path_missing-tied = forward는 `{ $block }`(을/를) 들어갈 때 한 번, 나올 때 전치해서 또 한 번 씁니다. d{ $block }에 { $path }의 기여가 없습니다. 한 값이 여러 곳으로 갈라지면 기울기는 더해집니다.
    .training = 가중치가 두 가지 일 가운데 하나만 배우고 다른 하나는 망칩니다
path_missing-mean = 각 출력은 입력 윈도의 평균인데 기울기는 다르게 전해집니다: { $how }. 윈도의 모든 입력이 같은 몫을 받아야 합니다.
    .training = 윈도의 입력이 대부분 학습되지 않습니다
path-skip = 곧바로 가는 경로(건너뛰기 연결)
path-factor = x에 따라 달라지는 인수 out/x
path-all_but_direct = 곧바로 가는 경로를 뺀 나머지
path-through = { $product } 경로
path-all_but_through = { $product }(을/를) 뺀 나머지 경로
path-first_use = { $name }의 첫 번째 사용
path-second_use = { $name }의 두 번째 사용
path-mean = 평균의 dout을 { $how }(으로/로) 보냄
weight_decay = { $in_loss ->
        [true] 손실에 ½ · { $lambda } · Σ { $block }²가 있어 d{ $block }의 값이 손실의 기울기보다 { $lambda } · { $block }만큼 작습니다. backward에서 가중치 감소를 빠뜨렸거나 일부만 더했습니다.
       *[false] d{ $block }의 값이 손실의 기울기보다 { $lambda } · { $block }만큼 큽니다. 손실에 없는 가중치 감소이거나, 손실에 있는 것보다 많습니다. ½ · { $lambda } · Σ { $block }²를 손실에 더하거나 backward에서 빼세요.
    }
    .title = { $in_loss ->
        [true] 기울기에 가중치 감소 { $lambda } 누락
       *[false] 기울기에 가중치 감소 { $lambda } 초과
    }
    .training = { $in_loss ->
        [true] 손실에는 가중치 감소가 보이지만 가중치는 줄지 않고 커집니다
       *[false] 가중치는 줄지만, 최소화하는 것은 화면에 보이는 손실이 아닙니다
    }

another_parameter = d{ $block }의 값이 `{ $of }`의 기울기입니다. 기울기는 저마다 자기 이름으로 저장해야 합니다.
    .title = { $of }의 기울기
    .training = `{ $block }`의 갱신에 `{ $of }`의 기울기가 쓰입니다
transposed = d{ $block }의 값은 맞는데 축이 뒤바뀌었습니다. [j, i]에 있어야 할 원소가 [i, j]에 있습니다.
    .title = 전치됨
    .training = 가중치마다 다른 가중치의 기울기로 갱신됩니다. 정사각 행렬에서는 형상으로 알 수 없습니다
transposed-product = dout에 행렬의 전치가 아니라 forward의 행렬을 그대로 곱했습니다.
    .training = 앞 계층이 다른 유닛의 기울기를 받습니다. 정사각 행렬에서는 형상으로 알 수 없습니다
axes_exchanged = d{ $block }의 값은 맞는데 축의 순서가 { $order }(으로/로) 바뀌었습니다.
    .title = 축의 순서가 { $order }(으로/로) 바뀜
    .training = 가중치마다 다른 가중치의 기울기로 갱신됩니다. 축의 길이가 같으면 형상으로 알 수 없습니다
rearranged = d{ $block }의 값은 맞는데 자리가 틀립니다: { $how }.
    .title = 원소의 자리가 바뀜: { $how }
    .help = 순서를 되돌려 `{ $block }`의 원소마다 자기 기울기를 주세요
    .training = 원소마다 다른 원소의 기울기로 갱신됩니다
not_reduced = d{ $block }에 행마다 값이 따로 있습니다. `{ $block }`(은/는) 모든 행에 쓰이므로 기울기를 행에 대해 더해야 합니다.
    .title = 행에 대한 합 누락
    .training = 형상 오류가 나거나, 브로드캐스트로 감춰지면 매개변수에 축이 하나 늘어납니다
wrong_axis = d{ $block }의 값을 { $mean ->
        [true] { $axes }에 대해 평균했습니다
       *[false] { $axes }에 대해 합했습니다
    }. 그 축에는 `{ $block }`의 원소가 늘어서 있습니다. `{ $block }`의 값이 브로드캐스트된 행에 대해 합해야 합니다.
    .title = 출력의 축 { $summed }에 대해 합함
    .training = 원소마다 한 행의 합으로 갱신됩니다. 행과 열의 수가 같으면 오류도 나지 않습니다
axes-one = 축 { $axes }
axes-several = 축 { $axes }
wrong_shape = d{ $block }의 형상은 { $code }인데 `{ $block }`의 형상은 { $right }입니다.
    .title = 형상: { $right } 대신 { $code }
    .training = 첫 갱신에서 형상 오류가 납니다
shares_missing = d{ $block }에는 출력의 축 { $axis }에서 { $present } 위치의 기여만 있습니다. 한 값이 여러 곳으로 갈라지면 기울기는 더해야 하는데, 서로 덮어쓰거나 빠졌습니다.
    .title = 출력의 축 { $axis }에서 { $present } 위치의 기여만 있음
    .training = 일부 샘플만 따르고 나머지는 무시합니다. 학습이 느려지고 흔들리며 손실이 덜 줄어듭니다
shares_missing-repeated = 인덱스가 반복될 때처럼 여러 출력이 `{ $block }`의 같은 원소를 쓰는 곳에서, d{ $block }에는 마지막 기여만 있습니다. 기울기는 더해야(+=) 하는데 서로 덮어씁니다(=).
    .title = 여러 번 쓰인 원소에 마지막 기여만 있음
    .training = 일부 샘플만 따르고 나머지는 무시합니다. 학습이 느려지고 흔들리며 손실이 덜 줄어듭니다
part_detached = d{ $block }의 값이 축 { $axis }의 { $missing } 위치에서 0이고 다른 곳에서는 맞습니다. 반복문이 너무 일찍 끝나거나, 기울기가 돌아오지 않는 갈래가 있습니다.
    .title = 축 { $axis }의 { $missing } 위치에서 끊김
    .help = 축 { $axis }의 모든 위치에서 d{ $block }의 값을 계산하세요
    .training = 이 원소들은 초깃값에 머뭅니다
rows_influence = forward에서는 배치의 행끼리 서로 영향을 주는데 backward는 행마다 따로 계산합니다. 0번 행이 1번 행에 준 영향이 빠졌습니다.
    .title = 행끼리 영향을 주지만 backward는 모름
    .help = 행이 서로 독립이어야 한다면 forward의 합이나 최댓값에 축을 지정하고(axis=1, keepdims=True), 아니면 backward에서 다른 행의 기여를 더하세요
    .training = 기울기가 실제로 계산하는 함수의 것이 아닙니다
diagonal_only = 출력은 여러 입력에 따라 달라지는데 d{ $block }에는 자기 입력의 기여만 있습니다. 야코비 행렬의 대각 밖 항이 빠졌습니다.
    .title = 각 출력에 자기 입력의 기여만 있음
    .help = 소프트맥스의 y · (dout − Σ dout · y)처럼 { $block }[i]의 영향을 받는 모든 출력에 대해 더하세요
    .training = 기울기의 방향이 다릅니다. 갱신 폭이 작으면 손실이 줄 수는 있지만 더 느립니다
dout_changed = d{ $block }의 값은 다른 상류 기울기에 대한 것입니다. dout 대신 { $how }(을/를) 씁니다.
    .title = dout이 바뀜: { $how }
    .training = 기울기의 방향이 다르며, 이보다 앞 계층이 모두 그 방향을 따라갑니다

normalisation_path = forward는 { $kind ->
        [batch] 배치
        [layer] 계층
        [rms] RMS
       *[length] 길이
    } 정규화입니다. backward에 { $path }의 기여가 없습니다. { $centred ->
        [true] x는 출력에 직접, 평균을 통해, 분산을 통해 영향을 주므로 세 기여를 모두 더해야 합니다.
       *[false] x는 출력에 직접, 그리고 나누는 수를 통해 영향을 주므로 두 기여를 모두 더해야 합니다.
    }
    .title = { $kind ->
        [batch] 배치
        [layer] 계층
        [rms] RMS
       *[length] 길이
    } 정규화에서 누락된 경로: { $path }
    .training = 정규화가 다시 없애 버릴 방향으로 앞 계층이 밀립니다. 학습이 느리고 불안정합니다
normalisation_path-gamma = γ의 기울기는 dout에 정규화한 입력 x̂을 곱해 더한 값입니다. backward는 { $code }(을/를) 씁니다.
    .training = γ가 이 계층이 없애야 할 입력의 크기를 따라갑니다
normalisation_term = forward는 { $kind ->
        [batch] 배치
        [layer] 계층
        [rms] RMS
       *[length] 길이
    } 정규화입니다. backward의 식은 { $code }입니다. { $centred ->
        [true] x는 출력에 직접, 평균을 통해, 분산을 통해 영향을 주므로 세 기여를 모두 더해야 합니다.
       *[false] x는 출력에 직접, 그리고 나누는 수를 통해 영향을 주므로 두 기여를 모두 더해야 합니다.
    }
    .title = { $kind ->
        [batch] 배치
        [layer] 계층
        [rms] RMS
       *[length] 길이
    } 정규화의 역전파가 { $code }
    .training = 정규화가 다시 없애 버릴 방향으로 앞 계층이 밀립니다. 학습이 느리고 불안정합니다
norm-mean = 평균
norm-variance = 분산
norm-mean_and_variance = 평균과 분산
norm-gamma = γ
norm-all = 평균, 분산, γ
norm-sigma = σ로 나누기
norm-square_root = 분산의 제곱근
norm-xhat = 분산의 기여에 곱하는 x̂
norm-root = 제곱근
norm-raw = x̂ (정규화하지 않은 x가 대신 쓰임)
norm-output = x̂ (출력이 대신 쓰임)
norm-count = 올바른 식이지만 σ와 dx̂ · x̂의 평균에서 나누는 수가 다름({ $less })
norm-count_in_sigma = 올바른 식이지만 σ에서 나누는 수가 다름({ $less })
norm-running = 평가할 때처럼 이동 통계량의 σ로 나눈 dx̂ / σ
norm-statistics = { $axes }의 통계량으로 구한 식
softmax_term = { $log ->
        [true] forward는 소프트맥스의 로그인데 backward의 식은 { $code }입니다. 출력은 합을 통해 그 행의 모든 입력에 따라 달라집니다.
       *[false] forward는 소프트맥스인데 backward의 식은 { $code }입니다. 출력은 합을 통해 그 행의 모든 입력에 따라 달라집니다.
    }
    .title = 소프트맥스의 역전파가 { $code }
    .training = 기울기의 행별 합이 0이 아니므로 한 행의 입력이 모두 함께 밀려, 학습이 느리거나 실패합니다

softmax_term-last = 마지막 계층의 가중합에 대한 기울기는 { $right }인데 backward의 식은 { $code }입니다. y는 소프트맥스의 예측, t는 정답, e = { $slope }(은/는) y에 대한 손실의 미분입니다.
maximum_shared = 각 출력은 입력 윈도의 최댓값인데 기울기는 다른 곳으로 갑니다: { $how }. 출력을 움직인 것은 최댓값뿐이므로 나머지는 0이어야 합니다.
    .title = 최댓값의 dout을 보낸 곳: { $how }
    .training = 출력에 관여하지 않은 입력까지 학습되어 특징이 서로 뒤섞입니다
maximum_shared-windows = 입력을 하나씩 다른 값보다 크게 했더니 이 출력들이 따라 움직였습니다. 윈도는 이렇게 알아냈습니다.
windows_misplaced = forward는 { $kind ->
        [convolution] 합성곱
        [maximum] 최대 풀링
       *[mean] 평균 풀링
    }(스트라이드 { $stride }, 패딩 { $padding })입니다. d{ $block }의 값은 backward가 다음과 같을 때의 값입니다: { $how }. 각 윈도의 기울기는 그 윈도가 읽은 자리로 보내고, 윈도가 겹치는 자리에서는 더해야 합니다.
    .title = { $kind ->
        [convolution] 합성곱
        [maximum] 최대 풀링
       *[mean] 평균 풀링
    }의 역전파: { $how }
    .training = 특징이 실제로 본 것과 다른 쪽으로 움직입니다. 앞 계층은 엉뚱한 픽셀에서 배웁니다
moving-flipped = 뒤집힌 필터
moving-stride = 스트라이드 누락
moving-padding = 패딩 누락
moving-stride_and_padding = 스트라이드와 패딩 누락
moving-replaced = 겹치는 윈도가 서로 덮어씀
left_out = forward는 { $of }에서 출력까지 가는 길에 { $what }(을/를) 곱하는데 d{ $of }에는 그 곱이 없습니다.
    .title = d{ $of }에 { $what } 누락
    .help = forward에서 곱한 곳에 맞추어 backward에서도 { $what }(을/를) 곱하세요
    .training = { $what }의 값이 초깃값일 때는 맞지만 갱신할수록 더 틀립니다
stale = d{ $block }의 값은 `{ $what }`(이/가) 바뀌기 전의 값에 대한 기울기입니다. backward가 복사본을 씁니다.
    .title = 이전 호출의 { $what }
    .training = 첫 갱신에서는 맞지만 갱신할수록 더 틀립니다
stale-first_x = d{ $block }의 값은 이번 입력이 아니라 맨 처음 호출의 입력에 대한 기울기입니다. backward가 쓰는 값이 너무 일찍 저장되었거나 다시 저장되지 않았습니다.
    .training = 매번 이전 배치의 샘플을 따라갑니다. 손실이 천천히 줄거나 흔들리거나 줄지 않습니다
stale-earlier = 같은 호출 뒤에는 d{ $block }의 값이 맞고 다른 호출 뒤에는 틀립니다. backward가 바로 앞 호출의 { $what }(을/를) 씁니다. 너무 일찍 저장되었거나 너무 늦게 다시 저장됩니다.
    .training = 매번 이전 배치의 샘플을 따라갑니다. 손실이 천천히 줄거나 흔들리거나 줄지 않습니다
stale-left = 앞선 호출이 달라지면 d{ $block }의 값도 달라집니다. 바로 앞 호출의 { $what }(이/가) 섞여 있습니다. backward가 쓰거나 더해 가는 값이 새로 정해지지 않습니다.
    .training = 매번 이전 배치의 샘플을 따라갑니다. 손실이 천천히 줄거나 흔들리거나 줄지 않습니다
loss_term = 손실은 항의 합이므로 dx의 원소의 올바른 식은 { $right }인데 backward의 식은 { $code }입니다. 다른 손실의 기울기입니다.
    .title = 손실의 역전파가 { $code }
    .training = 화면에 보이는 손실이 아니라 다른 손실이 줄어듭니다

slope_missing = dout이 그대로 지나갑니다. 연쇄법칙에 따라 곱해야 할 이 계층의 미분이 빠졌습니다.
    .title = 미분을 곱하지 않음
    .training = 함수가 평평한 곳에서 앞 계층의 기울기가 너무 커서 최적점을 지나칩니다
slope_missing-hidden = { $where }의 역전파에서 { $function }의 미분이 빠졌습니다. 앞 계층으로 보내는 값에 { $right }(을/를) 곱해야 합니다. z는 계층의 가중합, a는 계층의 출력입니다.
place-layer_of = `{ $weights }` 계층
place-hidden = 은닉 계층
slope_twice = 미분을 두 번 곱했습니다.
    .title = 미분을 두 번 곱함
    .training = 함수가 평평한 곳에서 앞 계층의 기울기가 너무 작아 학습이 멈춥니다
slope_at_output = 미분을 입력이 아닌 출력에서 계산했습니다. f′(x) 대신 f′(f(x))를 곱합니다.
    .title = 미분을 입력이 아닌 출력에서 계산함
    .training = x와 f(x)가 다른 모든 곳에서 기울기가 틀려 앞 계층이 천천히 배우거나 배우지 못합니다
slope_at_input = 미분이 출력에 대한 식인데 backward가 입력을 넣어 계산합니다. { $right } 대신 { $code }(을/를) 씁니다.
    .title = 미분을 출력이 아닌 입력에서 계산함
    .training = x가 크면 기울기가 지나치게 크고 부호도 틀려, 학습이 널뛰거나 멈춥니다
slope_at_input-seen = x = f(u)인 입력에서는 코드의 미분이 모든 원소에서 u의 올바른 미분과 같습니다. 식은 맞고 넣는 값이 틀렸습니다.
edit-dropped = 올바른 미분 { $right }에서 { $part }(을/를) 빼면 코드의 미분이 됩니다.
edit-exchanged = 올바른 미분 { $right }에서 { $part } 대신 { $code }(을/를) 쓰면 코드의 미분이 됩니다.
wrong_slope = { $of_right ->
        [true] backward의 미분은 { $code }입니다(s는 올바른 미분). forward가 계산하는 함수의 미분은 { $right }입니다.
       *[false] backward의 미분은 { $code }입니다. forward가 계산하는 함수의 미분은 { $right }입니다.
    }
    .title = { $right ->
        [none] 잘못된 미분 { $code }
       *[other] { $right } 대신 잘못된 미분 { $code }
    }
    .training = 앞 계층이 다른 함수의 기울기를 받아, 천천히 배우거나 엉뚱한 것을 배웁니다
wrong_slope-unknown = { $of_right ->
        [true] backward의 미분은 { $code }입니다(s는 올바른 미분). forward가 계산하는 함수의 미분이 아닙니다.
       *[false] backward의 미분은 { $code }입니다. forward가 계산하는 함수의 미분이 아닙니다.
    }
wrong_slope-at_one_point = dx의 값은 x = { $point }에서만 틀립니다. 그곳에서 함수의 기울기는 양쪽 모두 { $slope }인데 backward는 { $code }(을/를) 씁니다. |x|와 max(x, 0)처럼 그곳에서 꺾이는 부분들도 합치면 꺾이지 않습니다.
    .training = 가중치가 없는 첫 계층의 0처럼 늘 그 값인 입력은 매번 틀린 기울기를 받습니다
wrong_slope-of_input = d{ $block }의 기여는 모두 dout에 { $code }(을/를) 곱한 값입니다. forward에서 `{ $block }`에 곱하는 { $right }(을/를) 곱해야 합니다.
    .training = `{ $block }`의 갱신에 다른 함수의 기울기가 쓰입니다
wrong_slope-of_another = d{ $block }의 기여는 모두 dout에 { $code }(을/를) 곱한 값입니다. forward에서 `{ $block }`에 곱하는 것은 x의 다른 함수입니다.
    .training = `{ $block }`의 갱신에 다른 함수의 기울기가 쓰입니다
wrong_slope-contribution = 출력 i가 d{ $block }의 원소 j에 주는 기여는 dout · s이고 s = ∂out[i]/∂{ $block }[j]입니다. backward는 s 대신 { $code }(을/를) 씁니다.
    .training = `{ $block }`의 갱신에 다른 함수의 기울기가 쓰입니다
wrong_slope-at_the_end = d{ $block }의 값은 출력 y마다 곱하는 인수만 틀립니다. forward 끝의 활성화 함수를 미분한 { $right } 대신 { $code }(을/를) 씁니다.
wrong_slope-at_the_beginning = d{ $block }의 값은 입력 x마다 곱하는 인수만 틀립니다. forward 처음의 활성화 함수를 미분한 { $right } 대신 { $code }(을/를) 씁니다.
wrong_slope-hidden = { $where }의 역전파에서 backward가 { $function }의 미분인 { $right } 대신 { $code }(을/를) 곱합니다. z는 계층의 가중합, a는 계층의 출력입니다.
wrong_slope-last = 마지막 계층의 가중합에 대한 기울기는 { $right }인데 backward의 식은 { $code }입니다. y는 예측, t는 정답, e = { $slope }(은/는) y에 대한 손실의 미분입니다.
    .training = 모든 계층이 다른 손실의 기울기로 학습합니다
wrong_slope-in_part = d{ $block }의 값은 축 { $axis }의 { $positions } 위치에서만 틀립니다. forward가 그 부분에 적용한 활성화 함수를 미분한 { $right } 대신 { $slope }(을/를) 씁니다.
    .training = 게이트처럼 그 부분을 만드는 가중치가 다른 함수의 기울기로 학습됩니다
own_output = d{ $block }의 값을 계층의 입력이 아니라 출력으로 만들었습니다. 활성화 목록을 한 자리 뒤에서 읽습니다.
    .title = 입력 대신 출력을 씀
    .training = `{ $block }`의 갱신에 계층에 들어간 값이 아니라 나온 값이 쓰입니다. 우연히 학습되거나 발산합니다
element_factor = { $missing ->
        [true] d{ $block }에 인수 { $factor }(이/가) 빠졌습니다. 원소마다 올바른 값을 이 인수로 나눈 값입니다. 미분은 거쳐 가는 함수마다 한 번씩 곱해야 합니다.
       *[false] d{ $block }에 인수 { $factor }(이/가) 한 번 더 있습니다. 원소마다 올바른 값에 이 인수를 곱한 값입니다. 미분은 거쳐 가는 함수마다 한 번씩만 곱해야 합니다.
    }
    .title = { $missing ->
        [true] 각 원소를 { $factor }(으로/로) 나눔
       *[false] 각 원소에 { $factor }(을/를) 곱함
    }
    .training = 어떤 원소는 너무 크게, 어떤 원소는 너무 작게 갱신됩니다
part_factor = { $missing ->
        [true] d{ $block }의 값은 축 { $axis }의 { $positions } 위치에서만 틀립니다. 그곳에 인수 { $factor }(이/가) 빠졌습니다.
       *[false] d{ $block }의 값은 축 { $axis }의 { $positions } 위치에서만 틀립니다. 그곳의 값은 올바른 값의 { $factor }배입니다.
    } 게이트처럼 여러 부분으로 된 계층의 한 부분에만 오류가 있습니다.
    .title = { $missing ->
        [true] 축 { $axis }의 { $positions } 위치에서 인수 { $factor } 누락
       *[false] 축 { $axis }의 { $positions } 위치에서 { $factor }배
    }
    .training = 그 부분을 만드는 가중치는 잘못 학습되고 나머지는 제대로 학습됩니다. 손실은 줄지만 덜 줄어듭니다

epsilon = forward는 ln(y + { $value })(을/를) 쓰는데 backward는 ln y의 기울기입니다. 엡실론은 특히 확률이 작은 곳에서 손실을 바꾸지만 기울기에는 반영되지 않았습니다.
    .title = 로그 안의 엡실론 { $value }
    .help = 엡실론이 필요 없는 x − max − ln Σ exp(x − max)로 ln y를 계산하세요
    .training = 평소에는 영향이 적지만, 신경망이 틀린 답을 확신하면 손실이 { $most }에서 멈추어 얼마나 틀렸는지 알 수 없습니다
epsilon-aside = { $in_forward ->
        [true] forward는 ln(x + { $value })처럼 입력에 { $value }(을/를) 더하는데 backward는 더하지 않은 식의 미분입니다
       *[false] backward는 1 / (x + { $value })처럼 입력에 { $value }(을/를) 더하는데 forward는 더하지 않습니다
    }. 입력이 작은 곳에서 가장 크게 달라집니다.
    .title = 한쪽에만 있는 엡실론 { $value }
    .help = forward와 backward에 같은 엡실론을 쓰세요
    .training = 입력이 엡실론만큼 작지 않으면 영향이 거의 없습니다
cross_entropy_term = forward는 소프트맥스의 교차 엔트로피입니다. backward는 (y − t){ $right } 대신 { $code }(을/를) 씁니다.
    .title = 교차 엔트로피의 역전파가 { $code }
    .training = 기울기의 행별 합이 0이 아니거나 정답에서 0이 되지 않으므로, 손실이 가장 작은 곳에 머물지 못합니다
cross_entropy_term-last = 마지막 계층의 가중합에 대한 기울기는 { $right }인데 backward의 식은 { $code }입니다. y는 소프트맥스의 예측, t는 정답, e = { $slope }(은/는) y에 대한 손실의 미분입니다.
cross_entropy_term-divided = 손실과 기울기를 나누는 수가 다릅니다. backward는 (y − t){ $right } 대신 { $code }(을/를) 씁니다.
    .training = 배치 크기에 따라 갱신 폭이 달라집니다
cross_entropy_term-centred = 기울기에서 행에 대한 평균을 뺐습니다.
    .training = 모든 행에 공통된 것을 배우지 못해 편향이 그대로입니다
attention_term = forward는 셀프 어텐션(P · x, P = softmax(s · x · xᵀ){ $mask ->
        [none] {""}
        [before] , 소프트맥스 앞에서 마스크로 키 일부를 가림
       *[after] , 소프트맥스 뒤에서 마스크를 곱함
    }, s = { $scale })입니다. 입력이 질의, 키, 값으로 쓰이므로 dx에는 기여가 셋이고, 그중 둘은 소프트맥스와 배율을 거칩니다. 틀린 곳: { $mistakes }.
    .title = 어텐션의 역전파가 { $code }
    .training = 무엇에 주목할지를 틀린 기울기로 배웁니다. 손실은 값의 기여만으로 줄어드는 만큼 줄어듭니다
attention_term-general = forward는 어텐션(P · v, P = softmax(s · q · kᵀ){ $mask ->
        [none] {""}
        [before] , 소프트맥스 앞에서 마스크로 키 일부를 가림
       *[after] , 소프트맥스 뒤에서 마스크를 곱함
    }, s = { $scale })입니다. 질의와 키의 기울기는 소프트맥스와 배율을 거칩니다. 틀린 곳: { $mistakes }.
    .training = 무엇에 주목할지를 틀린 기울기로 배웁니다. 손실은 값의 기여만으로 줄어드는 만큼 줄어듭니다
attention-softmax = 소프트맥스의 역전파가 { $code }
attention-missing = { $role ->
        [query] 질의
        [key] 키
       *[value] 값
    }의 기여 누락
attention-not_transposed = { $role ->
        [query] 질의
        [key] 키
       *[value] 값
    }의 기여({ $of })를 전치하지 않음
attention-scale_missing = backward에서 배율을 곱하지 않음
attention-scale_twice = 배율을 두 번 곱함
attention-mask_forgotten = backward에서 forward의 마스크 없이 P를 다시 계산함
attention-mask_transposed = backward의 마스크가 forward의 마스크를 전치한 것임
attention-mask_in_backward = forward에 없는 마스크가 backward에 있음
attention-mask_after = forward가 소프트맥스 뒤에서 P에 곱한 마스크를 backward에서 빠뜨림
attention-mask_before = 소프트맥스 뒤의 마스크를 소프트맥스 앞의 것처럼 다룸(dS에는 가리기 전의 P를 써야 함)
own_hidden_state = d{ $block }의 값을 그 시각의 은닉 상태로 만들었습니다. forward는 `{ $weights }`에 바로 앞 시각의 은닉 상태를 곱합니다.
    .title = 앞 시각 대신 그 시각의 은닉 상태
    .training = 순환 가중치가 상태를 낳는 것이 아니라 상태와 함께 나타나는 것을 배웁니다
handed_back = 시각 하나하나는 맞지만 앞 시각으로 넘겨주는 기울기가 틀립니다. 마지막 시각의 기울기는 넘겨받는 것이 없으므로 맞습니다.
    .title = { $how }
    .training = 시계열 앞부분의 일을 잘못 배우거나 배우지 못합니다. 시계열이 길수록 심합니다
handed_back-not_transposed = 시각 하나하나는 맞지만 앞 시각으로 넘겨주는 기울기가 틀립니다. backward가 `{ $weights }`의 전치가 아니라 forward의 행렬을 그대로 곱합니다. 정사각 행렬이어서 형상으로는 알 수 없습니다.
handed_back-slope_missing = 시각 하나하나는 맞지만 앞 시각으로 넘겨주는 기울기가 틀립니다. 뒤 시각에서 돌아온 기울기에 { $function }의 미분을 곱하지 않습니다. 먼저 dout에 더한 뒤 그 합에 미분을 곱하세요.
handed_back-slope_twice = 시각 하나하나는 맞지만 앞 시각으로 넘겨주는 기울기가 틀립니다. 뒤 시각에서 돌아온 기울기에 { $function }의 미분을 두 번 곱합니다.
handed_back-nothing = 시각 하나하나는 맞지만 뒤 시각에서 넘겨받는 기울기가 없습니다. 은닉 상태에 대한 기울기를 저장해 앞 시각의 dout에 더하세요.
handed_back-over = 시각 하나하나는 맞지만 기울기가 { $reach }시각까지만 거슬러 올라갑니다.
handed_back-factor = 시각 하나하나는 맞지만 앞 시각으로 넘겨주는 기울기가 올바른 값의 { $factor }배입니다.
handed_back-otherwise = 시각 하나하나는 맞지만 앞 시각으로 넘겨주는 기울기가 틀립니다. 모든 블록에서 코드의 값이 하나의 틀린 인수 ∂h[t]/∂h[t − 1]로 설명됩니다.
    .help = 앞 시각의 dh를 만드는 줄을 forward와 견주어 보세요. 인수는 한 번씩, 행렬은 전치해서 곱합니다
handed-not_transposed = 앞 시각으로 넘겨줄 때 { $weights }의 전치 누락
handed-slope_missing = 앞 시각으로 넘겨줄 때 { $function }의 미분 누락
handed-slope_twice = 앞 시각으로 넘겨줄 때 { $function }의 미분을 두 번 곱함
handed-nothing = 앞 시각으로 넘겨주는 기울기가 없음
handed-over = 앞 시각으로 { $reach }시각까지만 넘겨줌
handed-factor = 앞 시각으로 넘겨주는 기울기가 { $factor }배
handed-otherwise = 앞 시각으로 넘겨주는 기울기가 틀림
mask_missing-within = d{ $block }에 계층 안 렐루의 마스크가 없습니다. 꺼진 출력의 기울기까지 켜진 것처럼 돌아옵니다.
mask_missing-first = d{ $block }에 계층 처음의 렐루 마스크가 없습니다. 꺼진 입력까지 켜진 것처럼 기울기를 받습니다.
mask_inverted-within = d{ $block }에서 계층 안 렐루의 마스크가 뒤집혔습니다. 꺼진 출력의 기울기는 돌아오고 켜진 출력의 기울기는 돌아오지 않습니다.
mask-seen = 코드가 낸 기울기 방향으로 값을 움직여 출력이 따라 움직이기 시작하자 그 기울기가 코드의 값과 같아졌습니다. 꺾인 점 반대쪽의 기울기입니다.
evidence-reproduced_exactly = 입력 { $inputs }개에서 코드가 낸 값 { $count }개가 모두 이 오류의 값과 정확히 같습니다. 올바른 값과는 최대 { $off }만큼 다릅니다.

## 오류 목록

fault-affine-dw-sign = dw의 부호가 반대
fault-affine-dx-sign = dx의 부호가 반대
fault-affine-dw-transposed = dw = doutᵀ · x
fault-affine-dx-not-transposed = 정사각 계층에서 dx = dout · w
fault-affine-dw-mean = dw가 행들의 평균
fault-affine-dw-times-n = dw에 행의 수를 곱함
fault-affine-dw-twice = dw가 두 배
fault-affine-db-mean = db가 행들의 평균
fault-affine-db-not-summed = db가 dout 그대로
fault-affine-db-wrong-axis = db를 열 방향으로 합함
fault-affine-db-detached = db가 0
fault-affine-dw-detached = dw가 0
fault-affine-dx-detached = dx가 0
fault-affine-stale-x = 이전 호출의 x로 구한 dw
fault-affine-stale-w = 처음에 복사해 둔 w로 구한 dx
fault-affine-stale-dout = 이전 호출의 dout으로 구한 기울기
fault-affine-accumulates = dw와 db가 이전 호출의 값에 더해짐
fault-affine-last-row = 마지막 행만으로 구한 dw
fault-affine-first-row-left-out = 첫 행이 빠진 db
fault-affine-dw-reversed = 열의 순서가 거꾸로인 dw
fault-affine-last-column = 마지막 열이 빠진 dw
fault-affine-decay = 기울기에만 있는 가중치 감소
fault-affine-dout-absolute = dout의 절댓값을 씀
fault-affine-dout-ignored = dout을 1로 둠
fault-relu-mask-inverted = ReLU가 forward에서 막은 곳을 통과시킴
fault-relu-mask-missing = ReLU가 dout을 그대로 넘김
fault-relu-mask-of-dout = ReLU가 음수 x가 아니라 음수 dout을 막음
fault-relu-mask-moved = ReLU의 마스크가 x > 0.5
fault-relu-mask-moved-left = ReLU의 마스크가 x > −0.5
fault-relu-sign = ReLU의 기울기 부호가 반대
fault-relu-twice = ReLU의 기울기가 두 배
fault-relu-detached = ReLU의 backward가 0을 돌려줌
fault-relu-returns-output = ReLU가 기울기 대신 출력을 돌려줌
fault-leaky-relu-no-leak = backward에 누설이 없는 leaky ReLU
fault-leaky-relu-wrong-leak = 누설이 forward는 0.01, backward는 0.1인 leaky ReLU
fault-leaky-relu-inverted = 두 기울기가 뒤바뀐 leaky ReLU
fault-sigmoid-at-input = 시그모이드의 미분이 x(1 − x)
fault-sigmoid-at-output = 시그모이드의 미분을 y에서 계산함
fault-sigmoid-half = 시그모이드의 미분이 1 − y 없이 y
fault-sigmoid-missing = 시그모이드의 미분을 곱하지 않음
fault-sigmoid-twice = 시그모이드의 미분을 두 번 곱함
fault-tanh-not-squared = tanh의 미분이 1 − y
fault-tanh-at-input = tanh의 미분이 1 − x²
fault-tanh-at-output = tanh의 미분을 y에서 계산함
fault-tanh-as-sigmoid = tanh에 시그모이드의 미분을 씀
fault-tanh-plus = tanh의 미분이 1 + y²
fault-swish-one-path = swish에 첫째 인수의 기여만 있음
fault-swish-other-path = swish에 둘째 인수의 기여만 있음
fault-elu-left = ELU의 왼쪽 미분이 y + 1이 아닌 y
fault-softplus-as-tanh = softplus의 미분이 tanh(x)
fault-exp-missing = exp가 dout을 그대로 넘김
fault-square-half = 제곱의 미분이 x
fault-tanh-by-exp = 오버플로가 나는 exp의 몫으로 계산한 tanh
fault-relu-writes-dout = 책의 구현처럼 꺼진 곳의 dout을 0으로 바꾸어 돌려주는 ReLU
fault-relu-writes-x = 음수인 입력을 0으로 바꾸어 돌려주는 ReLU
fault-softmax-batch = 노트의 오류: 배치 전체에 대한 소프트맥스
fault-softmax-columns = 열 방향의 소프트맥스
fault-loss-dout-ignored = 손실이 dout을 쓰지 않음
fault-loss-not-divided = 1/N이 없는 y − t
fault-loss-divided-twice = (y − t) / N²
fault-loss-mean-of-sum = 합인 손실에 (y − t) / N
fault-loss-sign = t − y
fault-loss-labels-missing = 레이블을 빼지 않은 y / N
fault-loss-of-probabilities = 소프트맥스의 미분이 빠진 −t/y
fault-loss-logits = 확률 대신 로짓을 쓴 x − t
fault-loss-softmax-twice = (y − t) · y(1 − y)
fault-loss-epsilon = ln(y + 1e-4)에 ln y의 기울기
fault-loss-overflow = 최댓값을 빼지 않음
fault-loss-detached = 손실이 0을 돌려줌
fault-squares-half = ½이 forward에만 있는 평균 제곱 오차
fault-squares-elements = backward에서 전체 원소 수로 나눈 평균 제곱 오차
fault-batch-norm-mean = 평균을 지나는 경로가 없는 배치 정규화
fault-batch-norm-variance = 분산을 지나는 경로가 없는 배치 정규화
fault-batch-norm-both = 통계량을 상수로 본 배치 정규화
fault-batch-norm-gamma-raw = 정규화하지 않은 x로 구한 배치 정규화의 dgamma
fault-batch-norm-running = 학습 중에 평가용 backward(이동 통계량)를 쓰는 배치 정규화
fault-layer-norm-mean = 평균을 지나는 경로가 없는 계층 정규화
fault-layer-norm-variance = 분산을 지나는 경로가 없는 계층 정규화
fault-layer-norm-both = 통계량을 상수로 본 계층 정규화
fault-layer-norm-gamma = dx에 gamma가 없는 계층 정규화
fault-conv-dx-flipped = 합성곱 필터를 뒤집어 구한 dx
fault-conv-dx-stride = 스트라이드를 빠뜨린 합성곱의 dx
fault-conv-dw-stride = 스트라이드를 빠뜨린 합성곱의 dw
fault-conv-dx-padding = 패딩을 떼어 내지 않은 합성곱의 dx
fault-conv-dx-replaced = col2im에서 더하지 않고 대입하는 합성곱
fault-pool-stride = 역전파에서 스트라이드를 빠뜨린 최대 풀링
fault-pool-replaced = col2im에서 더하지 않고 대입하는 최대 풀링
fault-pool-averaged = 평균 풀링의 역전파를 쓰는 최대 풀링
fault-pool-ties = 같은 최댓값이 여럿이면 모두에 dout을 주는 최대 풀링
fault-attention-scale-missing = backward에서 배율 1/√D를 빠뜨린 어텐션
fault-attention-mask-forgotten = backward에서 마스크 없이 P를 다시 계산하는 어텐션
fault-attention-mask-transposed = backward의 마스크가 전치된 어텐션
fault-attention-mask-after-softmax = 소프트맥스 뒤의 마스크를 backward에서 빠뜨린 어텐션
fault-attention-softmax-diagonal = 소프트맥스의 역전파가 P · (1 − P) · dP인 어텐션
fault-rnn-cut = 다음 시각에서 기울기를 넘겨받지 않는 순환층
fault-rnn-one-step = 기울기가 한 시각만 거슬러 가는 순환층
fault-rnn-not-transposed = wh를 전치하지 않고 기울기를 넘겨주는 순환층
fault-scale-shift-exchanged = gamma와 beta의 기울기가 뒤바뀜
fault-softmax-diagonal = 소프트맥스의 backward가 dout · y · (1 − y)
fault-softmax-sum-missing = 소프트맥스의 backward가 dout · y
fault-softmax-unweighted = 소프트맥스의 backward가 Σ dout을 뺌
fault-softmax-over-batch = 배치 전체에 대한 소프트맥스에 행별 backward
fault-softmax-down-columns = 열 방향의 소프트맥스에 행별 backward
fault-softmax-overflow = 최댓값을 빼지 않은 소프트맥스
fault-log-softmax-dout = 로그 소프트맥스의 backward가 dout − y
fault-log-softmax-as-softmax = 로그 소프트맥스에 소프트맥스의 backward
fault-dropout-not-scaled = 드롭아웃의 backward에 배율이 없음
fault-dropout-mask-missing = 드롭아웃의 backward에 마스크가 없음
fault-dropout-mask-inverted = 드롭아웃의 마스크가 backward에서 뒤집힘
fault-skip-missing = 건너뛰기 연결의 기여 누락
fault-skip-only = 건너뛰기 연결의 기여만 있음
fault-batch-mean-ignored = 배치의 평균을 빼지만 backward는 모름
fault-row-mean-ignored = 행의 합을 더하지만 backward에는 대각 성분만 있음

faults-recognised = { $tried }개 가운데 { $count }개를 알아냄: 처음 틀린 계층과 원인이 목록과 같습니다. 하나씩 보려면 --fault NAME을 쓰세요.
faults-no_layer = 틀린 계층 없음
