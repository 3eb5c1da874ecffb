"""Functions: pairs with a cache, losses with their gradient, f and its gradient."""

import copy

import cached
import numpy as np
import pytest
import retrograde as rg

SIZES = (3, 5, 4)


def examples(r):
    n = r.standard_normal
    return {
        "affine": (cached.affine_forward, cached.affine_backward, n((3, 5)), n((5, 4)), n(4)),
        "affine of images": (cached.affine_forward, cached.affine_backward, n((3, 2, 3)), n((6, 4)), n(4)),
        "relu": (cached.relu_forward, cached.relu_backward, n((3, 5))),
        "batch norm": (cached.batchnorm_forward, cached.batchnorm_backward, n((4, 5)), n(5), n(5), {"mode": "train"}),
        "dropout": (cached.dropout_forward, cached.dropout_backward, n((3, 5)), {"p": 0.6, "mode": "train"}),
        "dropout, seeded": (cached.dropout_forward, cached.dropout_backward, n((3, 5)), {"p": 0.6, "seed": 1}),
        "convolution": (
            cached.conv_forward, cached.conv_backward, n((2, 3, 5, 4)), n((2, 3, 3, 2)), n(2), {"stride": 1, "pad": 1}
        ),
        "rnn step": (cached.rnn_step_forward, cached.rnn_step_backward, n((3, 4)), n((3, 5)), n((4, 5)), n((5, 5)), n(5)),
        "lstm step": (
            cached.lstm_step_forward, cached.lstm_step_backward,
            n((3, 4)), n((3, 5)), n((3, 5)), n((4, 20)), n((5, 20)), n(20),
        ),
        "softmax loss": (cached.softmax_loss, n((3, 4)), np.array([2, 0, 1])),
        "svm": (cached.svm_loss, n((5, 4)), n((3, 5)), np.array([2, 0, 1]), 0.1),
        "rosenbrock": (cached.rosenbrock, cached.rosenbrock_gradient, n(4)),
        "logistic": (cached.logistic, n(4), n((6, 4)), np.array([0, 1, 1, 0, 1, 0])),
    }


@pytest.mark.parametrize("name", examples(np.random.default_rng(0)))
def test_right_ones_are_right(name, random):
    given = examples(random)[name]
    before = copy.deepcopy(given[1:])
    report = rg.check(*given)
    assert report.ok, str(report)
    for now, then in zip(given[1:], before):
        np.testing.assert_equal(now, then)


def test_a_tuple_of_functions_and_the_order_of_gradients(random):
    report = rg.check((cached.affine_forward, cached.affine_backward), *examples(random)["affine"][2:])
    assert list(report.blocks) == ["x", "w", "b"]


def test_a_gradient_of_the_first_argument_is_found(random):
    assert list(rg.check(*examples(random)["svm"]).blocks) == ["W"]


def test_a_loss_for_each_element(random):
    p, q = random.standard_normal((3, 4)), random.standard_normal((3, 4))
    report = rg.check(lambda y, y_pred: 0.5 * (y - y_pred) ** 2, lambda y, y_pred: y_pred - y, p, q)
    assert report.ok and list(report.blocks) == ["y_pred"], str(report)


def test_gradients_by_the_names_of_the_arguments(random):
    given = random.standard_normal((4, 1)), 0.3, random.standard_normal((4, 5)), np.array([[0, 1, 1, 0, 1]])
    report = rg.check(cached.propagate, *given)
    assert report.ok and list(report.blocks) == ["w", "b"], str(report)

    def wrong(w, b, X, Y):
        grads, cost = cached.propagate(w, b, X, Y)
        return {**grads, "db": 2 * grads["db"]}, cost

    report = rg.check(wrong, *given)
    assert report.cause == "factor" and [one for one, of in report.blocks.items() if of.verdict == "wrong"] == ["b"], str(report)


def test_a_whole_number_stays_one(random):
    """A stride is no number to be moved."""

    def forward(x, w, stride):
        return x[::stride] @ w, (x, w, stride)

    def backward(dout, cache):
        x, w, stride = cache
        dx = np.zeros_like(x)
        dx[::stride] = dout @ w.T
        return dx, x[::stride].T @ dout

    report = rg.check(forward, backward, random.standard_normal((5, 4)), random.standard_normal((4, 3)), 2)
    assert report.ok and set(report.blocks) == {"x", "w"}, str(report)


def test_the_argument_of_a_gradient(random):
    """Several arguments have its shape: labels are not differentiated by, and else the numbers tell."""
    p, q = random.standard_normal((4, 1)), random.standard_normal((4, 1))
    report = rg.check(lambda x, theta: theta * x, lambda x, theta: x, 2.0, 4.0)
    assert report.ok and list(report.blocks) == ["theta"], str(report)
    report = rg.check(cached.mse, cached.mse_prime, p, q)
    assert report.ok and list(report.blocks) == ["y_pred"], str(report)
    report = rg.check(cached.mse, lambda y_true, y_pred: -cached.mse_prime(y_true, y_pred), p, q)
    assert report.cause == "sign" and list(report.blocks) == ["y_pred"], str(report)
    report = rg.check(lambda y, t: 0.5 * np.sum((y - t) ** 2), lambda y, t: t - y, p, q)
    assert report.cause == "sign" and list(report.blocks) == ["y"], str(report)
    assert rg.check(lambda x, theta: theta * x, lambda x, theta: 2 * x, 2.0, 4.0).verdict == "wrong"


def test_columns_with_one_over_m(random):
    """In this convention 1/m is in the gradients of all parameters and not in that of the input: a remark, no fault."""
    n = random.standard_normal
    given = n((4, 6)), n((3, 4)), n((3, 1))
    report = rg.check((cached.linear_forward, cached.linear_backward), *given)
    assert report.verdict == "right" and [one.cause for one in report.findings] == ["mean_in_parameters"], str(report)
    assert "m = 6" in str(report) and "m = 6" in str(report.in_language("ko"))

    def changed(change):
        return lambda dZ, cache: change(*cached.linear_backward(dZ, cache), dZ.shape[1])

    faults = {
        "one parameter": lambda dA, dW, db, m: (dA, dW, db * m),
        "twice": lambda dA, dW, db, m: (dA, dW / m, db / m),
        "input, too": lambda dA, dW, db, m: (dA / m, dW, db),
        "a constant": lambda dA, dW, db, m: (dA, dW * m / 6, db * m / 7),
        "sign": lambda dA, dW, db, m: (dA, -dW, db),
    }
    for name, change in faults.items():
        assert rg.check(cached.linear_forward, changed(change), *given).verdict == "wrong", name
    # Six is the number of samples here; that it is no constant is tried with more of them.
    constant = lambda dA, dW, db, m: (dA, dW * m / 6, db * m / 6)
    assert rg.check(cached.linear_forward, changed(constant), *given).verdict == "wrong"
    # Also where the number of samples is that of outputs or inputs, and there it is no other size that divides.
    for m in (3, 4):
        given = n((4, m)), n((3, 4)), n((3, 1))
        assert rg.check(cached.linear_forward, cached.linear_backward, *given).verdict == "right"
        by_size = lambda dA, dW, db, samples, m=m: (dA, dW * samples / m, db * samples / m)
        assert rg.check(cached.linear_forward, changed(by_size), *given).verdict == "wrong"


def test_outputs_without_an_upstream_gradient(random):
    """The cache is what is last; parameters may be in a dictionary, and gradients come by name."""
    x, parameters = random.standard_normal((3, 5)), {"Wx": random.standard_normal((4, 3)), "by": random.standard_normal((4, 1))}
    report = rg.check(cached.cell_forward, cached.cell_backward, x, parameters)
    assert report.verdict == "right" and set(report.blocks) == {"x", "Wx", "by"}, str(report)

    def wrong(da, cache):
        given = cached.cell_backward(da, cache)
        return {**given, "dWx": 2 * given["dWx"]}

    report = rg.check(cached.cell_forward, wrong, x, parameters)
    assert report.cause == "factor" and report.blocks["Wx"].verdict == "wrong" and report.blocks["x"].verdict == "right", str(report)


def test_arguments_of_forward_that_backward_takes(random):
    x, w = random.standard_normal((3, 4)), random.standard_normal((4, 2))
    for kind in ("tanh", "relu"):
        report = rg.check(cached.activated_forward, cached.activated_backward, x, w, kind)
        assert report.ok and set(report.blocks) == {"x", "w"}, str(report)


def test_costs_with_a_cache(random):
    given = random.standard_normal((4, 3)), random.standard_normal((2, 3)), {"W1": random.standard_normal((2, 4))}
    report = rg.check(cached.cost_forward, cached.cost_backward, *given)
    assert report.verdict == "right" and list(report.blocks) == ["W1"], str(report)
    double = lambda X, Y, cache: {key: 2 * one for key, one in cached.cost_backward(X, Y, cache).items()}
    assert rg.check(cached.cost_forward, double, *given).cause == "factor"


def test_the_two_functions_of_a_rule(random):
    x = random.standard_normal((2, 3))
    assert rg.check(lambda x: (np.sin(x), x), lambda res, g: (g * np.cos(res),), x).verdict == "right"
    assert rg.check(lambda x: (np.sin(x), x), lambda res, g: (-g * np.cos(res),), x).cause == "sign"


def wrong_backward(change):
    def backward(dout, cache):
        return change(*cached.affine_backward(dout, cache), dout.shape[0])

    return backward


MUTANTS = {
    "sign": (lambda dx, dw, db, n: (dx, -dw, db), "w", "sign"),
    "factor": (lambda dx, dw, db, n: (dx, dw, 2 * db), "b", "factor"),
    "mean": (lambda dx, dw, db, n: (dx, dw, db / n), "b", "mean_for_sum"),
    "cut off": (lambda dx, dw, db, n: (0 * dx, dw, db), "x", "detached"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_named(name, random):
    change, block, cause = MUTANTS[name]
    report = rg.check(cached.affine_forward, wrong_backward(change), *examples(random)["affine"][2:])
    assert report.verdict == "wrong" and report.cause == cause, str(report)
    assert [one for one, of in report.blocks.items() if of.verdict == "wrong"] == [block]


def test_gradients_in_another_order_are_seen(random):
    n = random.standard_normal
    report = rg.check(cached.affine_forward, wrong_backward(lambda dx, dw, db, n: (dx, dw.T, db)), n((3, 4)), n((4, 4)), n(4))
    assert report.verdict == "wrong" and report.cause == "transposed", str(report)


def test_what_is_missing_is_said(random):
    with pytest.raises(rg.ReadingError, match="gradient"):
        rg.check(cached.rosenbrock, random.standard_normal(4))
    with pytest.raises(rg.ReadingError, match="cache"):
        rg.check(lambda x: x**2, lambda d, cache: d, random.standard_normal((2, 3)))
