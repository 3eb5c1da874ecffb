"""Reports speak one language: every sentence of the package exists in both, and a Korean report has no English one."""

import re
import string

import book1
import cached
import engines
import numpy as np
import pytest
import retrograde as rg
import styles
import wholes
from retrograde._language import Names, Text
from retrograde._texts import TABLE

T = np.eye(4)[[2, 0, 1]]


def fields(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("id", TABLE)
def test_each_text_says_the_same_in_both(id):
    english, korean = TABLE[id]
    assert fields(english) == fields(korean)
    assert not re.search("[가-힣]", english)
    assert re.search("[가-힣]", korean) or not re.search("[a-z]{2}", re.sub(r"\{\w+\}", "", korean))


def test_particles_and_lists():
    said = lambda name: Text("note-by-shape", gradient=name, value="W").said("ko")
    assert "dW를 W의" in said("dW") and "기울기를" in said("기울기") and "값을" in said("값") and "dout을" in said("dout")
    assert Names(["a", "b", "c"]).said("en") == "a, b and c" and Names(["a", "b", "c"]).said("ko") == "a, b, c"
    assert Names([]).said("en") == "nothing"


def cases(r):
    n = r.standard_normal
    net = book1.TwoLayerNet()
    for key, gradient in net.gradient(n((3, 6)), T).items():
        net.params[key] = net.params[key] - 0.1 * gradient

    class Negative(book1.Affine):
        def backward(self, dout):
            dx = -super().backward(dout)
            self.dW = -self.dW
            return dx

    x = n((3, 5))
    return {
        "layer": (styles.NnfsDense(5, 4), x),
        "wrong": (Negative(n((5, 4)), n(4)), x),
        "updating": (styles.UpdatingDense(5, 4), x),
        "adding": (styles.Linear7(5, 4), x),
        "loss": (styles.MSE(), n((3, 4)), n((3, 4))),
        "rebound": (net, n((3, 6)), T),
        "pair": (cached.affine_forward, cached.affine_backward, x, n((5, 4)), n(4)),
        "function": (cached.svm_loss, n((5, 4)), x, np.array([2, 0, 1]), 0.1),
        "gradient": (cached.rosenbrock, cached.rosenbrock_gradient, n(4)),
        "slope": (engines.sigmoid, engines.sigmoid_derivative, x),
        "context": (engines.Mul, n((2, 3)), n((2, 3))),
        "whole": (wholes.Nielsen([5, 6, 4]), n((5, 1)), np.eye(4)[:, [1]]),
        "three": ((wholes.L_model_forward, wholes.compute_cost, wholes.L_model_backward), wholes.initialize(), n((4, 5)), np.array([[0, 1, 1, 0, 1]])),
    }


#: Words in a row with nothing between them, as English has and code has not.
ENGLISH = re.compile(r"\b[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}\b")


@pytest.mark.parametrize("name", cases(np.random.default_rng(0)))
def test_a_korean_report_is_korean(name, random):
    report = rg.check(*cases(random)[name], lang="ko")
    for text in (str(report), report._repr_markdown_(), re.sub("<[^>]*>", " ", report._repr_html_()), "\n".join(report.reading)):
        assert re.search("[가-힣]", text)
        prose = "\n".join(line for line in text.splitlines() if "=" not in line and not line.startswith("<!--"))
        assert not ENGLISH.search(prose), ENGLISH.search(prose).group() + "\n" + text
    english = str(report.in_language("en"))
    assert not re.search("[가-힣]", english), english


def test_refusals_are_in_the_language(monkeypatch, random):
    class Silent:
        def forward(self, x):
            pass

        def backward(self, dout):
            pass

    given = [(3.0, 4.0), ({"W": np.ones(2)},), (Silent(), np.ones((2, 3))), (cached.rosenbrock, np.ones(3)), (lambda x: x, lambda d, cache: d, np.ones((2, 3)))]
    for code, letters in (("en", "[a-z]"), ("ko", "[가-힣]")):
        monkeypatch.setenv("RETROGRADE_LANG", code)
        for thing in given:
            with pytest.raises(rg.ReadingError) as caught:
                rg.check(*thing)
            text = str(caught.value)
            assert all(re.search(letters, line) for line in text.splitlines()[:2]), text
            assert code == "en" or not ENGLISH.search(text), text


def test_the_page_has_both_readings(random):
    page = rg.check(*cases(random)["layer"])._page()
    assert "How I read your code" in page and "코드를 읽은 방법" in page
