"""Loops of one's own: what a watch sees of them, and what it says."""

import numpy as np
import pytest
import retrograde as rg
from retrograde import digits

from book1 import Affine, Relu, SoftmaxWithLoss, softmax_over_everything


class Network:
    """The notebook's network, with any last layer."""

    def __init__(self, inputs, hidden, outputs, last, deviation=0.01, seed=0):
        random = np.random.default_rng(seed)
        self.params = {
            "w1": deviation * random.standard_normal((inputs, hidden)),
            "b1": np.zeros(hidden),
            "w2": deviation * random.standard_normal((hidden, outputs)),
            "b2": np.zeros(outputs),
        }
        self.layers = [Affine(self.params["w1"], self.params["b1"]), Relu(), Affine(self.params["w2"], self.params["b2"])]
        self.last = last

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        out = self.last.backward(1)
        for layer in reversed(self.layers):
            out = layer.backward(out)
        first, _, second = self.layers
        return {"w1": first.dW, "b1": first.db, "w2": second.dW, "b2": second.db}


class OverTheBatch(SoftmaxWithLoss):
    """The notebook's mistake: the maximum and the sum go over the whole batch."""

    softmax = staticmethod(softmax_over_everything)

    def backward(self, dout=1):
        return (self.y - self.t) / self.t.shape[0]


@pytest.fixture(scope="module")
def data():
    x, t, _, _ = digits()
    return x.reshape(len(x), -1) / 255.0, np.eye(10)[t]


def train(network, data, steps, rate=0.1, batch=100, sign=1, **options):
    x, t = data
    random = np.random.default_rng(1)
    seen = rg.watch(range(steps), network, **options)
    named = None
    for step in seen:
        rows = random.choice(len(x), batch)
        gradients = network.gradient(x[rows], t[rows])
        for name in network.params:
            network.params[name] -= sign * rate * gradients[name]
        if seen.diagnosis is not None and named is None:
            named = step
    return seen, named


def test_the_notebooks_training_is_named_before_step_100(data, capsys):
    network = Network(784, 50, 10, OverTheBatch())
    seen, named = train(network, data, 200)
    assert named is not None and named < 100
    assert seen.diagnosis.cause == "loss.reduction" and not seen.diagnosis
    text = capsys.readouterr().out
    assert "depends on the other rows" in text
    assert "gradient" not in vars(network), "the wrappers are gone"


def test_the_right_training_prints_its_verdict_and_nothing_else(data, capsys):
    seen, named = train(Network(784, 50, 10, SoftmaxWithLoss()), data, 2_000)
    assert named is None and seen.healthy
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("healthy"), lines


def test_the_watched_training_is_bit_for_bit_the_unwatched_one(data):
    x, t = data
    networks = [Network(784, 20, 10, SoftmaxWithLoss()) for _ in range(2)]
    train(networks[0], data, 40, quiet=True)
    random = np.random.default_rng(1)
    for _ in range(40):
        rows = random.choice(len(x), 100)
        gradients = networks[1].gradient(x[rows], t[rows])
        for name in networks[1].params:
            networks[1].params[name] -= 0.1 * gradients[name]
    for name, value in networks[0].params.items():
        assert np.array_equal(value, networks[1].params[name]), name


def test_a_step_up_the_loss_is_named(data):
    seen, named = train(Network(784, 20, 10, SoftmaxWithLoss()), data, 60, sign=-1, quiet=True)
    assert seen.diagnosis.cause == "grad.sign" and named < 100


def test_a_rate_that_is_too_high_is_named(data):
    seen, _ = train(Network(784, 20, 10, SoftmaxWithLoss()), data, 200, rate=30.0, quiet=True)
    assert seen.diagnosis.cause == "lr.high", seen.diagnosis


def test_a_rate_that_is_too_low_is_named_in_korean(data):
    seen, _ = train(Network(784, 20, 10, SoftmaxWithLoss()), data, 400, rate=1e-4, quiet=True, lang="ko")
    assert seen.diagnosis.cause in ("lr.low", "steps.few", "init.scale.small"), seen.diagnosis
    assert "학습" in seen.diagnosis.text() and "<section" in seen.diagnosis._repr_html_()


def test_what_cannot_be_run_again_has_no_verdict(data, capsys):
    class Odd(Network):
        def predict(self, x):
            return np.cos(super().predict(x))

    seen, _ = train(Odd(784, 20, 10, SoftmaxWithLoss()), data, 30)
    assert seen.diagnosis is None and seen.healthy is None
    assert capsys.readouterr().out.startswith("no verdict")


def test_wrong_keywords_are_errors():
    with pytest.raises(rg.ReadingError):
        rg.watch(range(3), object(), budget=0)
    with pytest.raises(rg.ReadingError):
        rg.watch(range(3), object(), lang="fr")
