# The English texts of the gradient check. The tests compare this file with the code and with ko.ftl.

## Causes, by their names in JSON: the fault; `title`, the fault in a few words; `help`, the line to write instead; `training`,
## its effect on training.

## Properties of a batch

batch-permuted = A permutation of the rows of the batch does not permute the outputs: they differ by up to { $apart }. The output of a row depends on its position in the batch, or on the rows before it.
    .help = if the rows are samples, take each by itself: reduce along axis 1, not along axis 0
    .training = the output for a sample depends on the others that happen to be in its batch
batch-row_sums = A constant added to all logits of a row does not change its softmax, so each row of the logits' gradient sums to 0. Here it does not.
    .training = descent moves all logits of a row up or down together: they grow without a bound, and the probabilities do not change
batch-row_sums_are = The rows of the gradient sum to { $sums }.
batch-copies = Copies of one row have the loss of that row, so this is a mean over rows; but with each row of the batch twice the loss is { $again } instead of { $once }: the rows influence each other.
    .help = take the loss of each row by itself, add them up, and divide by the number of rows, in forward and in backward
    .training = the length of a step depends on the size of the batch: another learning rate for each
batch-halved = With each row of the batch twice the mean loss is the same, and the gradient of each row must be half of what it was; it is up to { $apart } away from that.
    .help = take the loss of each row by itself, add them up, and divide by the number of rows, in forward and in backward
    .training = the length of a step depends on the size of the batch: another learning rate for each
batch-doubled_loss = With each row twice the loss is { $again } instead of { $once }: it is not a mean over the rows, or the rows influence each other. The length of a step then depends on the size of the batch.
batch-doubled_gradient = With each row twice the loss is the same, but the gradient differs: it is right only for this number of rows.
batch-reversed = With the rows in the reverse order the loss is { $again } instead of { $once }: it depends on their order.
first_loss-batch = At logits this small nothing is learned yet, and a mean cross entropy over { $classes } classes is near ln { $classes } = { $expected }; the first loss is { $loss }, near ln { $all } = { $log }, that of all { $rows } · { $classes } numbers of the batch together: a softmax over the whole batch.
first_loss-columns = At logits this small nothing is learned yet, and a mean cross entropy over { $classes } classes is near ln { $classes } = { $expected }; the first loss is { $loss }, near ln { $rows } = { $log }, that of the rows: a softmax down the columns.
first_loss-sum = At logits this small nothing is learned yet, and a mean cross entropy over { $classes } classes is near ln { $classes } = { $expected }; the first loss is { $loss }, { $rows } times that: a sum over the rows where a mean is meant.

## Invariants of a layer

memory_overwritten = A second backward after one forward gives other numbers: backward overwrites the values that forward stored.
    .title = backward overwrites what forward remembered
    .help = work on a copy in backward
    .training = none while each forward is followed by one backward; wrong for two losses on one forward
softmax-forward_is_wrong = Its gradient is that of this forward; the fault is in forward.
softmax-probabilities = The probabilities of the rows sum to { $sums }; each should sum to 1.
overflow-softmax = With { $at } added to all inputs, which must not change anything, forward gives { $value }: exp overflows, since the maximum of each row is not subtracted first.
overflow-saturated = At inputs of { $at } forward gives { $value }, although the function no longer changes there: exp overflows.
    .help = write it with exp(−|x|), which cannot overflow
overflow =
    .title = overflow
    .training = training runs until one input is large, and then everything is NaN
written_into = { $what ->
        [x] forward writes into its argument x: the array belongs to the previous layer, which may have stored it as its output. Code that uses it later reads other numbers.
       *[dout] backward writes into its argument dout: the array belongs to the next layer, and to every other path with the same gradient. Code that uses it later reads other numbers.
    }
    .title = { $what } written into
    .training = right in a plain sequence of layers; wrong as soon as an array is used twice: a skip, two losses, a layer that stores its output
written_into-early = backward overwrites dout before its last use: d{ $block } is computed from the overwritten numbers.
    .training = `{ $block }` follows the gradient of another dout
written_into-size = { $what } had { $before } numbers before { $call }, and has { $after } after it.
written_into-value = { $what } at { $index } was { $before } before { $call }, and is { $after } after it.

law-zero_for_zero = For dout = 0, d{ $block } is not 0 but up to { $apart }: it has a term without the factor dout.
    .help = multiply everything in d{ $block } by dout
    .training = the gradient changes its direction with the size of the loss
law-repeatable = A second backward with the same x and dout gives a d{ $block } that is up to { $apart } away from the first: a part of it is random, or stored from another call.
    .help = draw no random numbers in backward: store them in forward (self.mask = mask), and use these
    .training = noise in place of a part of the gradient
law-sum = d{ $block } is not linear in dout: for the sum of two upstream gradients it is { $apart } away from the sum of both.
    .help = remove from d{ $block } everything that is not linear in dout: signs, rounding, limits, normalization
    .training = the gradient changes its direction with the size of the loss
law-multiple = d{ $block } is not linear in dout: for { $times } times an upstream gradient it is not { $times } times itself, but up to { $seen } where { $expected } belongs.
    .help = remove from d{ $block } everything that is not linear in dout: signs, rounding, limits, normalization
    .training = the gradient changes its direction with the size of the loss
law-limited = It is { $how }.

## Evidence

column-code = the code
column-fault = this fault
column-differences = by differences
evidence-reproduced = This fault gives all { $count } numbers of the code at { $inputs ->
        [one] one input
       *[other] { $inputs } inputs
    }, to { $worst }; the right ones are up to { $off } away.
evidence-compared = { $wrong } of { $all } elements are wrong; the cosine to the right gradient is { $cosine }, the ratio of the norms { $ratio }.
few_digits = d{ $block } agrees with the differences to about five digits in every element, and no further: constants in backward are written with few digits, or it is a formula that is nearly the right one. It makes no difference to training.
unexplained = d{ $block } is wrong, and no known fault reproduces its numbers. The evidence shows where they differ.
    .title = wrong, for no cause that could be proved
    .training = the gradient is not that of the loss; its effect on training is unknown
unexplained-missing = backward computes no gradient for `{ $block }`.
    .help = compute d{ $block } in backward, and show it in `parameters`
unexplained-infinite = d{ $block } is { $value } at { $at }, where the differences are finite: backward divides by 0, or an intermediate number overflows.
unexplained-few = Along random directions through the whole block it disagrees; the elements that were differentiated one by one are right, so that few elements are wrong.
extent-wrong = All of them are at { $wrong } along axis { $axis }{ $outputs ->
        [true] {" "}of the outputs that they come from
       *[false] {""}
    }.
extent-right = None of them is at { $right } along axis { $axis }{ $outputs ->
        [true] {" "}of the outputs that they come from
       *[false] {""}
    }.
extent-last = All of them are at { $wrong } along axis { $axis }{ $outputs ->
        [true] {" "}of the outputs that they come from
       *[false] {""}
    }; the last, { $right }, is right.
extent-first = All of them are at { $wrong } along axis { $axis }{ $outputs ->
        [true] {" "}of the outputs that they come from
       *[false] {""}
    }; the first, { $right }, is right.
extent-both = All of them are at { $wrong } along axis { $axis }{ $outputs ->
        [true] {" "}of the outputs that they come from
       *[false] {""}
    }; right at { $right }.
extent-later = What an output contributes to its own position along axis { $axis } is right, and wrong is only what comes from later positions: look at the gradient that a step passes to the previous one.
extent-ratio = Each wrong element is { $ratio } times the right one.
extent-value = Only the given input shows it, in the elements that are { $value }; at random inputs the gradient is right.
extent-given = Only the given input shows it; at random inputs the gradient is right.
extent-outputs = The same outputs contribute wrongly to { $others }: it may be one fault.

## Remarks

harmless-network = In this network it has no consequence: the gradients of all parameters agree with the differences of the loss.
harmless-elsewhere = It is not what is wrong in this network: the gradients that depend on it agree with the differences of the loss.
harmless-graph = In this graph it has no consequence: the gradients of all parameters agree with the differences of the loss.
harmless-end = At the end of the graph dout is 1, and the gradient is right.
matters-scaled = It would matter if the loss were scaled, or one of several: then dout is not 1.
matters-used_twice = It would matter if another layer, a skip or a second loss still used that array.
matters-parameters_before = It would matter if a layer before it had parameters.
matters-without_reset = It would matter without a reset to zero before each backward.
matters-with_others = It would matter if this layer were used with others: here another layer, or the loss, compensates for it.
matters-another_graph = It would matter in another graph: here another node compensates for it, or nothing depends on it.
epsilon-small = An epsilon this small has no consequence for training. It would matter if a probability were not much larger.
remark-kink = The function has a kink here: { $kinks } of { $all } differentiated { $all ->
        [one] element
       *[other] elements
    }. At { $at } d{ $block } may be { $left } (slope from the left) or { $right } (from the right); the code takes { $claimed }. That is not a fault.
remark-rounding = d{ $block } agrees to the { $to } that its precision leaves: the layer computes in a lower precision, or rounds intermediate results. That is not a fault.
remark-precision = d{ $block } agrees to the { $to } that its precision leaves: backward returns { $precision }. That is not a fault.
remark-jump = The function jumps here in `{ $block }`, as an index or a rounded number does, so that there is no slope to compare d{ $block } with.
remark-inconclusive = The differences are too inaccurate here to say whether d{ $block } is right.
remark-near_zero = At the given input d{ $block } is so near 0 that only rounding could be compared; it was compared at random inputs instead.
remark-spread = d{ $block } differs from call to call by up to { $spread } of its largest number, with the same x and dout: it is added up in another order each time. That is rounding.
refused-not_deterministic = Two calls of forward with the same input differ: output { $at } is { $first } and then { $second }. There is no gradient to compare with.
    .help = draw the random numbers (a dropout's mask) from a fixed seed in each forward, or check with the ratio 0
refused-not_finite = The output is not finite at this input, so that it has no derivative.
    .help = check at an input at which the function is defined
besides = Besides, and whatever the cause of the other:
elsewhere = At the given rows, and at random inputs, the gradients are so near 0 that only rounding could be compared.
elsewhere-compared = At the given rows the gradients are so near 0 that only rounding could be compared; they were compared at random inputs instead.

## Networks

overwritten = d{ $block } is one number when the backward of `{ $layer }` returns, and another at the end: the backward of `{ $by }` writes into the array that `{ $layer }` returned and still uses.
    .title = dx written into by { $by }
    .training = `{ $parameter }` follows a gradient that belongs to another layer
shared_parameter =
    .title = one array: { $names }
shared_parameter-sum = { $names } are one and the same array: a change of one is a change of the other, and its gradient is the sum over { $count ->
        [2] both uses
       *[other] all uses
    }. Each layer shows that sum: subtract it once.
shared_parameter-contributions = { $names } are one and the same array: a change of one is a change of the other, and its gradient is the sum over { $count ->
        [2] both uses
       *[other] all uses
    }. Each layer shows the contribution of its own use: an update with all of them moves the array by their sum.
shared_parameter-no_sum = { $names } are one and the same array: a change of one is a change of the other, and its gradient is the sum over { $count ->
        [2] both uses
       *[other] all uses
    }. The gradient that every layer shows is not that sum: it is the contribution of one use, or another array.
    .training = the array follows a part of its gradient only
shared_parameter-does_not_add_up = { $names } are one and the same array: a change of one is a change of the other, and its gradient is the sum over { $count ->
        [2] both uses
       *[other] all uses
    }. The gradients that the layers show do not add up to it.
    .training = the array follows a part of its gradient only
whole-layers_are_right = Every layer is right by itself.
whole-unexplained = Every layer is right by itself, but in the network the gradient of { $names } is not that of the loss: the update uses other arrays than the layers return.
    .training = training does not follow the loss
whole-compared = The gradients that are used, beside the differences of the loss:
column-cosine = cosine
column-ratio = ratio
weight_decay-multiple = The missing part of the gradient is the same multiple of the value in all of { $count } elements of { $block }.
shared_buffer = `{ $layer }` is right in isolation; in the network its backward uses the input of `{ $with }`: the two share one buffer, and the last forward overwrites it.
    .title = buffer shared with { $with }
    .training = the gradient of this layer and of all before it is that of another network
shared_buffer-unknown = `{ $layer }` is right in isolation, and wrong in the network: between forward and backward other code changes its stored values.
    .help = give each layer its own memory (self.x = x.copy()), and one object for each layer
network-off = { $block } is off by { $apart } on average
network-why = This is why, in the network, { $wrong }.
network-first_loss = This is why the first loss is { $loss } (near ln { $instead } = { $log }), not ln { $classes } = { $expected }.
no_gradient = The output depends on `{ $of }`, and backward gives no gradient for it. That is right for labels and settings; a parameter to be trained gets none.
    .title = no gradient for { $of }

## Method

method-network = the network: the loss differentiated in { $count } of its parameters' elements, and each parameter along random directions
method-layer = { $layer }: { $inputs } inputs, each with a random upstream gradient; { $count } elements differentiated one by one, and each block along random directions
method-some_rows = the isolated layers with the first { $count } of { $all } rows, the network with all of them
method-one_batch = { $layer } accepts only the given number of rows, and was checked with no other

## Causes that need no hypothesis

ties_counted = Several inputs are tied for the maximum. Moved together they move the output once; the contributions in d{ $block } sum to { $times }, not to 1.
    .title = ties counted { $times } times
    .training = wherever a rectifier leaves several zeros in one window, the gradient is that many times too large
    .help = give dout to one of the tied inputs (argmax), or divide it by their number
dout_ignored = d{ $block } is the same for every upstream gradient: backward ignores dout, as if it were 1.
    .title = dout ignored
    .training = nothing while this is the last layer and dout is 1; wrong as soon as the loss is scaled, or one of several
dout_ignored-seen = For three different upstream gradients, the numbers of the code are the same.
accumulated = d{ $block } is added to the gradient of the call before instead of replacing it.
    .title = added to the last call's gradient
    .training = every step repeats all earlier ones: steps grow from step to step, and the loss blows up

## Recorded graphs

overflow-single = In f32 the gradient of { $block } is not finite; in f64 it is finite and right: an intermediate number exceeds the range of f32, 3.4e38.
    .help = write the formula without large intermediate numbers, or train in f64
    .training = training in f32 ends in NaN
single = In f32 the gradient of { $block } is up to { $apart } of its largest number away from that in f64, which agrees with the differences. That is rounding, not a fault.
single-much = In f32 the gradient of { $block } is up to { $apart } of its largest number away from that in f64, which agrees with the differences. That is rounding, but much of it: large numbers cancel.
claim-wrong = The given gradient of { $names } is not the gradient of the loss.
not_finite-nan = { $nan } NaN of its { $all } numbers
not_finite-infinite = { $infinite } infinite of its { $all } numbers
not_finite-both = { $nan } NaN and { $infinite } infinite of its { $all } numbers
not_finite-block = `{ $label }` holds { $held }
not_finite-blocks = { $holding }, so that no gradient can be compared with anything.
    .help = check at parameters and inputs that are finite numbers
not_finite-loss = The loss is { $value } here, so that no gradient can be compared with anything.
    .help = check at parameters and inputs that are finite numbers
not_finite-gradient = The gradient is { $value } here, so that its derivative cannot be compared with anything.
    .help = check at parameters and inputs that are finite numbers
not_finite-begins = From the left, { $place } is the first with a number that is not finite: it holds { $held }.
node = `{ $label }` (the operation `{ $operation }`, recorded at { $location })
place-first = { $node } is the first from the left that is wrong: it
place-too = { $node }, too,
place-as_well = { $node } is wrong as well: it
node-not_deterministic = { $node } had another value in a second run with the same inputs, so that it has no derivative.
    .help = draw its random numbers from a fixed seed, or pass them as an input
node-not_recorded = { $place } has a derivative that cannot be recorded: { $error }
node-jump = { $node } jumps or has no value near this value of { $block }, so that differences cannot measure its slope.
node-inconclusive = The check of the derivative of { $node } with respect to { $block } is inconclusive: the differences do not converge.
node-wrong = { $place } has a wrong derivative with respect to { $block }.
    .training = every gradient to the left of it is wrong, too
node-between = Several of its numbers are at a kink together, and its gradient there is not one of the gradients nearby, nor between them.
node-differ = { $count } of { $all } elements differ from the differences of its own output, for a random upstream gradient.
node-along = Along a random direction of all elements its derivative gives { $claimed }, the differences { $differences }.
column-derivative = its derivative
column-left = left
column-taken = taken
column-right = right
node-kink = { $node } has a kink at this value of { $block }: { $kinks } of { $all } elements have one slope on the left and another on the right.
node-left = It takes the slope of the left side.
node-right = It takes the slope of the right side.
node-sides = It takes the slope of the left side at { $left }, of the right side at { $right }, and one between at { $between }.
node-no_fault = That is not a fault.
node-slopes = The slopes of both sides, and the one taken.
graph-unexplained = Every node has the right derivative in isolation, but the gradient of the loss is wrong: the fault shows at other values of the nodes, or in elements that were not sampled.
graph-moved = At the given values the gradient of { $names } is so near 0 that only rounding could be compared; it was compared at other values of the parameters instead.
graph-open = The differences are too inaccurate, at the given values and at others, to say whether the gradient of { $names } is right.
method-directions = { $second ->
        [true] second order: each
       *[false] each
    } of { $blocks } blocks moved in a random direction, and all together; { $nodes } isolated nodes, for a random upstream gradient; in f64
method-parameters = { $second ->
        [true] second order: {""}
       *[false] {""}
    }{ $parameters } parameters moved one by one, the loss run again at two step sizes or more for each; { $nodes } isolated nodes, for a random upstream gradient; in f64
method-covered = { $parameters } of { $all } parameters, as all of them would take long: each block moved along a random direction, too, which sees the others (--sample sets the number)
method-single = { $second ->
        [true] second order: {""}
       *[false] {""}
    }{ $parameters } parameters moved one by one, the loss run again at two step sizes or more for each; { $nodes } isolated nodes, for a random upstream gradient; the gradient in f32, the rest in f64

## Verdicts, invariants

verdict-right = right
verdict-wrong = wrong
verdict-kink = a kink
verdict-together = right together
verdict-rounding = rounding
verdict-not_deterministic = not deterministic
verdict-not_differentiable = not differentiable here
verdict-inconclusive = inconclusive
invariant-zero_for_zero = not 0 for dout = 0
invariant-linear = not linear in dout
invariant-repeatable = a second backward gives other numbers
invariant-permuted_rows = the order of the rows matters
invariant-doubled_batch = a doubled batch changes the mean
invariant-rows_sum_to_zero = a row of the gradient does not sum to 0
invariant-first_loss = the first loss is not ln C

## Places, headings

whole-network = network
whole-function = function
whole-gradient = gradient
whole-all_together = all together
whole-second_order = { $name }, second order
page-check = Gradient check
page-of = Gradient check of { $subject }
page-layers = From left to right
page-first_wrong = the first wrong one
page-findings = Findings
page-fault = fault
page-warning = warning
page-remark = remark
page-code = the code
page-right = right
page-help = help
page-training = training
page-in_training = In training
page-gradients = The gradients
page-gradient = gradient
page-compared = compared
page-all = all { $all }
page-some = { $compared } of { $all }
page-largest = largest error
page-median = median error
page-ratio = ratio of norms
page-verdict = verdict
page-method = Method
short-compared = compared
short-largest = largest
short-median = median
short-distance = mean |Δ|
short-cosine = cosine
short-ratio = ratio
short-legend = largest, median: relative error of an element; mean |Δ|: mean distance; cosine: of the angle between the gradient and the differences; ratio: of their norms
whole-on_rows = { $network }, { $rows } { $rows ->
        [one] row
       *[other] rows
    }
whole-by_hand = two-layer network by hand, { $summary }
softmax_over_batch-loss = The softmax normalizes over all { $rows } rows at once: the maximum and the sum run over the whole batch, so that the rows share one sum and influence each other. The probabilities of a row sum to 1/{ $rows } on average ({ $sum }), not to 1.
    .training = The rows of the logits' gradient do not sum to 0, so descent pushes all logits up together, until one row has all of the probability. The loss freezes, one class is predicted for everything, and the accuracy stays at 1/{ $classes }.
softmax_over_batch-gradient = The true gradient of this forward is y − t/N, the code returns (y − t)/N: too small by y · (1 − 1/N), which adds up to { $share } over all rows and classes.
softmax_over_batch-bias = A bias before it, which adds up the rows, is therefore off by (1 − 1/{ $rows })/{ $classes } = { $off } on average.
softmax_over_batch-first_loss = At small weights all { $rows } · { $classes } probabilities are about 1/{ $all }, so the first loss is near ln { $all } = { $log } instead of ln { $classes } = { $expected }.
softmax_over_batch = The softmax normalizes over all { $rows } rows at once: the maximum and the sum run over the whole batch, so that the rows share one sum and influence each other.
    .title = softmax over the whole batch
    .training = the output of a row depends on which others are in its batch; the gradient is that of neither function
softmax_down_columns = The softmax runs down the columns: the rows of the batch compete with each other for each class, instead of the classes for each row.
    .title = softmax down the columns
    .training = each row's classes are not compared with each other: the loss falls without the right class being the likeliest, and the accuracy stays near chance
softmax_down_columns-first_loss = At small weights every probability is about 1/{ $rows }, so the first loss is near ln { $rows } = { $log } instead of ln { $classes } = { $expected }.
method-limited = the time budget of { $seconds } s: fewer elements were differentiated and fewer causes tried than without it

detached = d{ $block } is exactly 0: the path back through `{ $block }` is cut off.
    .title = zero: cut off
    .help = compute d{ $block } from dout in backward, and return it
    .training = { $parameter ->
        [true] the parameter stays as it was initialized; the loss may still fall, by what the other layers do
       *[false] no layer before this one learns; the loss may still fall, by what the other layers do
    }
sign = d{ $block } has the right size everywhere and the wrong sign everywhere.
    .title = wrong sign
    .training = descent climbs: the loss rises from the first step on
factor = d{ $block } is { $name } times what it should be, everywhere.
    .title = factor { $name }
    .training = { $negative ->
        [true] descent climbs, with steps of another length
       *[false] { $parameter ->
            [true] steps of { $times } times the length: as if the learning rate were another one for this parameter
           *[false] steps of { $times } times the length: as if the learning rate were another one for all layers before this one
        }
    }
factor-columns = d{ $block } is { $name } times what it should be, everywhere, where m is the number of columns: each is a sample.
factor-rows = d{ $block } is { $rows } times too small: it is divided by the number of rows once too often. Divide by N in the loss, or here, not in both.
factor-also = At these sizes that is also { $names }.
mean_for_sum = d{ $block } is the mean over the { $rows } rows where the sum belongs: the same `{ $block }` serves every row, and where one value goes several ways its gradients add up.
    .title = mean for sum over the samples (factor 1/N)
    .training = steps of { $times } times the length: as if the learning rate were another one for this parameter
sum_for_mean = d{ $block } is { $rows } times too large, once for each row: the mean over the rows divides by N, and the gradient does not.
    .title = sum for mean over the samples (1/N missing)
    .training = { $parameter ->
        [true] steps of { $times } times the length: as if the learning rate were another one for this parameter
       *[false] steps of { $times } times the length: as if the learning rate were another one for all layers before this one
    }
besides-factor = Besides, d{ $block } is { $name } times what it would be with that fault alone: there are two.
    .training = either fault alone would be enough to spoil the training
of_square = d{ $block } is the gradient of the given loss, times that value itself{ $less }: it is the gradient of the square of the given loss.
    .title = { $target ->
        [0] multiplied by the output
       *[other] gradient of the squared error of the given loss
    }
    .help = pass the loss that the gradient was derived from, such as ½(f − t)², not the output
    .training = nothing, if the loss that is trained on is the one that the gradient was derived from
of_square-output = d{ $block } is multiplied by the output, of which the loss is half the square, once more than it should be.
    .help = leave one of the factors o out of d{ $block }
    .training = steps that fade as the output does, or grow with it

dropout_not_scaled = Forward multiplies the kept elements by { $scale }, backward by { $code }: dropout's scale is in one of the two only.
    .title = dropout not scaled by { $scale }
    .help = keep one array, mask / (1 − ratio), and multiply by it in forward and in backward
    .training = the layers before the dropout learn with another learning rate than those after it
mask_redrawn = Forward multiplies by 0 or { $scale }, and so does backward, at other places: its mask is another one than that of forward.
    .title = mask of another draw
    .help = self.mask = mask in forward, and that mask in backward; draw nothing in backward
    .training = units that were dropped are trained, and units that worked are not: noise in place of half the gradient
mask_inverted = The mask of backward is inverted: the gradient passes where forward stopped, and is stopped where forward passed.
    .title = mask inverted
    .training = units that are off are trained, units that are on are not: the layers before learn noise
mask_missing = The gradient passes everywhere, also where forward stopped its input: the mask is missing in backward.
    .title = mask missing
    .training = units that are off are trained as if they were on: learning goes on, to a worse place
mask_missing-above = Forward stops its input on both sides, and backward on one only: above { $edge } and beyond the gradient should be stopped, too.
    .training = units that are at their limit are still pushed on, and stay there
mask_missing-below = Forward stops its input on both sides, and backward on one only: below { $edge } and beyond the gradient should be stopped, too.
    .training = units that are at their limit are still pushed on, and stay there
mask_missing-fixed = Where no output depends on an element of x, because forward leaves it out, dx is not 0: the mask of forward is missing in backward.
    .training = the layers before follow a gradient of numbers that the loss does not see
mask_of_dout = The mask is made of the signs of dout; it belongs to the signs of x.
    .title = mask made of dout instead of x
    .training = gradients of one sign never arrive: weights run away in one direction
mask_moved = The mask of backward changes over at x = { $code }, the kink of forward is at { $right }: between the two the slope is that of the other side.
    .title = mask at { $code } instead of { $right }
    .training = units with small inputs get no gradient, or a wrong one
slope-both = { $low } and { $high }
slope-where = { $formula } where { $condition }
slope-either = { $below } where x < 0 and { $above } where x > 0
slope-at = { $formula } at { $positions } along axis { $axis }
slope-at_x = { $slope } at x = { $point }
wrong_slope-sides = Forward has the slopes { $low } and { $high } on the two sides of its kink; backward has { $code_low } and { $code_high }.
    .training = the gradient is wrong for every unit on that side of the kink

input_changed = d{ $block } is right for another input: where backward should use x, as forward was given it, it uses { $how }.
    .title = x changed: { $how }
    .training = `{ $block }` follows a gradient at other inputs: the loss falls more slowly, or not at all
input_changed-hidden = d{ $block } is computed from { $how } in place of { $right }, the input of the layer: a0 is the batch, z1 the sum of the first layer and a1 its output, and so on.
    .title = { $how } in place of { $right }
    .training = `{ $block }` follows a gradient at other inputs: the loss falls more slowly, or not at all
parameter_changed = d{ $block } is right for another `{ $what }`: where backward should use { $what }, it uses { $how }. Backward applies the factors of forward in the reverse order: a kernel is flipped once, a matrix transposed once.
    .title = { $what } changed: { $how }
    .training = the gradient reaches the wrong places: the layers before it learn from the gradient of others
gradient_changed = d{ $block } is right up to its last line, and then changed: { $how }. A gradient that backward returns must be linear in dout; limits and roundings belong into the update.
    .title = gradient changed: { $how }
    .training = small gradients may vanish and large ones are clipped: then the direction is not that of the steepest descent
gradient_changed-added = d{ $block } has { $added } added to the right gradient: the input itself is no part of its gradient.
    .training = the layers before it are pushed towards smaller outputs, whatever the loss says

path_missing = Two paths lead from { $block } to the output, and the contribution of { $path } is missing in d{ $block }: where paths part in forward, gradients are added up in backward.
    .title = path missing: { $path }
    .training = the layers before this one get a part of their gradient only
path_missing-skip = The input reaches the output along two paths, and the contribution of the direct path (the skip) is missing: where paths part in forward, gradients are added up in backward.
path_missing-factor = The input reaches the output along two paths, and the contribution of the factor out/x, which depends on x, too, is missing: where paths part in forward, gradients are added up in backward.
path_missing-all_but_direct = dout is returned unchanged: backward has only the direct path of the layer.
    .training = the layers before this one get a part of their gradient only, or that of other numbers
path_missing-tied = Forward uses `{ $block }` twice, once on the way in and, transposed, once on the way out; the contribution of { $path } is missing in d{ $block }. Where one value goes several ways, its gradients are added up.
    .training = the weights learn one of their two tasks only, at the expense of the other
path_missing-mean = Each output is the mean of a window of inputs, and its gradient goes to others than that: { $how }. Each input of the window gets the same contribution.
    .training = most inputs of a window are not trained
path-skip = the direct path (the skip)
path-factor = the factor out/x, which depends on x, too
path-all_but_direct = all but the direct one
path-through = through { $product }
path-all_but_through = all but through { $product }
path-first_use = the first use of { $name }
path-second_use = the second use of { $name }
path-mean = dout of a mean given by { $how }
weight_decay = { $in_loss ->
        [true] d{ $block } has { $lambda } · { $block } less than the gradient of the loss, which has ½ · { $lambda } · Σ { $block }² in it: weight decay is forgotten in backward, or a part of it is.
       *[false] d{ $block } has { $lambda } · { $block } more than the gradient of the loss: weight decay that the loss does not have, or more of it than the loss has. Add ½ · { $lambda } · Σ { $block }² to the loss, or take it out of backward.
    }
    .title = { $in_loss ->
        [true] weight decay { $lambda } missing in the gradient
       *[false] weight decay { $lambda } too much in the gradient
    }
    .training = { $in_loss ->
        [true] the loss shows a decay that the weights do not feel: they grow as if there were none
       *[false] the weights shrink; what is minimized is not the loss that is shown
    }

another_parameter = d{ $block } is the gradient of `{ $of }`. Each gradient belongs under its own name.
    .title = gradient of { $of }
    .training = `{ $block }` is moved by the gradient of `{ $of }`
transposed = d{ $block } has the right numbers with the axes exchanged: element [i, j] is where [j, i] belongs.
    .title = transposed
    .training = every weight is moved by the gradient of another; a square shape hides it
transposed-product = dout is multiplied by the layer's matrix as forward has it, not by its transpose.
    .training = the layers before it get the gradient of other units; a square layer hides it from the shapes
axes_exchanged = d{ $block } has the right numbers with its axes in the order { $order }.
    .title = axes exchanged to { $order }
    .training = every weight is moved by the gradient of another; equal lengths hide it
rearranged = d{ $block } has the right numbers in the wrong places: { $how }.
    .title = rearranged: { $how }
    .help = give each element of `{ $block }` its own gradient: undo the order
    .training = every element is moved by the gradient of another
not_reduced = d{ $block } has a number for each row: `{ $block }` serves all rows, and their gradients must be added up.
    .title = sum over the rows missing
    .training = an error of shapes, or, where broadcasting hides it, a parameter that grows an axis
wrong_axis = { $mean ->
        [true] d{ $block } is averaged over { $axes }
       *[false] d{ $block } is summed over { $axes }
    }, along which `{ $block }` has its elements, instead of over the rows, along which it was spread.
    .title = summed over axes { $summed } of the output
    .training = each element is moved by a row's total; with as many rows as columns nothing fails
axes-one = axis { $axes }
axes-several = axes { $axes }
wrong_shape = d{ $block } has the shape { $code }, and `{ $block }` has { $right }.
    .title = shape { $code } instead of { $right }
    .training = an error of shapes at the first update
shares_missing = d{ $block } holds only the contributions of { $present } along axis { $axis } of the output: where one value goes several ways, its gradients must be added up, and here they replace each other or are left out.
    .title = only the contributions of { $present } along axis { $axis } of the output
    .training = steps follow some samples and ignore the others: slower, noisier, and a loss that stays higher
shares_missing-repeated = Where several outputs use the same element of `{ $block }`, for example by a repeated index, d{ $block } holds only the contribution of the last: gradients must be added up (+=), and here they replace each other (=).
    .title = only the last contribution where an element is used several times
    .training = steps follow some samples and ignore the others: slower, noisier, and a loss that stays higher
part_detached = d{ $block } is 0 at { $missing } along its axis { $axis }, and right elsewhere: a loop that ends too early, or a branch that nothing comes back from.
    .title = cut off at { $missing } along axis { $axis }
    .help = compute d{ $block } at all positions of axis { $axis }
    .training = these elements stay as they were initialized
rows_influence = In forward the rows of the batch influence each other, but backward treats each row alone: the effect of row 0 on row 1 is missing.
    .title = rows influence each other, unknown to backward
    .help = if the rows should be independent, give the reduction in forward its axis (axis=1, keepdims=True); else add the contributions of the other rows in backward
    .training = the gradient is that of another function than the one that is computed
diagonal_only = Each output depends on several inputs, and d{ $block } has only the contribution of an output's own input: the terms off the diagonal of the Jacobian are missing.
    .title = only each output's own input has a contribution
    .help = add up over all outputs that { $block }[i] reaches, as in y · (dout − Σ dout · y) for a softmax
    .training = the gradient points elsewhere; with small steps the loss may still fall, more slowly
dout_changed = d{ $block } is right for another upstream gradient: in place of dout it uses { $how }.
    .title = dout changed: { $how }
    .training = the gradient points elsewhere, and before this layer everything follows it

normalisation_path = Forward is a { $kind } normalization, and backward lacks the { $path }: { $centred ->
        [true] x reaches the output directly, through the mean and through the variance, and all contributions must be added up.
       *[false] x reaches the output directly and through the divisor, and all contributions must be added up.
    }
    .title = { $kind } normalization without the path through the { $path }
    .training = the layers before it are pushed in directions that the normalization takes out again: slow, unsteady learning
normalisation_path-gamma = The gradient of gamma is the sum of dout times the normalized input x̂; backward has { $code }.
    .training = gamma follows the scale of the inputs, which the layer is there to take out
normalisation_term = Forward is a { $kind } normalization, and backward is { $code }: { $centred ->
        [true] x reaches the output directly, through the mean and through the variance, and all contributions must be added up.
       *[false] x reaches the output directly and through the divisor, and all contributions must be added up.
    }
    .title = { $kind } normalization backward is { $code }
    .training = the layers before it are pushed in directions that the normalization takes out again: slow, unsteady learning
norm-mean = mean
norm-variance = variance
norm-mean_and_variance = mean and variance
norm-gamma = gamma
norm-all = mean, variance and gamma
norm-sigma = division by σ
norm-square_root = root of the variance
norm-xhat = x̂ in the variance's contribution
norm-root = root
norm-raw = x̂: the raw x is in its place
norm-output = x̂: the output is in its place
norm-count = that with { $less } in σ and in the mean of dx̂ · x̂
norm-count_in_sigma = that with { $less } in σ
norm-running = dx̂ / σ of the running statistics, as in evaluation
norm-statistics = that of statistics along { $axes }
softmax_term = { $log ->
        [true] Forward is the logarithm of a softmax, and backward has { $code } for it: each output depends on all inputs of its row, through the sum.
       *[false] Forward is a softmax, and backward has { $code } for it: each output depends on all inputs of its row, through the sum.
    }
    .title = softmax backward is { $code }
    .training = the rows of the gradient no longer sum to 0: all inputs of a row drift together, and learning is slow or fails

softmax_term-last = The gradient of the last layer's sums is { $right } here, and backward has { $code }: y is the softmax's prediction, t the target, and e = { $slope } the slope of the loss in y.
maximum_shared = Each output is the largest of a window of inputs, and its gradient goes to others than that: { $how }. Only the largest moved the output: the others get 0.
    .title = dout of a maximum given by { $how }
    .training = inputs that had no part in the output are trained as if they had: features blur into each other
maximum_shared-windows = When one input after the other was made larger than all others, these outputs followed it: so the windows are known.
windows_misplaced = Forward is a { $kind ->
        [convolution] convolution
        [maximum] max pooling
       *[mean] mean pooling
    } (stride { $stride }, padding { $padding }), and the numbers of d{ $block } are those of a backward { $how }. Each window gives its gradients to the places that it has read, and where windows overlap, they are added up.
    .title = { $kind ->
        [convolution] convolution
        [maximum] max pooling
       *[mean] mean pooling
    } backward { $how }
    .training = features are moved away from what they have seen: the layers before learn from other pixels
moving-flipped = with a flipped kernel
moving-stride = without the stride
moving-padding = without the padding
moving-stride_and_padding = without the stride and the padding
moving-replaced = with windows that replace each other
left_out = Forward multiplies by { $what } on the way from { $of } to the output, and d{ $of } does not.
    .title = { $what } left out of d{ $of }
    .help = multiply by { $what } in backward, where forward multiplied by it
    .training = right while { $what } is as it was initialized, and more wrong with every update
stale = d{ $block } is right for the `{ $what }` that the layer had before it was changed: backward uses a copy.
    .title = stale { $what }
    .training = right at the first step, and more wrong with every update
stale-first_x = d{ $block } is right for the input of the first call, not for this one: backward uses a value that was stored too early, or never updated.
    .training = each step follows the samples of an earlier batch: the loss falls slowly, wavers, or not at all
stale-earlier = After an equal call d{ $block } is right, and after another one it is not: backward uses the { $what } of the call before. It is stored too early, or updated too late.
    .training = each step follows the samples of an earlier batch: the loss falls slowly, wavers, or not at all
stale-left = d{ $block } depends on the previous call: the { $what } of that call is in it. A value that backward uses, or adds to, is not updated.
    .training = each step follows the samples of an earlier batch: the loss falls slowly, wavers, or not at all
loss_term = The loss is a sum of terms, and each number of dx should be { $right }; backward has { $code }, the gradient of another loss.
    .title = loss backward is { $code }
    .training = another loss than the one that is shown is made small

slope_missing = dout passes unchanged: the layer's own slope is forgotten. The chain rule multiplies by it.
    .title = slope missing
    .training = layers before it get gradients that are too large where the function is flat: they overshoot
slope_missing-hidden = In backward through { $where } the slope of { $function } is missing: the gradient must be multiplied by { $right }, where z is the layer's sum and a its output.
place-layer_of = the layer of `{ $weights }`
place-hidden = the hidden layers
slope_twice = The slope is multiplied twice.
    .title = slope multiplied twice
    .training = layers before it get gradients that are too small where the function is flat: they stand still
slope_at_output = The slope is taken at the output instead of the input: backward has f′(f(x)) where f′(x) belongs.
    .title = slope taken at the output instead of the input
    .training = the gradient is wrong wherever x and f(x) differ: the layers before learn slowly or not at all
slope_at_input = The slope is a formula in the output, and backward computes it from the input: it has { $code } where { $right } belongs.
    .title = slope taken at the input instead of the output
    .training = gradients too large by far where x is large, and of the wrong sign: training jumps about or stands still
slope_at_input-seen = At inputs x = f(u) the code gives the right slopes of u, in every element: it is that formula, at the wrong place.
edit-dropped = The right slope, { $right }, becomes that of the code if { $part } is left out.
edit-exchanged = The right slope, { $right }, becomes that of the code with { $code } in place of { $part }.
wrong_slope = { $of_right ->
        [true] The slope in backward is { $code }, where s is the right slope; the slope of forward's function is { $right }.
       *[false] The slope in backward is { $code }; the slope of forward's function is { $right }.
    }
    .title = { $right ->
        [none] wrong slope { $code }
       *[other] wrong slope { $code } for { $right }
    }
    .training = the layers before it get a gradient of another function: they learn slowly, or something else
wrong_slope-unknown = { $of_right ->
        [true] The slope in backward is { $code }, where s is the right slope; that is not the slope of forward's function.
       *[false] The slope in backward is { $code }; that is not the slope of forward's function.
    }
wrong_slope-at_one_point = dx is right but at x = { $point }: there the function has the slope { $slope } on both sides, and backward takes { $code }. Parts that have a kink there, such as |x| and max(x, 0), have none together.
    .training = inputs that are there by construction, such as the zeros of a first layer without weights, get a wrong gradient at each step
wrong_slope-of_input = In d{ $block } each contribution is dout times { $code }; it should be dout times { $right }, the factor of `{ $block }` in forward.
    .training = `{ $block }` follows a gradient of another function
wrong_slope-of_another = In d{ $block } each contribution is dout times { $code }; forward multiplies `{ $block }` by another function of x.
    .training = `{ $block }` follows a gradient of another function
wrong_slope-contribution = Output i contributes dout · s to element j of d{ $block }, with s = ∂out[i]/∂{ $block }[j]; in backward { $code } stands in place of s.
    .training = `{ $block }` follows a gradient of another function
wrong_slope-at_the_end = d{ $block } is right but for a factor in each output y: it has { $code } where { $right } belongs, the slope of an activation at the end of forward.
wrong_slope-at_the_beginning = d{ $block } is right but for a factor in each input x: it has { $code } where { $right } belongs, the slope of an activation at the beginning of forward.
wrong_slope-hidden = On the way back through { $where } backward multiplies by { $code } where { $right } belongs, the slope of { $function }: z is the layer's sum and a its output.
wrong_slope-last = The gradient of the last layer's sums is { $right } here, and backward has { $code }: y is the prediction, t the target, and e = { $slope } the slope of the loss in y.
    .training = every layer learns from a gradient of another loss
wrong_slope-in_part = d{ $block } is right but at { $positions } along axis { $axis }: there it has { $slope } in place of { $right }, the slope of the activation that forward applies to that part.
    .training = the parameters of that part, such as a gate, learn from the gradient of another function
own_output = d{ $block } is made of the layer's own output where its input belongs: the list of activations is read one place too late.
    .title = own output for input
    .training = `{ $block }` moves by the output of the layer, not by its input: it may train by luck, or diverge
element_factor = { $missing ->
        [true] In d{ $block } the factor { $factor } is missing: each element is the right one divided by it. A slope belongs into the chain once, for each function on the way.
       *[false] In d{ $block } the factor { $factor } is there once too often: each element is the right one times it. A slope belongs into the chain once, for each function on the way.
    }
    .title = { $missing ->
        [true] each element divided by { $factor }
       *[false] each element times { $factor }
    }
    .training = steps are too large for some elements and too small for others
part_factor = { $missing ->
        [true] d{ $block } is right but at { $positions } along axis { $axis }: there the factor { $factor } is missing.
       *[false] d{ $block } is right but at { $positions } along axis { $axis }: there it is { $factor } times what it should be.
    } A layer of several parts, such as gates, has the fault in one of them.
    .title = { $missing ->
        [true] factor { $factor } missing at { $positions } along axis { $axis }
       *[false] factor { $factor } at { $positions } along axis { $axis }
    }
    .training = the parameters of that part learn wrongly, while the others learn correctly: the loss falls, but stays higher than necessary

epsilon = Forward takes ln(y + { $value }), and backward is the gradient of ln y: the epsilon changes the loss, most where a probability is small, and the gradient does not know it.
    .title = epsilon { $value } in the logarithm
    .help = compute ln y as x − max − ln Σ exp(x − max), which needs no epsilon
    .training = little, until the network is confident of a wrong class: then the loss is capped at { $most }
epsilon-aside = { $in_forward ->
        [true] Forward adds { $value } to its input, as ln(x + { $value }) does, and backward is the derivative without it
       *[false] Backward adds { $value } to the input, as 1 / (x + { $value }) does, and forward does not
    }: they differ most where the input is small.
    .title = epsilon { $value } on one side only
    .help = use the same epsilon in forward and in backward
    .training = little, unless inputs are about as small as the epsilon
cross_entropy_term = Forward is the cross entropy of a softmax, and backward has { $code } where (y − t){ $right } belongs.
    .title = cross entropy backward is { $code }
    .training = the rows of the gradient do not sum to 0, or do not vanish at the right answer: the network does not settle where the loss is least
cross_entropy_term-last = The gradient of the last layer's sums is { $right } here, and backward has { $code }: y is the softmax's prediction, t the target, and e = { $slope } the slope of the loss in y.
cross_entropy_term-divided = The loss is divided in another way than its gradient: backward has { $code } where (y − t){ $right } belongs.
    .training = steps of another length, by the size of the batch
cross_entropy_term-centred = From the gradient its mean over the rows is subtracted.
    .training = the common part of all rows is not learned: the biases do not change
attention_term = Forward is self-attention, P · x with P = softmax(s · x · xᵀ){ $mask ->
        [none] {""}
        [before] , where a mask hides some keys before the softmax,
       *[after] , multiplied by a mask after the softmax,
    } and s = { $scale }. The input is query, key and value in it, so that dx has three contributions, and two of them go through the softmax and the scale. Here { $mistakes }.
    .title = attention backward is { $code }
    .training = the attention weights are learned from a wrong gradient: the loss falls only by the values
attention_term-general = Forward is attention, P · v with P = softmax(s · q · kᵀ){ $mask ->
        [none] {""}
        [before] , where a mask hides some keys before the softmax,
       *[after] , multiplied by a mask after the softmax,
    } and s = { $scale }. The gradients of query and key go through the softmax and the scale. Here { $mistakes }.
    .training = the attention weights are learned from a wrong gradient: the loss falls only by the values
attention-softmax = the softmax's backward is { $code }
attention-missing = the contribution of the { $role } is missing
attention-not_transposed = the contribution of the { $role } is { $of }, not transposed
attention-scale_missing = the scale is not multiplied in backward
attention-scale_twice = the scale is multiplied twice
attention-mask_forgotten = P is computed again in backward, without forward's mask
attention-mask_transposed = backward has forward's mask transposed
attention-mask_in_backward = backward has a mask that forward does not have
attention-mask_after = backward lacks the mask that forward multiplies P by after the softmax
attention-mask_before = backward treats the mask after the softmax as one before it: the softmax's own P, not the masked one, belongs in dS
own_hidden_state = d{ $block } is made of the hidden state of each step itself: forward multiplies `{ $weights }` by that of the step before.
    .title = own hidden state for the one before
    .training = the recurrent weights learn from the state of the same step, not of the previous one
handed_back = Each step is right by itself, but the gradient that a step passes to the previous one is wrong. The gradient of the last step is right, because it gets none.
    .title = { $how }
    .training = the early part of a sequence is learned wrongly or not at all; the longer the sequence, the worse
handed_back-not_transposed = Each step is right by itself, but the gradient that a step passes to the previous one is wrong: backward multiplies by `{ $weights }` as forward does, not by its transpose, and a square matrix hides it from the shapes.
handed_back-slope_missing = Each step is right by itself, but the gradient that a step passes to the previous one is wrong: it lacks the slope of { $function }. Add it to dout first, and multiply the sum by the slope.
handed_back-slope_twice = Each step is right by itself, but the gradient that a step passes to the previous one is wrong: it has the slope of { $function } twice.
handed_back-nothing = Each step is right by itself, but gets no gradient from the next one. Keep the gradient that a step returns for its hidden state, and add it to dout of the previous step.
handed_back-over = Each step is right by itself, and each gradient comes back { $reach } { $reach ->
        [one] step
       *[other] steps
    } and no further.
handed_back-factor = Each step is right by itself, but the gradient that a step passes to the previous one is { $factor } times the right one.
handed_back-otherwise = Each step is right by itself, but the gradient that a step passes to the previous one is wrong: the numbers of the code are those of one wrong factor ∂h[t]/∂h[t − 1], the same in all blocks.
    .help = compare the line that makes dh of the step before with forward: each factor once, matrices transposed
handed-not_transposed = { $weights } not transposed in the gradient to the previous step
handed-slope_missing = slope of { $function } missing in the gradient to the previous step
handed-slope_twice = slope of { $function } twice in the gradient to the previous step
handed-nothing = no gradient to the previous step
handed-over = no gradient over more than { $reach } of the steps
handed-factor = factor { $factor } in the gradient to the previous step
handed-otherwise = wrong gradient to the previous step
mask_missing-within = In d{ $block } the mask of the rectifier within the layer is missing: outputs that are off hand their gradient back as if they were on.
mask_missing-first = In d{ $block } the mask of the rectifier at the beginning of the layer is missing: inputs that are off get a gradient as if they were on.
mask_inverted-within = In d{ $block } the mask of the rectifier within the layer is inverted: outputs that are off hand their gradient back, outputs that are on do not.
mask-seen = When the numbers were moved along the code's own gradient of an output until that output began to follow, its slopes became those of the code: the slopes on the other side of the kink.
evidence-reproduced_exactly = This fault gives exactly all { $count } numbers of the code at { $inputs ->
        [one] one input
       *[other] { $inputs } inputs
    }; the right ones are up to { $off } away.

## The catalogue of faults

fault-affine-dw-sign = dw has the wrong sign
fault-affine-dx-sign = dx has the wrong sign
fault-affine-dw-transposed = dw = doutᵀ · x
fault-affine-dx-not-transposed = dx = dout · w, in a square layer
fault-affine-dw-mean = dw is the mean over the rows
fault-affine-dw-times-n = dw is multiplied by the number of rows
fault-affine-dw-twice = dw is doubled
fault-affine-db-mean = db is the mean over the rows
fault-affine-db-not-summed = db is dout
fault-affine-db-wrong-axis = db is summed along the columns
fault-affine-db-detached = db is zero
fault-affine-dw-detached = dw is zero
fault-affine-dx-detached = dx is zero
fault-affine-stale-x = dw from the x of the call before
fault-affine-stale-w = dx from a copy of w made at the start
fault-affine-stale-dout = all from the dout of the call before
fault-affine-accumulates = dw and db are added to those of the call before
fault-affine-last-row = dw from the last row alone
fault-affine-first-row-left-out = db without the first row
fault-affine-dw-reversed = dw with its columns reversed
fault-affine-last-column = dw without its last column
fault-affine-decay = weight decay in the gradient alone
fault-affine-dout-absolute = the absolute value of dout
fault-affine-dout-ignored = dout taken as 1
fault-relu-mask-inverted = ReLU lets through where forward stopped
fault-relu-mask-missing = ReLU hands dout on unchanged
fault-relu-mask-of-dout = ReLU stops negative dout instead of negative x
fault-relu-mask-moved = ReLU's mask is x > 0.5
fault-relu-mask-moved-left = ReLU's mask is x > −0.5
fault-relu-sign = ReLU's gradient has the wrong sign
fault-relu-twice = ReLU's gradient is doubled
fault-relu-detached = ReLU's backward returns zeros
fault-relu-returns-output = ReLU returns its output in place of a gradient
fault-leaky-relu-no-leak = leaky ReLU has no leak in backward
fault-leaky-relu-wrong-leak = leaky ReLU has the leak 0.1 in backward, 0.01 in forward
fault-leaky-relu-inverted = leaky ReLU has its two slopes exchanged
fault-sigmoid-at-input = sigmoid's slope is x(1 − x)
fault-sigmoid-at-output = sigmoid's slope is taken at y
fault-sigmoid-half = sigmoid's slope is y, without 1 − y
fault-sigmoid-missing = sigmoid's slope is forgotten
fault-sigmoid-twice = sigmoid's slope is multiplied twice
fault-tanh-not-squared = tanh's slope is 1 − y
fault-tanh-at-input = tanh's slope is 1 − x²
fault-tanh-at-output = tanh's slope is taken at y
fault-tanh-as-sigmoid = tanh has the sigmoid's slope
fault-tanh-plus = tanh's slope is 1 + y²
fault-swish-one-path = swish has only the contribution of its first factor
fault-swish-other-path = swish has only the contribution of its second factor
fault-elu-left = ELU's slope on the left is y, not y + 1
fault-softplus-as-tanh = softplus has the slope tanh(x)
fault-exp-missing = exp hands dout on unchanged
fault-square-half = the square has the slope x
fault-tanh-by-exp = tanh by quotients of exp, which overflow
fault-relu-writes-dout = ReLU sets dout to 0 where it is off, and returns it, as the book's does
fault-relu-writes-x = ReLU sets its input to 0 where it is negative, and returns it
fault-softmax-batch = the notebook's: softmax over the whole batch
fault-softmax-columns = softmax down the columns
fault-loss-dout-ignored = the loss ignores dout
fault-loss-not-divided = y − t, without 1/N
fault-loss-divided-twice = (y − t) / N²
fault-loss-mean-of-sum = (y − t) / N for a loss that is a sum
fault-loss-sign = t − y
fault-loss-labels-missing = y / N: the labels are not subtracted
fault-loss-of-probabilities = −t/y: the softmax's own derivative is missing
fault-loss-logits = x − t: the logits in place of the probabilities
fault-loss-softmax-twice = (y − t) · y(1 − y)
fault-loss-epsilon = ln(y + 1e-4), with the gradient of ln y
fault-loss-overflow = the maximum is not subtracted
fault-loss-detached = the loss returns zeros
fault-squares-half = mean squared error with a half in forward only
fault-squares-elements = mean squared error divided by all elements in backward
fault-batch-norm-mean = batch normalization without the path through the mean
fault-batch-norm-variance = batch normalization without the path through the variance
fault-batch-norm-both = batch normalization as if its statistics were constants
fault-batch-norm-gamma-raw = batch normalization's dgamma from the raw x
fault-batch-norm-running = batch normalization trains with the backward of evaluation: running statistics
fault-layer-norm-mean = layer normalization without the path through the mean
fault-layer-norm-variance = layer normalization without the path through the variance
fault-layer-norm-both = layer normalization as if its statistics were constants
fault-layer-norm-gamma = layer normalization without gamma in dx
fault-conv-dx-flipped = the kernel of a convolution is flipped in dx
fault-conv-dx-stride = a convolution's dx lacks the stride
fault-conv-dw-stride = a convolution's dw lacks the stride
fault-conv-dx-padding = the padding is not removed from a convolution's dx
fault-conv-dx-replaced = a convolution's col2im assigns where it should add
fault-pool-stride = max pooling's backward lacks the stride
fault-pool-replaced = max pooling's col2im assigns where it should add
fault-pool-averaged = max pooling has the backward of average pooling
fault-pool-ties = max pooling gives dout to each of several equal maxima
fault-attention-scale-missing = attention's backward lacks the scale 1/√D
fault-attention-mask-forgotten = attention computes P again in backward, without its causal mask
fault-attention-mask-transposed = attention's backward has the causal mask transposed
fault-attention-mask-after-softmax = attention's mask after the softmax is missing in backward
fault-attention-softmax-diagonal = attention's softmax has the backward P · (1 − P) · dP
fault-rnn-cut = no step of a recurrent layer gets a gradient from the next one
fault-rnn-one-step = the gradient comes back one step of a recurrent layer and no further
fault-rnn-not-transposed = a recurrent layer hands back da · wh, without the transpose
fault-scale-shift-exchanged = the gradients of gamma and beta are exchanged
fault-softmax-diagonal = softmax's backward is dout · y · (1 − y)
fault-softmax-sum-missing = softmax's backward is dout · y
fault-softmax-unweighted = softmax's backward subtracts Σ dout
fault-softmax-over-batch = a softmax over the whole batch, with the backward of rows
fault-softmax-down-columns = a softmax down the columns, with the backward of rows
fault-softmax-overflow = a softmax without the maximum subtracted
fault-log-softmax-dout = log-softmax's backward is dout − y
fault-log-softmax-as-softmax = log-softmax has the softmax's backward
fault-dropout-not-scaled = dropout's backward lacks the scale
fault-dropout-mask-missing = dropout's backward lacks the mask
fault-dropout-mask-inverted = dropout's mask is inverted in backward
fault-skip-missing = the contribution of the skip connection is missing
fault-skip-only = only the contribution of the skip connection is there
fault-batch-mean-ignored = the mean over the batch is subtracted, and backward does not know it
fault-row-mean-ignored = the row's sum is added, and backward has the diagonal alone

faults-recognised = { $count } of { $tried } recognized: the first wrong layer and the cause are those of the catalogue. See one by --fault NAME.
faults-no_layer = no layer
