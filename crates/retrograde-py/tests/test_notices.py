"""Findings about objects and lines: arrays that are no longer shared, classes defined anew, epsilons, the user's own lines."""

import sys
import types

import book1
import numpy as np
import retrograde as rg
import wholes

T = np.eye(4)[[2, 0, 1]]


def test_an_update_that_rebinds_the_parameters_is_told(random):
    net, x = book1.TwoLayerNet(), random.standard_normal((3, 6))
    for key, gradient in net.gradient(x, T).items():
        net.params[key] = net.params[key] - 0.1 * gradient
    report = rg.check(net, x, T)
    assert report.verdict == "wrong" and report.cause == "parameters_rebound", str(report)
    assert report.findings[0].blocks == ["W1", "b1", "W2", "b2"] and "-=" in str(report)
    net = book1.TwoLayerNet()
    for key, gradient in net.gradient(x, T).items():
        net.params[key] -= 0.1 * gradient
    assert rg.check(net, x, T).ok


def test_findings_of_this_side_are_in_all_forms(random):
    net, x = book1.TwoLayerNet(), random.standard_normal((3, 6))
    net.params["W1"] = net.params["W1"].copy()
    report = rg.check(net, x, T)
    korean = report.in_language("ko")
    assert "TwoLayerNet: wrong" in str(report) or "network: wrong" in str(report)
    for own, title, wrong in ((report, "parameters that the layers do not share", ": wrong"), (korean, "계층과 공유되지 않는 매개변수", ": 틀림")):
        for form in (str(own), own._repr_markdown_(), own._repr_html_(), own._page()):
            assert title in form, form
        assert own._repr_markdown_().split("# ")[1].splitlines()[0].endswith(wrong)
    assert 'status failed"><b>✗' in report._page() and "✓ <span" not in report._page().split("</p>")[1]


def test_an_object_of_an_older_class_is_told(random):
    module = types.ModuleType("cells")
    sys.modules["cells"] = module
    code = "class Cube:\n    def forward(self, x):\n        self.x = x\n        return x**3\n    def backward(self, d):\n        return d * 3 * self.x**2\n"
    exec(code, module.__dict__)
    thing = module.Cube()
    x = random.standard_normal((2, 3))
    assert not rg.check(thing, x).findings
    exec(code, module.__dict__)
    report = rg.check(thing, x)
    assert report.ok and report.findings[0].cause == "stale_class", str(report)
    del sys.modules["cells"]


def test_an_epsilon_in_the_loss_of_a_whole_network_is_no_fault(random):
    class Net(wholes.Storing):
        def compute_loss(self, y, y_hat):
            return -np.mean(np.sum(y * np.log(y_hat + 1e-7), axis=1))

    report = rg.check(Net(), 3 * random.standard_normal((3, 5)), T)
    assert report.ok, str(report)
    assert Net().compute_loss(np.ones((1, 1)), np.zeros((1, 1))) < 17


def test_dropout_in_a_row_draws_as_it_does_in_the_network(random):
    class Net(book1.TwoLayerNet):
        def __init__(self):
            super().__init__()
            first, relu, last = self.layers.values()
            self.layers = {"a": first, "r": relu, "d1": book1.Dropout(0.4), "d2": book1.Dropout(0.4), "b": last}

        def gradient(self, x, t):
            self.loss(x, t)
            dout = self.lastLayer.backward(1)
            for layer in reversed(list(self.layers.values())):
                dout = layer.backward(dout)
            first, second = self.layers["a"], self.layers["b"]
            return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}

    report = rg.check(Net(), random.standard_normal((3, 6)), T)
    assert report.ok and len(report.layers) == 6, str(report)


class Doubled(book1.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = 2 * dout.sum(axis=0)
        return dx


class SharedSoftmax(book1.SoftmaxWithLoss):
    softmax = staticmethod(book1.softmax_over_everything)


def test_the_line_is_shown(random):
    report = rg.check(Doubled(random.standard_normal((5, 4)), np.zeros(4)), random.standard_normal((3, 5)))
    line = report.findings[0].line
    assert line.code == "self.db = 2 * dout.sum(axis=0)" and line.file == __file__, str(report)
    assert line.code in str(report) and "line" in report._repr_html_()


def test_the_line_of_the_softmax_is_shown_as_it_should_be(random):
    class Net(book1.TwoLayerNet):
        last = SharedSoftmax

    report = rg.check(Net(), random.standard_normal((3, 6)), T)
    line = next(one.line for one in report.findings if one.cause == "softmax_over_batch")
    assert line.code == "return e / np.sum(e)" and line.right == "return e / np.sum(e, axis=1, keepdims=True)"


def test_an_epsilon_hides_no_cause(random):
    """The book's loss of one sample: the gradient is divided by the number of classes, as that is the length of ``t``."""

    class Loss:
        def forward(self, x, t):
            self.t, self.y = t, book1.softmax(x)
            return -np.sum(t * np.log(self.y + 1e-7))

        def backward(self, dout=1):
            return (self.y - self.t) / self.t.shape[0]

    report = rg.check(Loss(), random.standard_normal(10), np.eye(10)[3])
    assert report.verdict == "wrong" and report.cause == "factor", str(report)
    assert [one.severity for one in report.findings] == ["fault", "remark"] and report.findings[1].cause == "epsilon"
    assert all(len(line) <= 80 for line in str(report).split("Loss: wrong")[1].splitlines()), str(report)
