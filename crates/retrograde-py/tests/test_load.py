"""What a check says does not depend on how busy the machine is: calls that take long now and then change nothing."""

import time

import numpy as np
import pytest
import retrograde as rg


def layer(pause, factor=1.0):
    """A layer of which each third call takes longer, as on a machine with other work."""
    calls = [0]

    class Slow:
        def __init__(self):
            self.W = np.arange(12.0).reshape(4, 3) / 7 - 0.8

        def forward(self, x):
            calls[0] += 1
            if pause and calls[0] % 3 == 0:
                time.sleep(pause)
            self.x = x
            return np.tanh(x @ self.W)

        def backward(self, dout):
            d = dout * (1 - np.tanh(self.x @ self.W) ** 2)
            self.dW = factor * self.x.T @ d
            return d @ self.W.T

    return Slow()


@pytest.mark.parametrize("factor", [1.0, -1.0])
def test_a_busy_machine_changes_no_word(factor, random):
    x = random.standard_normal((3, 4))
    free, busy = (rg.check(layer(pause, factor), x, budget=1.0) for pause in (0.0, 0.003))
    assert str(busy) == str(free)
    assert busy.verdict == ("right" if factor == 1.0 else "wrong")
