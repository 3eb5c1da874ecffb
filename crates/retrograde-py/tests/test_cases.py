"""Published cases of gradients that went wrong by hand, and of checks that went wrong: verdict, place and cause of each."""

import cases_engines as engine
import cases_layers as layer
import cases_networks as network
import engines
import numpy as np
import pytest
import retrograde as rg

BINARY = np.array([[0, 1, 1, 0, 1]])
FOUR = {"W1", "b1", "W2", "b2"}
COLUMNS = network.softmax_of_columns


def normal(*shape, seed=2):
    return np.random.default_rng(seed).standard_normal(shape)


def neuron(kind, w, b):
    return kind(w, b), np.array([[-3.0, -2.0, 3.0, 2.0]]), np.array([[0.0, 0.0, 1.0, 1.0]])


def image(kind):
    return kind(), np.abs(normal(6)), np.array([0.0, 1.0, 0.0])


def images(forward):
    r = np.random.default_rng(4)
    weights = 0.5 * r.standard_normal((6, 5)), np.zeros(5), r.standard_normal((5, 3)), np.zeros(3)
    return (forward, network.cross_entropy, network.back_prop), *weights, r.uniform(size=(4, 6)), np.array([0, 2, 1, 0])


def script(which):
    code = network.Script()
    return code.loss, getattr(code, which), code.w1, code.w2


def planar(slope=network.slope_of_cache, twice=False, m=5):
    backward = network.planar_backward(slope, twice)
    functions = (network.forward_propagation, network.compute_cost, backward)
    return functions, normal(2, m), network.planar_parameters(), (normal(1, m, seed=3) > 0).astype(int)


def exercise(of_W2, of_b1, example=network.exercise_example):
    return network.forward_propagation_n, network.exercise_backward(of_W2, of_b1), *example()


def b1(target, times=lambda o: 1.0, function="loss"):
    code = network.Neuron(target, times)
    return getattr(code, function), code.gradients, code.w, code.b


def b3(cost):
    code = network.Quarter()
    return getattr(code, cost), code.gradient, code.z


def lstm_cell(of_gates):
    n = [normal(rows, layer.SAMPLES, seed=rows) for rows in (layer.INPUTS, layer.HIDDEN, layer.HIDDEN)]
    return layer.lstm_cell_forward, layer.cell_backward(of_gates), *n, layer.lstm_parameters()


def lstm(hand_back):
    x, a0 = normal(layer.INPUTS, layer.SAMPLES, layer.STEPS), normal(layer.HIDDEN, layer.SAMPLES)
    return layer.lstm_forward, layer.sequence_backward(hand_back), x, a0, layer.lstm_parameters()


def batchnorm(backward, gamma):
    return layer.batchnorm_forward, backward, normal(5, 3), np.array(gamma), np.array([0.1, 0.3, -0.2])


def values(kind, *numbers):
    return engine.cubic, *[kind(one) for one in numbers]


TIES = np.array([[1.0, 2.0, 2.0, 2.0], [0.5, -0.3, 0.1, 0.5], [0.0, 0.0, 0.0, 0.0]])
LABELS = np.array([2, 0, 1])
WITH_ZERO = np.array([[0.0, -1.3, 0.7], [2.0, 0.0, -0.4]])
HIGH = normal(2, 6, 4, 1), normal(3, 3, 1, 2, seed=3), 1
WIDE = normal(2, 4, 7, 1), normal(2, 3, 1, 2, seed=3), 1
STRIDED = normal(2, 9, 5, 1), normal(3, 4, 1, 2, seed=3), 2
SMALL = network.tagger_example(0.02)
NOT_TRANSPOSED = network.tagger(lambda Wh: Wh)
NO_GAMMA = layer.batchnorm_backward_without_gamma

#: What is called, the blocks that are wrong (the input of a layer or of a pair is x), and the causes that say what the case says.
WRONG = {
    "A1, grows": (neuron(network.OwnOutput, 0.1, 0.0), {"weights"}, {"own_output"}),
    "A1, diverges": (neuron(network.OwnOutput, -0.1, 0.0), {"weights"}, {"own_output"}),
    "A2": (image(network.ThreeLayers), {"W1", "W2", "W3"}, {"wrong_shape"}),
    "A2, as merged": (image(network.ThreeLayersMerged), {"W1", "W2", "W3"}, {"softmax_term", "diagonal_only"}),
    "A3": (images(network.forward_prop), FOUR, {"softmax_down_columns"}),
    "A3, as a loss": ((network.ColumnsLoss(), normal(4, 3), np.array([0, 2, 1, 0])), {"x"}, {"softmax_down_columns"}),
    "A5": (script("published"), {"w1", "w2"}, {"mask_missing", "slope_missing", "factor", "sum_for_mean"}),
    "A7": (planar(twice=True), {"W1", "b1"}, {"factor", "mean_for_sum"}),
    "A7, of seven": (planar(twice=True, m=7), {"W1", "b1"}, {"factor", "mean_for_sum"}),
    "A8": (exercise(2, 4.0), {"W2", "b1"}, {"factor"}),
    "A8, half mended": (exercise(2, 1.0), {"W2"}, {"factor"}),
    "A8, half mended and saturated": (exercise(2, 1.0, network.saturated_example), {"W2"}, {"factor"}),
    "A9": ((NOT_TRANSPOSED, *network.tagger_example()), {"Wx", "Wh", "b"}, {"wrong_line"}),
    "A9, small weights": ((NOT_TRANSPOSED, *SMALL), {"Wx", "Wh", "b"}, {"wrong_line"}),
    "A11, cell": (lstm_cell(layer.slope_without_tanh), {"xt", "a_prev", "Wf", "Wi", "Wc", "bf", "bi", "bc"}, None),
    "A11, last step": (lstm(layer.no_activation), {"x", "a0", *(f"{a}{gate}" for a in "Wb" for gate in "fico")}, None),
    "A11, first step": (lstm(layer.no_cell_for_the_first), {"x", "a0", "Wi", "bi", "Wc", "bc"}, None),
    "A13": ((engine.softmax_forward, engine.softmax_backward_without_the_dot, normal(3, 4)), {"z"}, {"softmax_term"}),
    "A13, diagonal": ((engine.softmax_forward, engine.softmax_backward_diagonal, normal(3, 4)), {"z"}, {"softmax_term", "diagonal_only"}),
    "A15": ((layer.Reversed(np.array([0.5, -1.0, 2.0])), np.array([[1.0, 2.0, 4.0, -1.0, 3.0]])), {"k"}, {"rearranged"}),
    "A17, high": ((layer.conv2d, layer.conv2d_backward(True), *HIGH), {"x"}, {"rearranged"}),
    "A17, wide": ((layer.conv2d, layer.conv2d_backward(True), *WIDE), {"x"}, {"rearranged"}),
    "A17, strided": ((layer.conv2d, layer.conv2d_backward(True), *STRIDED), {"x"}, {"rearranged"}),
    "A19": ((engine.AddBiasBroadcast(), normal(4, 4), normal(4)), {"b"}, {"not_reduced"}),
    "A19, not square": ((engine.AddBiasBroadcast(), normal(3, 4), normal(4)), {"b"}, {"not_reduced"}),
    "A19, mean": ((engine.AddBiasMean(), normal(4, 4), normal(4)), {"b"}, {"mean_for_sum", "factor"}),
    "A21": (batchnorm(NO_GAMMA, [0.7, -1.4, 2.2]), {"x"}, {"left_out", "normalisation_path"}),
    "A21, gamma 1": (batchnorm(NO_GAMMA, [1.0, 1.0, 1.0]), {"x"}, {"left_out", "normalisation_path"}),
    "A23": ((layer.DropoutWrapper(layer.FullyConnected(normal(3, 2)), 0.5), normal(4, 3)), {"X"}, {"mask_missing"}),
    "A25": ((engine.Max(), TIES), {"x"}, {"ties_counted", "maximum_shared"}),
    "A27": (values(engine.ValuePerUse, 1.0, 1.0), {"x", "a"}, {"factor"}),
    "A27, elsewhere": (values(engine.ValuePerUse, 0.7, -1.3), {"x", "a"}, {"factor"}),
    "A29": ((engine.Gather(normal(4, 1)), np.array([2, 0, 2])), {"params"}, {"shares_missing"}),
    "A29, wider": ((engine.Gather(normal(4, 2)), np.array([1, 3, 1, 0, 3, 3])), {"params"}, {"shares_missing"}),
    "A31": ((engine.SavedGradient, normal(3, 4), LABELS), {"activations"}, {"dout_ignored"}),
    "A33": ((engine.power_forward, engine.power_backward_published, normal(2, 3), normal(2, 3, seed=3)), {"x", "o"}, {"dout_ignored"}),
    "A35": ((engine.LogSigmoid(), WITH_ZERO), {"x"}, {"wrong_slope"}),
    "A35, zeros": ((engine.LogSigmoid(), np.zeros((3, 2))), {"x"}, {"wrong_slope"}),
    "B1": (b1(0.1056, function="output"), {"w", "b"}, {"of_square"}),
    "B1, target 0": (b1(0.0, lambda o: o), {"w", "b"}, {"of_square"}),
    "B3": (b3("cost"), {"z"}, {"factor"}),
    "B5": ((network.forward_of_theta, network.compared_with_itself, 3.0, 4.0), {"theta"}, None),
    "B9": ((network.waves, network.waves_slope_off, normal(3)), {"x"}, {"factor"}),
    "B9, large": ((network.waves, network.waves_slope_off, normal(700)), {"x"}, {"factor"}),
    "B19": ((engine.Maximum(1, 1), np.array([0.4, -0.2, 1.1]), np.array([0.4, -0.2, 1.1])), {"a", "b"}, {"ties_counted", "maximum_shared"}),
}

#: Keywords without which a case cannot be read.
KEYWORDS = {
    # The place alone is asked for, and the causes of a whole sequence take long to try.
    "A11, last step": {"budget": 5},
    "A11, first step": {"budget": 5},
    "A3": {"budget": 5},
    "A2": {"loss": network.squares},
    "A2, as merged": {"loss": network.squares},
    "A2, right": {"loss": network.squares},
    "B5": {"wrt": "theta"},
}

#: Where the cause is a line, what the line should be: A9's weights are not transposed.
LINES = dict.fromkeys(["A9", "A9, small weights"], "dhnext = da @ handed_back(Wh).T")


@pytest.fixture(autouse=True)
def seeded():
    """Masks are drawn from NumPy's global state."""
    np.random.seed(0)


def examined(name, given):
    return rg.check(*given, **KEYWORDS.get(name, {}))


@pytest.mark.parametrize("name", WRONG)
def test_wrong_ones_are_wrong_at_the_right_place(name):
    given, blocks, causes = WRONG[name]
    report = examined(name, given)
    assert report.verdict == "wrong", str(report)
    own = {block.rsplit(".", 1)[-1].split("[")[0] for block, of in report.blocks.items() if of.verdict == "wrong"}
    assert own == blocks, str(report)
    if causes is not None:
        assert {str(one) for one in report.causes} & causes, str(report)
    if name in LINES:
        assert report.findings[0].line["right"] == LINES[name], str(report)


RIGHT = {
    "A1, right": neuron(network.OwnInput, 0.1, 0.0),
    "A2, right": image(network.ThreeLayersRight),
    "A3, right": images(network.forward_prop_right),
    "A3, right as a loss": (network.RowsLoss(), normal(4, 3), np.array([0, 2, 1, 0])),
    "A5, right": script("right"),
    "A7, right": planar(),
    "A8, right": exercise(1, 1.0),
    "A8, right and saturated": exercise(1, 1.0, network.saturated_example),
    "A9, right": (network.tagger(lambda Wh: Wh.T), *network.tagger_example()),
    "A9, right and small": (network.tagger(lambda Wh: Wh.T), *SMALL),
    "A11, right cell": lstm_cell(layer.slope_of_tanh),
    "A11, right sequence": lstm(layer.all_of_it),
    "A13, right": (engine.softmax_forward, engine.softmax_backward, normal(3, 4)),
    "A15, right": (layer.Forwards(np.array([0.5, -1.0, 2.0])), normal(3, 6)),
    "A17, right": (layer.conv2d, layer.conv2d_backward(False), *STRIDED),
    "A19, right": (engine.AddBias(), normal(4, 4), normal(4)),
    "A21, right": batchnorm(layer.batchnorm_backward, [0.7, -1.4, 2.2]),
    "A23, right": (layer.DropoutMended(layer.FullyConnected(normal(3, 2)), 0.5), normal(4, 3)),
    "A25, shared": (engine.MaxEqual(), TIES),
    "A25, first": (engine.MaxFirst(), TIES),
    "A25, no ties": (engine.Max(), normal(3, 5)),
    "A27, right": values(engines.Value, 1.0, 1.0),
    "A29, right": (engine.GatherAdd(normal(4, 1)), np.array([2, 0, 2])),
    "A31, right": (engine.SavedTimesUpstream, normal(3, 4), LABELS),
    "A33, right": (engine.power_forward, engine.power_backward, normal(2, 3), normal(2, 3, seed=3)),
    "A35, right": (engine.LogSigmoidSmooth(), WITH_ZERO),
    "A37, mended": (engine.relu, engine.relu_grad, WITH_ZERO),
    "A39, right": (engine.FusedSoftmaxMended, normal(3, 4)),
    "A41, indices": (engine.cross_entropy, np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1])),
    "B1, right": b1(0.1056),
    "B3, right": b3("right_cost"),
    "B5, right": (network.forward_of_theta, network.backward_of_theta, 3.0, 4.0),
    "B9, large": (network.waves, network.waves_slope, normal(2000)),
    "B9, small": (network.waves, network.waves_slope, normal(1)),
    "B11": (layer.ConvNet(), normal(2, 1, 8, 8), np.array([1, 3])),
    "B13": (layer.summed, layer.summed_gradients, normal(6, 2), np.array([1.5, 0.8]), np.array([0.1, -0.4])),
    "B15": (layer.layernorm_forward, layer.layernorm_backward, 3 * normal(4, 8), normal(8), normal(8)),
    "B15, large numbers": (layer.layernorm_forward, layer.layernorm_backward, 20 + normal(4, 8), normal(8), normal(8)),
    "B17, the cache": planar(network.slope_of_cache),
    "B17, computed again": planar(network.slope_computed_again),
    "B19, 0": (engine.ReluAtTie(0.0), WITH_ZERO),
    "B19, a half": (engine.ReluAtTie(0.5), WITH_ZERO),
    "B19, 1": (engine.ReluAtTie(1.0), WITH_ZERO),
    "B19, shared": (engine.Maximum(0.5, 0.5), np.array([0.4, -0.2, 1.1]), np.array([0.4, -0.2, 1.1])),
    "B21, the state is put back": (layer.forward_with_dropout, layer.backward_with_dropout, normal(3, 4), normal(4, 2)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_ones_are_right(name):
    report = examined(name, RIGHT[name])
    assert report.ok, str(report)


@pytest.mark.parametrize("m", [5, 7])
def test_a7_names_the_mean(m):
    blocks = rg.check(*planar(twice=True, m=m)).blocks
    assert blocks["W1"].ratio == pytest.approx(1 / m) and blocks["b1"].ratio == pytest.approx(1 / m)


def test_a8_names_both_factors():
    blocks = rg.check(*exercise(2, 4.0)).blocks
    assert blocks["W2"].ratio == pytest.approx(2) and blocks["b1"].ratio == pytest.approx(4)


def test_a23_says_that_the_upstream_gradient_is_written_into():
    report = rg.check(*WRONG["A23"][0])
    assert "written_into" in report.causes, str(report)


def test_a27_names_both_factors():
    blocks = rg.check(*WRONG["A27"][0]).blocks
    assert blocks["x"].ratio == pytest.approx(7 / 6) and blocks["a"].ratio == pytest.approx(4 / 3)


def test_a37_raises_the_users_own_error():
    with pytest.raises(TypeError):
        rg.check(engine.relu, engine.relu_grad_published, normal(2, 3))


def test_a39_no_gradient_is_neither_right_nor_zero():
    report = rg.check(engine.FusedSoftmax, normal(3, 4))
    assert not report.ok and "no_gradient" in report.causes and "detached" not in report.causes, str(report)


def test_a41_is_right_for_the_loss_that_it_computes():
    logits, labels = np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1])
    assert engine.flattened_cross_entropy(logits, labels)[0] == pytest.approx(2.8200751916)
    assert rg.check(engine.flattened_cross_entropy, logits, labels).ok


def test_b3_names_the_number_of_classes():
    assert rg.check(*b3("cost")).blocks["z"].ratio == pytest.approx(4)


def test_b7_another_rounding_with_each_call_is_no_wrong_gradient():
    report = rg.check(engine.scatter_forward, engine.scatter_backward, normal(40, 4), normal(4, 3))
    assert report.verdict in ("right", "rounding", "not_deterministic"), str(report)


def test_b13_noise_in_32_bits_is_no_wrong_gradient():
    given = normal(6, 2), np.array([1.5, 0.8]), np.array([0.1, -0.4])
    report = rg.check(layer.summed_in_single, layer.summed_gradients, *given)
    assert report.verdict != "wrong" and all(one.verdict != "wrong" for one in report.blocks.values()), str(report)


def test_b21_a_mask_that_cannot_be_held_is_named():
    report = rg.check(layer.forward_with_dropout_of_the_system, layer.backward_with_dropout, normal(3, 4), normal(4, 2))
    assert report.verdict == "not_deterministic", str(report)
