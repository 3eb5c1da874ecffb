"""The first book's layers, losses and network: right ones are never called wrong, wrong ones by their cause."""

import book1
import numpy as np
import pytest
import retrograde as rg

LAYERS = {
    "relu": lambda r: book1.Relu(),
    "sigmoid": lambda r: book1.Sigmoid(),
    "affine": lambda r: book1.Affine(r.standard_normal((5, 4)), r.standard_normal(4)),
    "batch norm": lambda r: book1.BatchNormalization(np.ones(5), np.zeros(5)),
    "dropout": lambda r: book1.Dropout(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_right(name, random):
    report = rg.check(LAYERS[name](random), random.standard_normal((3, 5)))
    assert report.ok, str(report)
    assert len(report.reading) == 3


def test_parameters_are_found(random):
    affine = rg.check(book1.Affine(random.standard_normal((5, 4)), random.standard_normal(4)), random.standard_normal((3, 5)))
    assert set(affine.blocks) == {"x", "W", "b"}
    norm = rg.check(book1.BatchNormalization(np.ones(5), np.zeros(5)), random.standard_normal((3, 5)))
    assert set(norm.blocks) == {"x", "gamma", "beta"}


def test_two_inputs_that_are_numbers():
    report = rg.check(book1.MulLayer(), 100, 2)
    assert report.ok and set(report.blocks) == {"x", "y"}, str(report)


@pytest.mark.parametrize("labels", ["one_hot", "integers", "indices"])
def test_losses_are_right(labels, random, one_hot):
    t = {"one_hot": one_hot, "integers": one_hot.astype(int), "indices": one_hot.argmax(axis=1)}[labels]
    report = rg.check(book1.SoftmaxWithLoss(), random.standard_normal((3, 4)), t)
    assert report.ok, str(report)


@pytest.mark.parametrize("labels", ["one_hot", "indices"])
def test_the_network_is_right(labels, random, one_hot):
    t = one_hot if labels == "one_hot" else one_hot.argmax(axis=1)
    report = rg.check(book1.TwoLayerNet(), random.standard_normal((3, 6)), t)
    assert report.ok, str(report)
    assert [layer.name for layer in report.layers][:3] == ["Affine1", "Relu1", "Affine2"]
    assert set(report.blocks) == {"W1", "b1", "W2", "b2"}


def test_the_notebooks_fault_is_named(random, one_hot):
    class Loss(book1.SoftmaxWithLoss):
        softmax = staticmethod(book1.softmax_over_everything)

        def backward(self, dout=1):
            return (self.y - self.t) / self.t.shape[0]

    class Net(book1.TwoLayerNet):
        last = Loss

    report = rg.check(Net(), random.standard_normal((3, 6)), one_hot)
    assert report.verdict == "wrong" and not report
    assert report.cause == "softmax_over_batch", report.cause
    assert report.first_wrong.kind == "Loss"


class NoMask(book1.Relu):
    def backward(self, dout):
        return dout


class MeanOfBias(book1.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.mean(axis=0)
        return dx


def test_a_missing_mask_is_named(random):
    report = rg.check(NoMask(), random.standard_normal((3, 5)))
    assert report.verdict == "wrong" and report.cause == "mask_missing", str(report)


def test_a_mean_for_a_sum_is_named(random, one_hot):
    report = rg.check(MeanOfBias(random.standard_normal((5, 4)), np.zeros(4)), random.standard_normal((3, 5)))
    assert report.verdict == "wrong" and report.blocks["b"].verdict == "wrong", str(report)
    assert report.cause == "mean_for_sum"
