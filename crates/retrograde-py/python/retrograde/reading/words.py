"""Common names in code: a hint, not a proof, used after the effects of calls."""

import re

RATE = re.compile(r"^(lr|learning_?rate|learn_?rate|eta|l_?rate|rate|step_?size)$", re.I)
TARGET = re.compile(r"^(t|y|y_?true|targets?(_?list)?|labels?(_?list)?|ts|truth|y_?batch|t_?batch|expected|actual|y_?train|ground_?truth|answer|gt)$", re.I)
INPUT = re.compile(r"^(x|inputs?(_?list)?|inp|input_?data|data|features|x_?batch|x_?train|a_?prev|in_?|images?|a0|a)$", re.I)
OUTPUT = re.compile(r"^(y_?hat|y_?pred(icted)?|pred(icted|ictions?|s)?|outputs?|out|probs|probabilities|al|a2|a3|scores|o|logits|result)$", re.I)
CACHE = re.compile(r"^(caches?|memory|forward_?cache|activations|intermediates|values|ctx|saved|res|residuals?|kept)$", re.I)
PARAMETERS = re.compile(r"^(parameters?|params|weights|theta|model|ws)$", re.I)
COUNT = re.compile(r"^(m|n|batch_?size|num_?samples|n_?samples)$", re.I)
UPSTREAM = re.compile(r"^(d.*|grad.*|g|delta.*|upstream.*|error.*|output_?grad.*|.*_?grad(ient)?)$", re.I)

FORWARD = ("forward", "updateOutput", "forward_pass", "feedforward", "feed_forward", "forward_propagation", "forward_prop", "forwardprop", "forward_propagate", "fwd", "forpass", "__call__")
BACKWARD = ("backward", "backward_pass", "backprop", "back_propagation", "backpropagation", "backward_propagation", "back_prop", "backward_prop", "backpropagate", "backward_propagate", "bwd")
PREDICT = (*FORWARD[:-1], "predict", "predict_proba", "query", "__call__")
#: One training step that updates the parameters itself.
TRAIN_STEP = ("train", "train_step", "training", "training_step", "train_on_batch", "train_batch", "fit_step", "learn")
LOSS = ("loss", "compute_loss", "calc_loss", "loss_function", "loss_fn", "cost", "compute_cost", "cost_function", "calculate_loss", "calculate_cost", "cost_fn", "get_loss", "compute_loss_and_gradients", "loss_and_gradients", "loss_and_grad")
GRADIENT = ("gradient", "gradients", "compute_gradients", "compute_gradient", "grad", "calc_gradient", "calc_gradients", "get_gradients", "backprop_gradient")
OUTPUTS = ("output", "out", "outputs", "y", "a", "z")
INPUT_GRADIENTS = ("dinputs", "dinput", "dx", "gradinput", "grad_input", "input_gradient", "din", "input_grad")
ZERO = ("zero_grad", "zeroGradParameters", "flush_gradients", "cleargrads", "cleargrad", "zero_grads", "zero_gradients", "reset_grads", "reset_gradients", "clear_gradients", "clear_grads", "reset_grad", "clear_grad")
LOSS_LAYERS = re.compile(r"^(last_?layer|loss(_?(layer|fn|func(tion)?))?|criterion|cost(_?(layer|fn|func(tion)?))?)$", re.I)
TRAIN = re.compile(r"^(train(ing)?(_?(flg|flag|mode))?|is_?train(ing)?|mode_?train)$", re.I)
