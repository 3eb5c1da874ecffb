"""Engines of one's own, functions with a context, slopes."""

import engines
import numpy as np
import pytest
import retrograde as rg


def neuron(x, w, b):
    return (x * w + b).tanh() * x


@pytest.mark.parametrize("numbers", [(2.0, -0.3, 0.5), (1.0, 1.0, 1.0)])
def test_values_are_right(numbers):
    given = [engines.Value(one) for one in numbers]
    report = rg.check(neuron, *given)
    assert report.ok and set(report.blocks) == {"x", "w", "b"}, str(report)
    assert all(one.grad == 0 and one._prev == () for one in given)


def test_a_wrong_operation_is_found():
    class Wrong(engines.Value):
        def __mul__(self, other):
            out = super().__mul__(other)
            return Wrong.of(out)

        @classmethod
        def of(cls, out):
            out.__class__ = cls
            return out

        def __add__(self, other):
            return Wrong.of(super().__add__(other))

        def tanh(self):
            return Wrong.of(super().tanh())

        @staticmethod
        def slope(t):
            return 1 - t

    report = rg.check(neuron, Wrong(2.0), Wrong(-0.3), Wrong(0.5))
    assert report.verdict == "wrong" and report.subject == "tanh", str(report)


def test_values_with_a_derivative():
    report = rg.check(lambda x, w: x * w * x, engines.Scalar(2.0), engines.Scalar(-0.3))
    assert report.ok and set(report.blocks) == {"x", "w"}, str(report)
    report = rg.check(lambda x, w: x * w * x, engines.ScalarWrong(2.0), engines.ScalarWrong(-0.3))
    assert report.verdict == "wrong" and report.subject == "MultiplyWrong", str(report)


def test_functions_with_a_context(random):
    assert rg.check(engines.Mul, 3.0, -2.0).ok
    report = rg.check(engines.Mul, random.standard_normal((2, 3)), random.standard_normal((2, 3)))
    assert report.ok and set(report.blocks) == {"a", "b"}, str(report)


def test_a_class_in_place_of_its_object_is_refused(random):
    class Layer:
        def forward(self, x):
            return x

        def backward(self, dout):
            return dout

    with pytest.raises(rg.ReadingError, match=r"rg.check\(Layer\(…\), x\)"):
        rg.check(Layer, random.standard_normal((2, 3)))


@pytest.mark.parametrize("slope", [engines.sigmoid_prime, engines.sigmoid_derivative])
def test_slopes(slope, random):
    report = rg.check(engines.sigmoid, slope, random.standard_normal((2, 3)))
    assert report.ok, str(report)
    assert ("the output" in report.reading[0]) == (slope is engines.sigmoid_derivative)


def test_a_wrong_slope_is_named(random):
    report = rg.check(np.tanh, lambda z: 1 - np.tanh(z), random.standard_normal((2, 3)))
    assert report.verdict == "wrong" and report.cause == "wrong_slope", str(report)
