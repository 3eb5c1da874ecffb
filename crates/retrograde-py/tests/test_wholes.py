"""Whole networks without layers: read as they are, right ones right, the wrong parameter named."""

import numpy as np
import pytest
import retrograde as rg
import wholes

T = np.eye(4)[[2, 0, 1]]
Y = np.array([2, 0, 1])
BINARY = np.array([[0, 1, 1, 0, 1]])


def cross_entropy(net, x, t):
    return -np.mean(np.sum(t * np.log(net.forward(x)), axis=1))


def column_cross_entropy(Z1, A1, Z2, A2, Y):
    return -np.mean(np.log(A2[Y, np.arange(A2.shape[1])]))


def cases(r):
    n = r.standard_normal
    x, columns = n((3, 5)), n((4, 5))
    p = wholes.initialize()
    loose = wholes.initialize((4, 5, 3))
    loose = [loose[key] for key in ("W1", "b1", "W2", "b2")]
    four = {"W1", "b1", "W2", "b2"}
    return {
        "loss and gradients": ((wholes.Fc(), x, Y), {}, four),
        "one sample": ((wholes.Nielsen([5, 6, 4]), n((5, 1)), np.eye(4)[:, [1]]), {}, 4),
        "a cost as a class": ((wholes.NielsenWithCost([5, 6, 4]), n((5, 1)), np.eye(4)[:, [1]]), {}, 4),
        "updating": ((wholes.Updating(), x, T), {}, four),
        "storing": ((wholes.Storing(), x, T), {}, four),
        "returning": ((wholes.Returning(), x, T), {"loss": cross_entropy}, four),
        "model functions": ((wholes.model_loss, wholes.model_grads, p, columns, BINARY), {}, four),
        "three functions": (((wholes.L_model_forward, wholes.compute_cost, wholes.L_model_backward), p, columns, BINARY), {}, four),
        "planar": (((wholes.forward_propagation, wholes.compute_cost, wholes.backward_propagation), columns, p, BINARY), {}, four),
        "loose": (((wholes.forward_prop, column_cross_entropy, wholes.backward_prop), *loose, columns, np.array([0, 2, 1, 1, 0])), {}, four),
    }


@pytest.mark.parametrize("name", cases(np.random.default_rng(0)))
def test_right_ones_are_right(name, random):
    given, keywords, blocks = cases(random)[name]
    report = rg.check(*given, **keywords)
    assert report.ok, str(report)
    assert set(report.blocks) == blocks if isinstance(blocks, set) else len(report.blocks) == blocks, str(report)


def test_the_loss_is_asked_for(random):
    with pytest.raises(rg.ReadingError, match="loss="):
        rg.check(wholes.Returning(), random.standard_normal((3, 5)), T)


def test_a_guessed_loss_is_said(random):
    reading = rg.describe(wholes.Nielsen([5, 6, 4]), random.standard_normal((5, 1)), np.eye(4)[:, [1]])
    assert "loss=" in reading.lines[2]


def test_a_mean_taken_twice_is_a_fault_of_the_whole(random):
    """In a layer alone 1/m in the parameters' gradients is a convention; in a network whose loss divides, it is wrong."""

    def twice(AL, Y, caches):
        return wholes.L_model_backward(AL, Y, caches, of_loss=1 / Y.shape[1])

    given = wholes.initialize(), random.standard_normal((4, 5)), BINARY
    report = rg.check((wholes.L_model_forward, wholes.compute_cost, twice), *given)
    assert report.verdict == "wrong" and all(one.verdict == "wrong" for one in report.blocks.values()), str(report)


def test_a_network_that_ends_in_its_loss(random):
    given = random.standard_normal((5, 4)), random.standard_normal((3, 5))
    report = rg.check(wholes.EndsInItsLoss(given[0]), given[1], Y)
    assert report.ok and len(report.blocks) == 1, str(report)

    class Wrong(wholes.EndsInItsLoss):
        def backward(self, dout=1):
            super().backward(dout)
            self.grads[0] *= len(self.t)

    assert rg.check(Wrong(given[0]), given[1], Y).verdict == "wrong"


class Sums(wholes.Storing):
    """Leaves sums, which its update divides."""

    def backward(self, X, y):
        super().backward(X, y)
        for name in ("dW1", "db1", "dW2", "db2"):
            setattr(self, name, getattr(self, name) * len(X))

    def update(self, rate, m):
        self.W1 -= rate * self.dW1 / m
        self.b1 -= rate * self.db1 / m
        self.W2 -= rate * self.dW2 / m
        self.b2 -= rate * self.db2 / m


class SumsThatNothingDivides(Sums):
    def update(self, rate, m):
        self.W1 -= rate * self.dW1


class TimesTheWidth(Sums):
    """Off by the number of inputs, not of samples."""

    def backward(self, X, y):
        wholes.Storing.backward(self, X, y)
        for name in ("dW1", "db1", "dW2", "db2"):
            setattr(self, name, getattr(self, name) * X.shape[1])


class SumsButOne(Sums):
    def backward(self, X, y):
        super().backward(X, y)
        self.db1 = self.db1 / len(X)


def test_sums_that_the_update_divides(random):
    x = random.standard_normal((3, 5))
    report = rg.check(Sums(), x, T)
    assert report.verdict == "right" and [one.cause for one in report.findings] == ["sum_divided_in_update"], str(report)
    assert "update" in report.in_language("ko").findings[0].sentence
    assert rg.check(SumsThatNothingDivides(), x, T).verdict == "wrong"
    assert rg.check(SumsButOne(), x, T).verdict == "wrong"
    assert rg.check(TimesTheWidth(), x, T).verdict == "wrong"


def test_the_cost_may_be_a_class(random):
    class Quadratic:
        @staticmethod
        def fn(a, y):
            return 0.5 * np.sum((a - y) ** 2)

    class Net(wholes.Nielsen):
        cost = Quadratic

    report = rg.check(Net([5, 6, 4]), random.standard_normal((5, 1)), np.eye(4)[:, [1]])
    assert report.ok and "Quadratic.fn" in report.reading[2], str(report)


def test_one_parameter_whose_gradient_is_returned_alone(random):
    class Line:
        def __init__(self):
            self.W = np.arange(6.0).reshape(3, 2) / 7

        def forward(self, x):
            return x @ self.W

        def backward(self, x, t):
            return x.T @ (self.forward(x) - t)

    given = random.standard_normal((4, 3)), random.standard_normal((4, 2))
    half = lambda net, x, t: 0.5 * np.sum((net.forward(x) - t) ** 2)
    assert list(rg.check(Line(), *given, loss=half).blocks) == ["W"]
    report = rg.check(Line(), *given, loss=lambda net, x, t: 2 * half(net, x, t))
    assert report.cause == "factor", str(report)


def test_a_factor_in_one_parameter_is_named(random):
    class Wrong(wholes.Storing):
        def backward(self, X, y):
            super().backward(X, y)
            self.dW2 = 2 * self.dW2

    report = rg.check(Wrong(), random.standard_normal((3, 5)), T)
    assert [name for name, one in report.blocks.items() if one.verdict == "wrong"] == ["W2"]
    assert report.cause == "factor", str(report)


def test_weight_decay_that_the_gradient_lacks_is_seen(random):
    class Wrong(wholes.Fc):
        def loss(self, X, y=None):
            loss, grads = super().loss(X, y)
            return loss, {**grads, "W1": grads["W1"] - self.reg * self.params["W1"]}

    report = rg.check(Wrong(), random.standard_normal((3, 5)), Y)
    assert [name for name, one in report.blocks.items() if one.verdict == "wrong"] == ["W1"], str(report)
