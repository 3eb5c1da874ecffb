# The sentences of a diagnosis.

## The answer

healthy = It learns: { $score } % of the judged rows, against { $constant } % of the best constant.
fault = It does not learn what it could.
no-verdict-yet = No verdict yet: the run is not over.
no-signal = Nothing that was tried finds a signal in the data.

page-title = Diagnosis of a training
label-cause = Cause
label-help = help
label-others = Other changes that repair it:
label-advice = Also true, and not the cause:
curve-own = as it is
curve-repaired = with the change
repair-proved = With this change a run of { $steps } steps reaches { $after } % instead of { $before } %.
repair-not-enough = This change alone is not enough: a run of { $steps } steps reaches { $after } % instead of { $before } %. Diagnose again after it.

## Causes

cause-out-softmax1 = softmax over one output
cause-out-double = the output's activation is applied twice
cause-out-missing = the output's activation is missing
cause-out-range = the output cannot reach the targets
cause-loss-mismatch = the loss does not fit the targets
cause-loss-reduction = the rows of a batch are not reduced to the mean of each row's loss
cause-loss-numeric = the loss leaves the range of numbers
cause-grad-wrong = the gradient is not that of the loss
cause-grad-sign = the step goes up the loss
cause-grad-stale = gradients are not cleared
cause-param-frozen = parameters are not changed
cause-data-labels-misaligned = targets do not belong to their rows
cause-data-shuffle = the rows are not shuffled
cause-data-scale-in = the scale of the inputs
cause-data-scale-target = the scale of the targets
cause-init-symmetric = units begin equal
cause-init-scale-large = initial weights are too large
cause-init-scale-small = initial weights are too small
cause-act-missing = layers without an activation in between
cause-act-hidden-softmax = a softmax between layers
cause-act-exploding = a hidden activation explodes
cause-act-saturated = activations are flat
cause-act-dead = units are always zero
cause-lr-high = the learning rate is too high
cause-lr-low = the learning rate is too low
cause-steps-few = too few steps
cause-opt-choice = the optimizer
cause-batch-size = the size of a batch
cause-reg-strong = too much regularization
cause-arch-capacity = the network is too small
cause-arch-depth = several settings together

## Changes

change-step = Let the optimizer step on the gradient of the loss.
change-output = Leave the output without an activation, and use the { $loss }.
change-mean = Take the mean over the rows.
change-add-activations = Put an activation behind each hidden layer.
change-leaky = Use leaky relu as the hidden activation.
change-weights = Use the initial weights of He et al.: normal with variance 2 / inputs.
change-inputs = Scale the inputs to mean 0 and deviation 1.
change-targets = Scale the targets to mean 0 and deviation 1.
change-penalty = Leave out the penalty of the weights.
change-dropout = Leave out the dropout.
change-shuffle = Shuffle the rows in each epoch.
change-rate = Change the learning rate from { $from } to { $to }.
change-steps = Train { $to } steps instead of { $from }.
change-adam = Use Adam with the learning rate 0.001.
change-batch = Use batches of { $to } rows.
change-width = Make the hidden layers { $factor } times as wide.

## What is proved

changed-target = Targets do not stay with their rows: row { $row } has another target in step { $second } than in step { $first }. Of { $again } rows that came again, { $changed } had a new target.
copies-elsewhere = Each of the { $rows } targets is a row of the inputs, but only { $own } stand beside their own row: inputs and targets were put in different orders.
stored-order = The rows come in the order of their classes: { $rows } rows in { $runs } runs of equal targets. A batch sees one class only.
unseen-class = The held-out part has { $rows } rows of class { $class }, and the training part has none: the rows were divided without being shuffled.
softmax-of-one = A softmax over one output is 1 for every input, and its derivative is 0: no gradient reaches the network. The loss stays at { $loss }.
bits-of-classes = The { $classes } numbers of a one-hot row are treated as bits of their own: outputs of zero have { $share } of them right, which is no accuracy of classes.
targets-outside-domain = The { $loss } is for targets from 0 to 1; { $outside } of { $count } targets are outside, the largest is { $largest }. Its slope pulls the output beyond its range; with all outputs at 1 the loss is { $pinned }.
cross-entropy-of-one = The { $loss } of one output is − t · ln y, which is smallest at y = 1 whatever the target: it pulls every output to 1.
targets-not-one-class = The { $loss } is for one class in each row; { $rows } of { $count } rows have none or several.
hinge-of-bounded = A hinge loss asks the right output to be larger than the others by 1, and the outputs of { $function } differ by at most 1.
softmax-twice = A softmax is applied twice, by the network and by the loss. The loss cannot fall below { $floor } for { $classes } classes, even if every row is right.
sigmoid-twice = A sigmoid is applied twice, by the network and by the loss. The loss of a row cannot fall below { $floor }.
activation-of-logits = The loss takes logits, and applies its own activation; { $function } before it takes numbers away that the logits need.
no-output-activation = The { $loss } takes the logarithm of probabilities; the outputs have no activation and are any numbers.
output-not-probability = The { $loss } takes probabilities; { $function } gives numbers outside of 0 to 1.
output-not-distribution = The { $loss } takes probabilities that sum to 1 in each row; those of { $function } do not.
range-misses-targets = { $function } gives numbers from { $low } to { $high }; the targets go from { $least } to { $largest }. { $count } of them cannot be reached: { $share } % of their spread stays as error, and the squared error does not fall below { $floor }.
simplex-misses-targets = The outputs of { $function } sum to 1 in each row, and the targets do not: { $count } of them cannot be reached. { $share } % of their spread stays as error, and the squared error does not fall below { $floor }.
loss-is-sum = The loss is a sum over the rows: { $one } for the batch, { $two } for the same batch twice. The step grows with the { $rows } rows of a batch.
loss-of-pairs = The loss stays { $loss } when the { $rows } targets change places: each output is compared with the targets of all rows. Give output and target the same shape.
other-rows = The output for a row depends on the other rows of its batch: { $own } becomes { $other } when the other rows change. A maximum, a sum or a softmax goes over the batch instead of each row.
ascent = Step { $step } goes up the loss: the angle between its direction and the gradient has the cosine { $cosine }. A sign is wrong.
stale-gradient = The gradient of step { $step } is that of its batch plus that of step { $before }: gradients are not cleared.
wrong-gradient = The gradient that step { $step } uses is not that of its loss: the cosine between them is { $cosine }.
frozen = { $names } had a gradient in each of { $steps } steps, and no step changed it.
equal-units = All { $units } units of { $name } have equal weights at the start and after { $steps } steps: they compute the same, and get the same gradient.
linear-network = { $layers } layers without an activation in between are one linear function of the input.
function-overflows = In step { $step } { $function } gets { $input }, and its result is not finite.
logarithm-of-zero = In step { $step } an output is { $least }, and the loss takes its logarithm. All numbers before were finite.
rate-above-limit = The learning rate { $rate } is above the limit { $limit } for the curvature { $eigenvalue } of the loss: the error along the steepest direction grows { $predicted } times in each step. Measured: { $measured } times.

## What a repair says of the cause

repair-step = The step is not the optimizer's on the gradient of the loss; with that it learns.
repair-loss = The loss does not fit the targets; with one that does it learns.
repair-output = Output and loss do not fit the targets; with those that do it learns.
repair-reduction = The loss is not the mean over the rows, so that the step has another size than the learning rate says; with the mean it learns.
repair-activations = With activations between its layers it learns.
repair-inputs = The inputs have a scale that this rate and these initial weights are not for; with mean 0 and deviation 1 it learns.
repair-targets = The outputs have to go further than { $steps } steps with the rate { $rate } take them; with targets of mean 0 and deviation 1 it learns.
repair-order = Rows in the stored order teach one class after the other; in random order it learns.
repair-large-weights = The initial weights are { $ratio } times as large as those of He et al.; with these it learns.
repair-small-weights = The initial weights are { $ratio } times as large as those of He et al.; with these it learns.
repair-weights = With other initial weights it learns.
repair-dead = { $dead } % of the hidden units are 0 for all rows and get no gradient.
repair-saturated = { $flat } % of the numbers are where their activation is flat, so that little gradient passes.
repair-hidden-softmax = The hidden units share a sum of 1, which leaves little for each.
repair-exploding = The values of the hidden activation explode.
repair-regularization = The penalty outweighs the data; without it it learns.
repair-rate-high = The learning rate { $rate } is too high: with { $better } it learns in as many steps.
repair-rate-low = The learning rate { $rate } is too low for { $steps } steps: with { $better } it learns in as many.
repair-steps = The loss is still falling after { $steps } steps: with { $better } steps it learns.
repair-optimizer = With Adam it learns in as many steps.
repair-batch = With batches of { $better } rows it learns in as many steps.
repair-width = The network is too small for the data: { $factor } times as wide it learns.
