"""Code as learners of courses write it: read without a keyword, right where it is right, and a fault in it found in its place."""

import learners
import numpy as np
import pytest
import retrograde as rg

X, Y = np.random.default_rng(3).standard_normal((6, 3)), np.array([0, 1, 1, 0, 1, 0])


def subclass(kind, **attributes):
    return type(kind.__name__, (kind,), attributes)


def test_gradients_are_of_the_arguments_that_their_names_say(random):
    n = random.standard_normal
    given = [0, 2, 1], [2, 1, 3], n((3, 1)), n((3, 4)), n((3, 3)), n((4, 3)), n((3, 1)), n((4, 1))
    report = rg.check(learners.char_rnn, *given)
    assert report.verdict == "right" and set(report.blocks) == {"Wxh", "Whh", "Why", "bh", "by"}, str(report)


def test_gradients_that_are_clipped_on_purpose(random):
    n = random.standard_normal
    given = [0, 2, 1], [2, 1, 3], n((3, 1)), n((3, 4)), n((3, 3)), n((4, 3)), n((3, 1)), n((4, 1))
    right = rg.check(learners.clipped_rnn, *given)
    assert right.ok and right.causes == ["clipped"] and "±0.5" in right.findings[0].sentence, str(right)
    assert set(right.blocks) == {"Wxh", "Whh", "Why", "bh", "by"}
    wrong = rg.check(learners.wrong_clipped_rnn, *given)
    assert wrong.verdict == "wrong" and wrong.blocks["Whh"].verdict == "wrong", str(wrong)


def test_buffers_that_backward_writes_into_are_no_updates(random):
    x = random.standard_normal((4, 3))
    right, wrong = rg.check(learners.Written(random), x), rg.check(subclass(learners.Written, factor=2.0)(random), x)
    assert right.ok and set(right.blocks) == {"x", "W", "b"}, str(right)
    assert wrong.cause == "factor" and wrong.blocks["b"].verdict == "wrong", str(wrong)


def test_a_loss_of_probabilities_is_one_of_such_alone(random):
    y, t = random.uniform(0.05, 0.95, (4, 2)), np.eye(2)[[0, 1, 1, 0]]
    right = rg.check(learners.clipped_loss, learners.clipped_loss_gradient, y, t)
    assert right.verdict == "right", str(right)
    wrong = rg.check(learners.clipped_loss, lambda y, t: 2 * learners.clipped_loss_gradient(y, t), y, t)
    assert wrong.cause == "factor", str(wrong)


def test_parameters_of_layers_within_layers(random):
    right = rg.check(learners.Autoencoder(random), random.standard_normal((4, 5)))
    names = {f"{part}.layers[0].{name}" for part in ("encoder", "decoder") for name in ("weight", "bias")}
    assert right.ok and set(right.blocks) == {"x", *names}, str(right)
    wrong = rg.check(learners.Autoencoder(random, learners.MeanDense), random.standard_normal((4, 5)))
    assert [name for name, one in wrong.blocks.items() if one.verdict == "wrong"] == ["encoder.layers[0].bias"], str(wrong)
    assert wrong.cause == "mean_for_sum"


def test_gradients_in_a_dictionary_beside_the_parameters(random):
    x = random.standard_normal((4, 3))
    right = rg.check(learners.Projections(random), x)
    assert right.ok and set(right.blocks) == {"x", "Wq", "Wk"}, str(right)
    wrong = rg.check(learners.WrongProjections(random), x)
    assert wrong.cause == "sign" and wrong.blocks["Wk"].verdict == "wrong" and wrong.blocks["Wq"].verdict == "right", str(wrong)


def test_parameters_without_a_gradient_are_said(random):
    class Forgetful(learners.Dense):
        def backward(self, dout):
            self.grads["weight"] = self.x.T @ dout
            return dout @ self.params["weight"].T

    report = rg.check(Forgetful(3, 2, random), random.standard_normal((4, 3)))
    assert report.ok and "no gradient was found for bias: not compared" in report.reading[2], str(report)
    assert "not compared" not in rg.check(learners.Dense(3, 2, random), random.standard_normal((4, 3))).reading[2]


def test_a_loss_and_then_backward(random):
    x, t = random.standard_normal((3, 4)), random.standard_normal((3, 2))
    right = rg.check(learners.Model(random), x, t)
    assert right.ok and len(right.blocks) == 4 and "loss(x, t), then backward()" in right.reading[0], str(right)
    wrong = rg.check(learners.Model(random, learners.MeanDense), x, t)
    assert [name for name, one in wrong.blocks.items() if one.verdict == "wrong"] == ["net.layers[0].bias"], str(wrong)


@pytest.mark.parametrize("kind", [learners.Returned, learners.Named, learners.Left, learners.Updated])
def test_a_bias_that_is_a_plain_number(kind):
    thing = kind()
    right = rg.check(thing, X, Y)
    assert right.verdict == "right" and set(right.blocks) == {"w", "b"}, str(right)
    assert type(thing.b) is float
    wrong = rg.check(subclass(kind, factor=3.0)(), X, Y)
    assert wrong.cause == "factor" and wrong.blocks["b"].ratio == pytest.approx(3.0) and wrong.blocks["w"].verdict == "right", str(wrong)


def test_one_step_of_training():
    x, t = X[:1].T, np.array([[0.2], [0.9]])
    with pytest.raises(rg.ReadingError, match="loss="):
        rg.check(learners.ThreeLayers(), x, t)
    half = lambda net, x, t: 0.5 * np.sum(((net.query if hasattr(net, "query") else net.predict)(x) - t) ** 2)
    net = learners.ThreeLayers()
    before = net.who.copy()
    right = rg.check(net, x, t, loss=half)
    assert right.verdict == "right" and set(right.blocks) == {"wih", "who"} and np.array_equal(net.who, before), str(right)
    assert rg.check(subclass(learners.ThreeLayers, slope=False)(), x, t, loss=half).verdict == "wrong"
    assert rg.check(learners.Line(steps=1), x, t, loss=half).ok
    with pytest.raises(rg.ReadingError, match="several steps"):
        rg.check(learners.Line(steps=2), x, t, loss=half)


def test_methods_with_names_of_their_own(random):
    z = random.standard_normal((5, 3))
    two = learners.Two(random)
    for methods in ((two.g_loss, two.g_gradients), (two.both,)):
        report = rg.check(*methods, z)
        assert report.ok and len(report.blocks) == 2, str(report)
    wrong = subclass(learners.Two, sign=-1.0)(random)
    assert rg.check(wrong.g_loss, wrong.g_gradients, z).cause == "sign"


def test_a_layer_of_indices_that_ends_in_its_loss(random):
    report = rg.check(learners.Sampling(random), np.array([1, 3, 1]), np.array([2, 0, 5]))
    assert report.ok and set(report.blocks) == {"Win", "Wout"} and "no upstream gradient" in report.reading[2], str(report)


@pytest.mark.parametrize("first", ["parameters", "data"])
def test_three_functions_take_their_example_in_either_order(first, random):
    n = random.standard_normal
    parameters = {"W1": n((4, 3)), "b1": np.zeros((4, 1)), "W2": n((1, 4)), "b2": np.zeros((1, 1))}
    x, y = n((3, 5)), np.array([[0, 1, 1, 0, 1]])
    example = (parameters, x, y) if first == "parameters" else (x, parameters, y)
    report = rg.check((learners.forward, learners.cost, learners.backward), *example)
    assert report.ok and set(report.blocks) == set(parameters), str(report)


def test_a_convention_is_not_blamed_for_another_fault(random):
    n = random.standard_normal
    report = rg.check(learners.linear_forward, learners.doubled_linear_backward, n((4, 6)), n((3, 4)), n((3, 1)))
    assert [one.cause for one in report.findings] == ["factor", "mean_in_parameters"], str(report)
    assert [name for name, one in report.blocks.items() if one.verdict == "wrong"] == ["A"], str(report)


def test_steps_of_an_engine():
    def f(kind):
        return rg.check(lambda a, b: (a * b * a).tanh() * b, kind(0.7), kind(-0.4))

    assert f(learners.Node).ok
    replacing, ignoring = f(learners.Replacing), f(learners.Ignoring)
    assert replacing.cause == "gradient_replaced" and replacing.findings[0].location == "*", str(replacing)
    assert ignoring.cause == "dout_ignored" and ignoring.findings[0].location == "tanh", str(ignoring)


@pytest.mark.parametrize("make", [lambda random: learners.OptimisedDense(random, "momentum"), lambda random: learners.OptimisedDense(random, "adam"), learners.Momentum])
def test_what_an_optimiser_makes_of_a_gradient_is_no_fault(make, random):
    x, thing = random.standard_normal((4, 3)), make(random)
    right = rg.check(thing, x)
    assert right.verdict == "right" and set(right.blocks) == {"X", "W"}, str(right)
    thing.sign = -1.0
    wrong = rg.check(thing, x)
    assert wrong.cause == "sign" and wrong.blocks["W"].verdict == "wrong" and wrong.blocks["X"].verdict == "right", str(wrong)


def test_a_step_that_does_not_show_the_gradient_is_refused(random):
    with pytest.raises(rg.ReadingError, match="help: a method that returns the gradients"):
        rg.check(learners.Normalised(random), random.standard_normal((4, 3)))


def test_refusals_name_a_keyword_that_works(random):
    x, t = random.standard_normal((4, 3)), random.standard_normal((4, 3))
    with pytest.raises(rg.ReadingError) as caught:
        rg.check(learners.Product(random), x, t)
    assert "params={'A': '[0]', …}" in str(caught.value)
    report = rg.check(learners.Product(random), x, t, params={"B": "[0]", "A": "[1]"})
    assert report.verdict == "right" and set(report.blocks) == {"A", "B"}, str(report)
    for wrong in ("z", 5):
        with pytest.raises(rg.ReadingError, match="takes a and b"):
            rg.check(lambda a, b: np.sum(a * b), lambda a, b: (b, a), np.ones(3), np.ones(3), wrt=wrong)


def test_a_network_with_classes_as_labels_is_no_loss(random):
    """Its parameters are compared, with the rows that there are labels for."""
    x, t = random.standard_normal((4, 3)), np.array([0, 3, 1, 1])
    right = rg.check(learners.ListedNet(random), x, t)
    assert right.verdict == "right" and set(right.blocks) == {"x", "params[0]", "params[1]"}, str(right)
    wrong = rg.check(subclass(learners.ListedNet, factor=2.0)(random), x, t)
    assert wrong.cause == "factor" and [name for name, one in wrong.blocks.items() if one.verdict == "wrong"] == ["params[1]"], str(wrong)
