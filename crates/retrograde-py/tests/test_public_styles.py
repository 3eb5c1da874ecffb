"""Faults in the styles of public code: the wrong place and the cause, in code of our own."""

import creators
import engines
import lines
import numpy as np
import pytest
import retrograde as rg


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class EpsilonNet:
    """Two layers whose gradients are written out, and a loss with an epsilon; a fault is one of the lines in another form."""

    def __init__(self, fault, random):
        self.fault = fault
        n = random.standard_normal
        self.params = {"W1": 0.3 * n((6, 5)), "b1": np.zeros(5), "W2": 0.3 * n((5, 4)), "b2": np.zeros(4)}

    def hidden(self, x):
        return np.tanh(x @ self.params["W1"] + self.params["b1"])

    def predict(self, x):
        return softmax(self.hidden(x) @ self.params["W2"] + self.params["b2"])

    def loss(self, x, t):
        return -np.sum(t * np.log(self.predict(x) + 1e-7)) / len(x)

    def gradient(self, x, t):
        h, y = self.hidden(x), self.predict(x)
        dy = (y - t) / len(x)
        dh = dy @ self.params["W2"].T
        if self.fault != "no slope":
            dh = dh * (1 - h * h)
        b2 = dy.sum(axis=1) if self.fault == "axis" else dy.sum(axis=0)
        return {"W2": h.T @ dy, "b2": b2, "W1": x.T @ dh, "b1": dh.sum(axis=0)}


@pytest.mark.parametrize("fault, wrong", [("no slope", {"W1", "b1"}), ("axis", {"b2"})])
def test_an_epsilon_makes_no_other_gradient_wrong(fault, wrong, random):
    report = rg.check(EpsilonNet(fault, random), random.standard_normal((3, 6)), np.eye(4)[[2, 0, 1]])
    assert {name for name, one in report.blocks.items() if one.verdict == "wrong"} == wrong, str(report)


def things(r):
    n = r.standard_normal
    cell = [n((3, 4)), n((3, 5)), n((4, 5)), n((5, 5)), n(5)]
    return {
        "a cell's slope": ((lines.cell_forward, lines.cell_without_slope, *cell), "da = dout * (1 - out ** 2)"),
        "a gate's slope": ((lines.Gate(n((4, 3)), n((4, 3))), n((5, 4))), "da = dout * self.g * self.a * (1 - self.a)"),
        "= for +=": ((lines.Standardised(n(4), n(4)), n((5, 4))), "dxc += self.xc * dstd / self.std / len(dout)"),
        "an array of the first call": ((lines.Kept(n(4), n(4)), n((5, 4))), "self.std = std"),
        "not turned": (
            (lines.Channels(n((3, 2))), n((2, 3, 4, 5))),
            "dout = dout.transpose((0, 2, 3, 1)).reshape(-1, self.W.shape[1])",
        ),
    }


@pytest.mark.parametrize("name", things(np.random.default_rng(0)))
def test_one_wrong_line_is_told_as_it_is_and_as_it_should_be(name, random):
    given, right = things(random)[name]
    report = rg.check(*given)
    assert report.verdict == "wrong" and report.cause == "wrong_line", str(report)
    told = report.findings[0]
    assert told.line.right == right, str(report)
    assert told.line.code in open(lines.__file__).read()
    for said in (str(report), report._repr_markdown_(), report._page()):
        assert "no cause that could be proved" not in said


def test_two_wrong_lines_are_not_told_as_one(random):
    n = random.standard_normal
    before = lines.cell_with_two_faults.__code__
    report = rg.check(lines.cell_forward, lines.cell_with_two_faults, n((3, 4)), n((3, 5)), n((4, 5)), n((5, 5)), n(5))
    assert report.verdict == "wrong" and "wrong_line" not in report.causes, str(report)
    assert lines.cell_with_two_faults.__code__ is before


@pytest.mark.parametrize("kind", [engines.Value, lines.ForgetfulValue])
def test_an_upstream_gradient_that_is_forgotten_is_seen_through_ones(kind):
    report = rg.check(lambda a: a.tanh(), kind(0.7))
    assert report.ok == (kind is engines.Value), str(report)
    assert report.ok or report.cause == "dout_ignored", str(report)


def right_things(r):
    n = r.standard_normal
    return {
        "parameters in 32 bits, made late": ((lines.LazyNarrow(4), n((3, 5))), {"x", "w", "b"}),
        "indices that are made whole": ((lines.WholeIndices(n((6, 4))), np.array([[1, 3, 1], [0, 5, 2]])), {"w"}),
        "a loss with weights": ((lines.WeightedLoss(), n((5, 2)), (n((5, 2)) > 0) * 1.0), {"logits"}),
        "methods without names": ((lines.Logged(), n((3, 5))), None),
    }


@pytest.mark.parametrize("name", right_things(np.random.default_rng(0)))
def test_these_are_right(name, random):
    given, blocks = right_things(random)[name]
    report = rg.check(*given)
    assert report.ok, str(report)
    assert blocks is None or set(report.blocks) == blocks, str(report)


@pytest.mark.parametrize("fault, block", [("sign", "W"), ("mean of a mean", "b")])
def test_a_mean_in_the_parameters_alone_makes_no_other_one_wrong(fault, block, random):
    n = random.standard_normal
    report = rg.check(lines.linear_forward, lines.linear_backward(fault), n((4, 5)), n((3, 4)), n((3, 1)))
    assert [name for name, one in report.blocks.items() if one.verdict == "wrong"] == [block], str(report)
    assert "mean_in_parameters" in report.causes


class InAWhile:
    """A loop that ends when its own count says so: of the changed lines none may leave it running."""

    def forward(self, x):
        self.x = x
        return 3 * np.sin(x)

    def backward(self, dout):
        dx, row = np.zeros_like(self.x), 0
        while row != len(self.x):
            dx[row] = dout[row] * np.cos(self.x[row]) * np.exp(0.3 * row * self.x[row])
            row += 1
        return dx


def test_the_search_for_a_wrong_line_ends(random):
    assert rg.check(InAWhile(), random.standard_normal((4, 3))).verdict == "wrong"


@pytest.mark.parametrize("factor", [creators.Mul, lines.ForgetfulMul])
def test_a_layer_of_an_engine_is_called_with_its_values(factor, random):
    x = creators.Variable(random.standard_normal(3))
    report = rg.check(lines.NodeLayer(lambda *given: factor()(*given)), x)
    assert report.ok == (factor is creators.Mul), str(report)
    assert set(report.blocks) == {"x", "scale"} if report.ok else True, str(report)


@pytest.mark.parametrize("given, right", [(5e-4, True), (7e-4, False)])
def test_weight_decay_by_a_factor_that_a_layer_keeps_is_a_convention(given, right, random):
    n = random.standard_normal
    report = rg.check(lines.DecayingDense(n((5, 4)), 5e-4, given), n((3, 5)))
    assert report.ok == right and ("decay_in_layer" in report.causes) == right, str(report)
