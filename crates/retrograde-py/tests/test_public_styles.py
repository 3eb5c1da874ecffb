"""Faults in the styles of public code: the wrong place and the cause, in code of our own."""

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
    assert "epsilon" in report.causes
