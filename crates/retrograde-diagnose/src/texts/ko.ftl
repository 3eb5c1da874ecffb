## What is proved

changed-target = Targets do not stay with their rows: row { $row } has another target in step { $second } than in step { $first }. Of { $again } rows that came again, { $changed } had a new target.
stored-order = The rows come in the order of their classes: { $rows } rows in { $runs } runs of equal targets. A batch sees one class only.
unseen-class = The held-out part has { $rows } rows of class { $class }, and the training part has none: the rows were divided without being shuffled.
softmax-of-one = A softmax over one output is 1 for every input, and its derivative is 0: no gradient reaches the network. The mean of the targets is { $mean }.
targets-outside-domain = The { $loss } is for targets from 0 to 1; { $outside } of { $count } targets are outside, the largest is { $largest }. Its slope pulls the output beyond its range.
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

## What repairs

repair-step = With the optimizer's step on the gradient of the loss, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-loss = With the loss that fits the targets, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-output = With the output and the loss that fit the targets, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-reduction = With the mean over the rows, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-activations = With activations between the layers, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-inputs = With inputs of mean 0 and deviation 1, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-targets = With targets of mean 0 and deviation 1, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-order = With rows in random order, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-large-weights = The initial weights are too large. With those of He et al. the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-small-weights = The initial weights are too small. With those of He et al. the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-weights = With the initial weights of He et al. the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-dead = { $dead } % of the units are 0 for all rows and get no gradient. Without that the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-saturated = { $flat } % of the numbers are where their activation is flat. With leaky relu the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-hidden-softmax = A softmax between layers lets units only share a sum of 1. With leaky relu the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-exploding = The values of the hidden activation explode. With leaky relu the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-regularization = Without the penalty and the dropout, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-rate-high = The learning rate { $rate } is too high. With { $better } the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-rate-low = The learning rate { $rate } is too low for { $steps } steps. With { $better } the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-steps = { $steps } steps are too few. With { $better } the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-optimizer = With Adam and its default rate, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-batch = With batches of { $better } rows, the training goes from { $skill } % to { $repaired } % of what can be learned.
repair-width = With hidden layers { $factor } times as wide, the training goes from { $skill } % to { $repaired } % of what can be learned.
