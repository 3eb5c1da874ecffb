"""A check leaves no trace: objects, arrays, random states, output and warnings are as they were."""

import pickle
import random as python_random
import threading

import book1
import numpy as np
import pytest
import retrograde as rg


class Noisy(book1.Dropout):
    """Prints, warns, and draws random numbers of several kinds."""

    def __init__(self):
        super().__init__(0.3)
        self.rng = np.random.default_rng(3)

    def forward(self, x, train_flg=True):
        print("shape", x.shape)
        self.scale = 1 + python_random.random() + self.rng.random()
        np.log(np.zeros(1))
        return super().forward(x, train_flg) * self.scale

    def backward(self, dout):
        return super().backward(dout) * self.scale


@pytest.mark.parametrize("thing", [Noisy(), book1.Affine(np.ones((5, 2), np.float32), np.zeros(2, np.float32))])
def test_nothing_changes(thing, random, capsys, recwarn):
    x = random.standard_normal((3, 5)).astype(np.float32)
    thing.forward(x.copy())
    capsys.readouterr()
    recwarn.clear()
    before = pickle.dumps((thing, x, np.random.get_state(), python_random.getstate()))
    report = rg.check(thing, x)
    assert pickle.dumps((thing, x, np.random.get_state(), python_random.getstate())) == before
    assert report.ok, str(report)
    assert capsys.readouterr() == ("", "") and not recwarn


def test_output_is_said_to_be_withheld(random):
    report = rg.check(Noisy(), random.standard_normal((3, 5)))
    assert "withheld" in report.reading[2]


def test_the_network_keeps_its_arrays(random, one_hot):
    net, x = book1.TwoLayerNet(), random.standard_normal((3, 6))
    net.gradient(x, one_hot)
    before = pickle.dumps(net)
    rg.check(net, x, one_hot)
    assert pickle.dumps(net) == before
    assert net.params["W1"] is net.layers["Affine1"].W


class Uncopied(book1.Affine):
    """Has what cannot be copied, and refuses to be copied itself."""

    def __new__(cls, key):
        return super().__new__(cls)

    def __init__(self, key):
        super().__init__(np.ones((5, 2)), np.zeros(2))
        self.lock, self.lines, self.log = threading.Lock(), (line for line in "ab"), open(__file__)

    def __deepcopy__(self, memo):
        raise TypeError("mine alone")


def test_what_cannot_be_copied_is_checked_and_not_changed(random):
    thing = Uncopied(1)
    x, held = random.standard_normal((3, 5)), dict(vars(thing))
    before = thing.W.copy(), thing.b.copy()
    report = rg.check(thing, x)
    assert report.ok and set(report.blocks) == {"x", "W", "b"} and "generator" in report.reading[2], str(report)
    assert list(vars(thing)) == list(held) and all(vars(thing)[name] is value for name, value in held.items())
    assert np.array_equal(thing.W, before[0]) and np.array_equal(thing.b, before[1]) and next(thing.lines) == "a"
    thing.log.close()

    class Wrong(Uncopied):
        def backward(self, dout):
            return -super().backward(dout)

    assert rg.check(Wrong(1), x).cause == "sign"


class Raises(book1.Relu):
    error = ValueError("mine")

    def backward(self, dout):
        raise self.error


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_the_users_exceptions_are_his_own(error, random):
    thing = Raises()
    Raises.error = error
    with pytest.raises(type(error)) as caught:
        rg.check(thing, random.standard_normal((3, 5)))
    assert caught.value is error


def test_an_interrupt_in_the_middle_ends_the_check(random):
    class Interrupted(book1.Sigmoid):
        calls = 0

        def forward(self, x):
            Interrupted.calls += 1
            if Interrupted.calls == 40:
                raise KeyboardInterrupt
            return super().forward(x)

    with pytest.raises(KeyboardInterrupt):
        rg.check(Interrupted(), random.standard_normal((3, 5)))
    assert Interrupted.calls == 40
