"""Calls that are not as they should be: what is refused says which call would be right, and shows the user's own code alone."""

import traceback

import book1
import numpy as np
import pytest
import retrograde as rg

T = np.eye(4)[[2, 0, 1]]


@pytest.fixture
def net():
    return book1.TwoLayerNet()


@pytest.fixture
def x(random):
    return random.standard_normal((3, 6))


def refused(*given, **keywords):
    with pytest.raises(rg.ReadingError) as caught:
        rg.check(*given, **keywords)
    message = str(caught.value)
    assert "help: " in message, message
    return message


@pytest.mark.parametrize(
    "keyword, value, right",
    [
        ("params", ["W1"], "params={'W': 'dW'}"),
        ("params", {"W": 3}, "params={'W': 'dW'}"),
        ("wrt", 0.5, "wrt='w'"),
        ("wrt", [], "wrt='w'"),
        ("lr", "0.1", "lr=0.01"),
        ("lr", -1, "lr=0.01"),
        ("loss", 3, "loss=lambda"),
        ("budget", "long", "budget=20"),
        ("budget", float("nan"), "budget=20"),
        ("lang", "kr", "lang='ko'"),
    ],
)
def test_keywords_that_make_no_sense(net, x, keyword, value, right):
    message = refused(net, x, T, **{keyword: value})
    assert f"{keyword}={value!r}" in message and right in message


def test_parameters_that_do_not_exist(net, x):
    message = refused(net, x, T, params={"W1": "weight_gradient"})
    assert "gradients for W1, b1, W2 and b2" in message and "missing: weight_gradient" in message


def test_keywords_of_the_whole_are_not_those_of_its_layers(net, x):
    report = rg.check(net, x, T, params={name: name for name in net.params})
    assert report.ok and [one.name for one in report.layers][:2] == ["Affine1", "Relu1"], str(report)


def test_a_keyword_without_a_use_is_said(net, x):
    report = rg.check(net, x, T, wrt="W1", loss=lambda net, x, t: 0.0)
    assert report.ok and "wrt= and loss=: given, and not used here" in report.reading[2], report.reading
    assert "not used" not in rg.check(book1.Relu(), x).reading[2]


def test_labels_by_their_keyword(net, x):
    assert rg.check(net, x, labels=T).ok
    assert rg.check(book1.SoftmaxWithLoss(), x, labels=np.array([0, 3, 1])).ok


def test_an_example_that_is_too_short(net, x):
    assert "missing: t\n" in refused(net, x)
    assert "missing: x and t\n" in refused(net)
    assert "rg.check(relu, x)" in refused(book1.Relu())


def test_a_class_in_place_of_an_object(x):
    assert "rg.check(TwoLayerNet(…), x, t)" in refused(book1.TwoLayerNet, x, T)
    assert "rg.check(Relu(…), x)" in refused(book1.Relu, x)


def test_layers_without_their_loss(net, x):
    message = refused(net.layers, x)
    assert "Affine, Relu and Affine" in message and "rg.check(layers['Affine1'], x)" in message
    assert "rg.check(layers[0], x)" in refused(list(net.layers.values()), x)


@pytest.mark.parametrize("names", [["loss"], ["gradient"], ["loss", "gradient"]])
def test_methods_are_read_with_their_object(net, x, names):
    report = rg.check(*(getattr(net, name) for name in names), x, T)
    assert report.ok and report.subject == "network" and "TwoLayerNet: a network" in report.reading[0], str(report)


def test_a_method_that_is_no_gradient_stays_refused(net, x):
    assert "predict returns" in refused(net.predict, x)


def test_a_traceback_shows_the_users_code_alone(net, x):
    for thing, example, error in ((net, (x, T[:, :2]), Exception), (net.layers, (x,), rg.ReadingError)):
        with pytest.raises(error) as caught:
            rg.check(thing, *example)
        ours = [one for one in traceback.extract_tb(caught.value.__traceback__) if "/retrograde/" in one.filename]
        assert [one.name for one in ours] in ([], ["check"]), ours
    with pytest.raises(rg.ReadingError) as caught:
        rg.describe(net.layers, x)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "describe"


def test_refusals_speak_korean(net, x, monkeypatch):
    monkeypatch.setenv("RETROGRADE_LANG", "ko")
    for given, keywords in (((net, x, T), {"lr": "x"}), ((net, x), {}), ((net.layers, x), {}), ((book1.Relu, x), {})):
        with pytest.raises(rg.ReadingError) as caught:
            rg.check(*given, **keywords)
        first, *rest = str(caught.value).splitlines()
        assert any("가" <= letter <= "힣" for letter in first) and any(line.startswith("  해결: ") for line in rest)
