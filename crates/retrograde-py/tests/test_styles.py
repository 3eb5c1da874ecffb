"""Layer objects in many styles: right ones are right, their parameters are found, and a fault in them is named."""

import types

import losses
import numpy as np
import pytest
import retrograde as rg
import states
import styles


def layers(r):
    n = r.standard_normal
    return {
        "nnfs dense": (styles.NnfsDense(5, 4), {"inputs", "weights", "biases"}),
        "nnfs relu": (styles.NnfsReLU(), {"inputs"}),
        "a ratio called rate": (styles.RateDropout(0.4), {"inputs"}),
        "updating": (styles.UpdatingDense(5, 4), {"input", "weights", "bias"}),
        "rebinding": (styles.RebindingDense(5, 4), {"input", "weights", "bias"}),
        "torch 7": (styles.Linear7(5, 4), {"input", "W", "b"}),
        "param objects": (styles.ParamDense(5, 4), {"X", "W", "B"}),
        "dictionaries": (styles.DictDense(5, 4), {"inputs", "w", "b"}),
        "lazy": (styles.LazyDense(4), {"X", "W", "b"}),
        "mytorch": (styles.MytorchLinear(5, 4), {"A", "W", "b"}),
        "weight multiply": (styles.WeightMultiply(5, 4), None),
        "lists": (styles.ListMatMul(n((5, 4))), None),
    }


@pytest.mark.parametrize("name", layers(np.random.default_rng(0)))
def test_layers_are_right(name, random):
    thing, blocks = layers(random)[name]
    report = rg.check(thing, random.standard_normal((3, 5)))
    assert report.ok, str(report)
    assert blocks is None or set(report.blocks) == blocks, str(report)
    assert len(report.blocks) == 2 if blocks is None else True


def test_the_second_books_layers(random):
    n = random.standard_normal
    W = n((6, 4))
    embedding = rg.check(styles.ListEmbedding(W), np.array([1, 3, 1]))
    assert embedding.ok and len(embedding.blocks) == 1, str(embedding)
    cell = rg.check(styles.ListRNN(n((4, 5)), n((5, 5)), n(5)), n((3, 4)), n((3, 5)))
    assert cell.ok and len(cell.blocks) == 5, str(cell)
    for stateful in (False, True):
        report = rg.check(styles.TimeRNN(n((4, 5)), n((5, 5)), n(5), stateful), n((2, 3, 4)))
        assert report.ok, str(report)


def test_another_name_of_a_parameter_is_no_parameter(random):
    weights = [0.1 * random.standard_normal(shape).astype("f") for shape in ((5, 3), (3, 4))]
    report = rg.check(styles.TwoMatMuls(*weights), np.eye(5)[[1, 2, 3]], random.standard_normal((3, 4)))
    assert report.ok and len(report.blocks) == 2, str(report)


def test_tied_weights_are_one_parameter(random):
    net = styles.TiedNet(random.standard_normal((5, 4)))
    report = rg.check(net, random.standard_normal((3, 5)))
    assert report.ok and len(report.blocks) == 2 and "+" in report.reading[1], str(report)


def test_losses(random):
    x, t = random.standard_normal((3, 4)), random.standard_normal((3, 4))
    assert rg.check(styles.MSE(), x, t).ok
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    report = rg.check(styles.NnfsLoss(), p, np.array([0, 3, 1]))
    assert report.ok, str(report)
    report = rg.check(losses.SquaredError(), x, t)
    assert report.ok and list(report.blocks) == ["y_pred"] and report.subject == "SquaredError", str(report)


@pytest.mark.parametrize("seed", [1, 4, 12])
def test_probabilities_near_zero(seed):
    """A step of differences leads beyond 0 there."""
    p = np.random.RandomState(seed).dirichlet(np.ones(4), 3)
    assert p.min() < 0.004
    report = rg.check(styles.NnfsLoss(), p, np.array([2, 0, 1]))
    assert report.ok, str(report)


def test_inputs_in_lists_and_flags(random):
    x = random.standard_normal((3, 5))
    listed = states.ListedDense(random.standard_normal((5, 4)))
    assert rg.check(listed, x).ok
    # With an optimiser's rate more is tried forward before the lists are looked at.
    listed.optimizer = types.SimpleNamespace(lr=0.01)
    report = rg.check(listed, x)
    assert report.verdict == "right" and len(report.blocks) == 2, str(report)
    assert rg.check(styles.RateDropout(0.4), x).ok
    report = rg.check(states.Cell(random.standard_normal((5, 4))), x)
    assert report.verdict == "right" and set(report.blocks) == {"x", "W"} and "upstream" in report.reading[2], str(report)
    report = rg.check(styles.TrainingDense(5, 4), x)
    assert report.verdict == "right" and "training=True" in report.reading[2], str(report)


def test_losses_of_rows_and_of_outputs(random):
    x, y = random.standard_normal((3, 4)), np.array([2, 0, 1])
    assert rg.check(losses.RowsMSE(), x, random.standard_normal((3, 4))).verdict == "right"
    report = rg.check(losses.JoinedSoftmaxLoss(), x, y)
    assert report.ok and "self.output" in report.reading[2], str(report)

    class Wrong(losses.JoinedSoftmaxLoss):
        def backward(self, dvalues, y_true):
            super().backward(dvalues, y_true)
            self.dinputs *= len(dvalues)

    report = rg.check(Wrong(), x, y)
    assert report.verdict == "wrong" and report.cause == "sum_for_mean", str(report)
    report = rg.check(states.IndexedDot(random.standard_normal((7, 4))), x, np.array([0, 3, 1]))
    assert report.verdict == "right" and len(report.blocks) == 2, str(report)


def test_a_mean_in_the_parameters_alone_is_a_convention(random):
    class Columns:
        def __init__(self):
            self.W, self.b = np.arange(12.0).reshape(3, 4) / 7, np.ones((3, 1))

        def forward(self, A_prev):
            self.A_prev = A_prev
            return self.W @ A_prev + self.b

        def backward(self, dZ):
            m = dZ.shape[1]
            self.dW, self.db = dZ @ self.A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m
            return self.W.T @ dZ

    report = rg.check(Columns(), random.standard_normal((4, 6)))
    assert report.verdict == "right" and [one.cause for one in report.findings] == ["mean_in_parameters"], str(report)


def test_losses_with_a_gradient_and_no_forward(random):
    x, t = random.standard_normal((3, 4)), random.standard_normal((3, 4))
    assert list(rg.check(losses.SquaresLoss(), x, t).blocks) == ["predicted"]
    report = rg.check(losses.LabelFirstLoss(), t, x)
    assert report.verdict == "right" and list(report.blocks) == ["y_pred"], str(report)

    class Wrong(losses.SquaresLoss):
        def grad(self, predicted, actual):
            return 2 * (actual - predicted)

    report = rg.check(Wrong(), x, t)
    assert report.cause == "sign" and list(report.blocks) == ["predicted"], str(report)


#: A class, what is wrong in its backward, the block, and the cause.
def sign_of_weights(self, dvalues):
    styles.NnfsDense.backward(self, dvalues)
    self.dweights = -self.dweights


def no_mask(self, dvalues):
    self.dinputs = dvalues.copy()


def step_too_large(self, output_gradient, learning_rate):
    return styles.UpdatingDense.backward(self, output_gradient, 2 * learning_rate)


def without_zero(self, input, gradOutput):
    return -styles.Linear7.backward(self, input, gradOutput)


MUTANTS = [
    (styles.NnfsDense, (5, 4), sign_of_weights, "sign"),
    (styles.NnfsReLU, (), no_mask, "mask_missing"),
    (styles.UpdatingDense, (5, 4), step_too_large, "factor"),
    (styles.Linear7, (5, 4), without_zero, "sign"),
]


@pytest.mark.parametrize("kind, sizes, backward, cause", MUTANTS)
def test_mutants_are_named(kind, sizes, backward, cause, random):
    thing = type(kind.__name__, (kind,), {"backward": backward})(*sizes)
    report = rg.check(thing, random.standard_normal((3, 5)))
    assert report.verdict == "wrong" and report.cause == cause, str(report)


def test_accumulation_without_a_reset_is_a_fault(random):
    class Adds(styles.MytorchLinear):
        dLdW = 0

        def backward(self, dLdZ):
            before = self.dLdW
            dx = super().backward(dLdZ)
            self.dLdW = before + self.dLdW
            return dx

    report = rg.check(Adds(5, 4), random.standard_normal((3, 5)))
    assert report.cause == "accumulated", str(report)


def test_the_rate_is_asked_for(random):
    class Hidden(styles.UpdatingDense):
        def backward(self, grad):
            return super().backward(grad, 0.125)

    x = random.standard_normal((3, 5))
    with pytest.raises(rg.ReadingError, match="lr="):
        rg.check(Hidden(5, 4), x)
    assert rg.check(Hidden(5, 4), x, lr=0.125).ok


def test_an_update_without_the_rate_is_said(random):
    class Dense(styles.UpdatingDense):
        def backward(self, output_gradient, learning_rate):
            before = self.bias.copy()
            dx = super().backward(output_gradient, learning_rate)
            self.bias = before - output_gradient.sum(axis=0)
            return dx

    report = rg.check(Dense(5, 4), random.standard_normal((3, 5)))
    assert report.verdict == "wrong" and report.cause == "rate_missing" and report.findings[0].blocks == ["bias"], str(report)
    assert all(one.verdict == "right" for one in report.blocks.values()), str(report)
    assert "학습률" in report.in_language("ko").findings[0].sentence


def test_the_gradient_of_the_input_is_no_parameters(random):
    class Dense(styles.NnfsDense):
        inputs = None

        def forward(self, inputs):
            if self.inputs is None:
                self.inputs = inputs
            self.output = inputs @ self.weights + self.biases

    report = rg.check(Dense(5, 4), random.standard_normal((3, 5)))
    assert report.verdict == "wrong" and set(report.blocks) == {"inputs", "weights", "biases"}, str(report)
    assert [name for name, one in report.blocks.items() if one.verdict == "wrong"] == ["weights"], str(report)


def test_params_says_which(random):
    class Odd(styles.MytorchLinear):
        def backward(self, dLdZ):
            dx = super().backward(dLdZ)
            self.first, self.second = self.dLdW, self.dLdb
            del self.dLdW, self.dLdb
            return dx

    report = rg.check(Odd(5, 4), random.standard_normal((3, 5)), params={"W": "first", "b": "second"})
    assert report.ok and set(report.blocks) == {"A", "W", "b"}, str(report)
    guessed = rg.check(Odd(5, 4), random.standard_normal((3, 5)))
    assert guessed.ok and set(guessed.blocks) == {"A", "W", "b"} and "params=" in guessed.reading[2], str(guessed)
