"""Losses that saturate, clip or add an epsilon: right where their gradient is that of a loss that does not."""

import numpy as np
import pytest

import retrograde as rg


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def propagate(w, b, X, Y):
    """Logistic regression with samples in columns; 1 − A has few digits where A is near 1."""
    A, m = sigmoid(w.T @ X + b), X.shape[1]
    cost = -np.sum(np.log(A) * Y + np.log(1 - A) * (1 - Y)) / m
    return cost, {"dw": X @ (A - Y).T / m, "db": np.sum(A - Y) / m}


@pytest.mark.parametrize("seed", range(6))
def test_a_cost_with_few_digits_far_from_the_input(seed):
    random = np.random.RandomState(seed)
    labels = np.array([[0, 1, 1, 0, 1]])
    report = rg.check(propagate, random.randn(4, 1), 0.3, random.randn(4, 5), labels)
    assert report.ok, str(report)

    def doubled(w, b, X, Y):
        cost, grads = propagate(w, b, X, Y)
        return cost, {"dw": 2 * grads["dw"], "db": grads["db"]}

    report = rg.check(doubled, random.randn(4, 1), 0.3, random.randn(4, 5), labels)
    assert report.verdict == "wrong" and report.cause == "factor" and report.blocks["b"].verdict != "wrong", str(report)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class ClippedLoss:
    """The probabilities are clipped for the logarithm, and the gradient does not know it."""

    def forward(self, x, t):
        self.p, self.t = softmax(x), t
        return -np.mean(np.log(np.clip(self.p, 1e-7, 1 - 1e-7)[range(len(t)), t]))

    def backward(self, dout=1):
        d = self.p.copy()
        d[range(len(self.t)), self.t] -= 1
        return d * dout / len(self.t)


class SummedNet:
    """A network of its parameters alone, whose loss is a sum of two with an epsilon each."""

    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, x, t):
        self.x, self.t = x, t
        self.y = softmax(x @ self.params[0])
        return -np.mean(np.log(self.y[np.arange(len(t)), t] + 1e-7)) * 2

    def backward(self, dout=1):
        d = self.y.copy()
        d[np.arange(len(self.t)), self.t] -= 1
        self.grads[0][...] = self.x.T @ d * 2 * dout / len(self.t)


@pytest.mark.parametrize("seed", range(4))
def test_a_clip_or_an_epsilon_in_the_loss(seed):
    random, labels = np.random.RandomState(seed), np.array([2, 0, 1])
    report = rg.check(ClippedLoss(), random.randn(3, 4), labels)
    assert report.ok, str(report)
    weights = random.randn(5, 4)
    kept = weights.copy()
    report = rg.check(SummedNet(weights), random.randn(3, 5), labels)
    assert report.ok and "epsilon" in report.causes, str(report)
    assert np.array_equal(weights, kept)
