"""Operations as objects, gradients left on arrays, and cells with nothing to call (C6, C20, C24, C28)."""

import types

import creators
import numpy as np
import pytest
import retrograde as rg


def wrong(report):
    return [name for name, one in report.blocks.items() if one.verdict == "wrong"]


def test_functions_that_create_variables(random):
    x, y = random.standard_normal((2, 3)), random.standard_normal((2, 3))
    assert rg.check(creators.Sin(), x).verdict == "right"
    report = rg.check(creators.Mul(), creators.Variable(x), creators.Variable(y))
    assert report.verdict == "right" and set(report.blocks) == {"x0", "x1"}, str(report)
    assert rg.check(creators.EarlySquare(), creators.EarlyVariable(x)).verdict == "right"

    report = rg.check(creators.ChosenLoss(), x, np.array([2, 0]))
    assert report.verdict == "right" and set(report.blocks) == {"x"} and "held: t" in report.reading[2], str(report)

    class Wrong(creators.Mul):
        def backward(self, gy):
            x0, x1 = self.inputs
            return gy * x1, gy * x1

    report = rg.check(Wrong(), x, y)
    assert report.verdict == "wrong" and wrong(report) == ["x1"], str(report)

    class Sign(creators.Sin):
        def backward(self, gy):
            return -1.0 * super().backward(gy)

    assert rg.check(Sign(), x).cause == "sign"


def test_a_function_of_variables_names_the_operation(random):
    class Wrong(creators.Sin):
        def backward(self, gy):
            return gy * creators.Sin()(self.inputs[0])

    x = creators.Variable(random.standard_normal(3))
    report = rg.check(lambda x: creators.Sin()(x * x) + x, x)
    assert report.verdict == "right", str(report)
    report = rg.check(lambda x: Wrong()(x * x) + x, x)
    assert report.verdict == "wrong" and report.subject == "Wrong", str(report)


def test_operations_with_compute_and_gradient(random):
    a, b = random.standard_normal((2, 3)), random.standard_normal((2, 3))
    report = rg.check(creators.EWiseMul(), a, b)
    assert report.verdict == "right" and set(report.blocks) == {"a", "b"}, str(report)
    assert rg.check(creators.PowerScalar(3), creators.Tensor(a)).verdict == "right"
    assert rg.check(creators.Summation(), a).verdict == "right"

    class Wrong(creators.PowerScalar):
        def gradient(self, out_grad, node):
            return out_grad * creators.PowerScalar(self.scalar - 1)(node.inputs[0])

    report = rg.check(Wrong(3), a)
    assert report.cause == "factor", str(report)
    x = creators.Tensor(a)
    assert rg.check(lambda x: creators.PowerScalar(3)(x) * x, x).verdict == "right"
    report = rg.check(lambda x: Wrong(3)(x) * x, x)
    assert report.subject == "Wrong" and report.cause == "factor", str(report)


def test_gradients_that_are_left_on_arrays(random):
    given = [random.standard_normal(shape) for shape in ((4, 3), (3, 2), (2,))]
    report = rg.check(creators.lin, creators.lin_grad, *given)
    assert report.verdict == "right" and set(report.blocks) == {"inp", "w", "b"} and ".g" in report.reading[0], str(report)

    def sign(inp, out, w, b):
        creators.lin_grad(inp, out, w, b)
        w.g = -w.g

    report = rg.check(creators.lin, sign, *given)
    assert report.cause == "sign" and wrong(report) == ["w"], str(report)


@pytest.mark.parametrize("make", [np.asarray, creators.array])
def test_layers_that_leave_gradients(make, random):
    x, w, b = random.standard_normal((4, 3)), make(random.standard_normal((3, 2))), make(random.standard_normal(2))
    report = rg.check(creators.Lin(w, b), make(x))
    assert report.verdict == "right" and set(report.blocks) == {"inp", "w", "b"}, str(report)
    assert not hasattr(w, "g")
    model = creators.Model(creators.Lin(w, b), creators.Relu(), creators.Lin(make(random.standard_normal((2, 1))), make([0.1])))
    report = rg.check(model, make(x), random.standard_normal(4))
    assert report.verdict == "right" and len(report.blocks) == 5, str(report)

    class Wrong(creators.Lin):
        def backward(self):
            super().backward()
            self.b.g = self.out.g.mean(axis=0)

    report = rg.check(Wrong(w, b), make(x))
    assert wrong(report) == ["b"], str(report)


def test_cells_are_refused_with_what_to_write():
    cells = {"np": np, "W1": np.ones((2, 3)), "dW1": np.ones((2, 3)), "loss": 0.3}
    with pytest.raises(rg.ReadingError) as caught:
        rg.check(cells)
    assert "def loss(W1):" in str(caught.value) and "return dW1" in str(caught.value) and "rg.check(loss, gradients, W1)" in str(caught.value)
    module = types.ModuleType("cells")
    vars(module).update(cells)
    for thing in (module, np.ones(3), "loss", None):
        with pytest.raises(rg.ReadingError, match="def loss"):
            rg.check(thing)
