"""Rules for JAX and for HIPS autograd (C26). Each runs where its library is installed."""

import subprocess
import sys

import numpy as np
import pytest
import retrograde as rg


def test_no_library_is_imported():
    code = "import sys, retrograde; print([name for name in ('torch', 'jax', 'autograd', 'IPython') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.fixture
def jax():
    return pytest.importorskip("jax")


def rule(jax, change=lambda dx, dw: (dx, dw)):
    @jax.custom_vjp
    def scaled(x, w):
        return jax.numpy.sin(x) @ w

    scaled.defvjp(lambda x, w: (scaled(x, w), (x, w)), lambda kept, g: change((g @ kept[1].T) * jax.numpy.cos(kept[0]), jax.numpy.sin(kept[0]).T @ g))
    return scaled


def test_custom_vjp(jax, random):
    x, w = random.standard_normal((4, 3)), random.standard_normal((3, 2))
    report = rg.check(rule(jax), x, w)
    assert report.verdict == "right" and set(report.blocks) == {"x", "w"} and "jax" in report.reading[0], str(report)
    # JAX's own arrays are of 32 bits; the check is made in 64.
    assert rg.check(rule(jax), jax.numpy.asarray(x), jax.numpy.asarray(w)).verdict == "right"
    assert not jax.config.jax_enable_x64
    report = rg.check(rule(jax, lambda dx, dw: (dx, -dw)), x, w)
    assert report.cause == "sign" and [name for name, one in report.blocks.items() if one.verdict == "wrong"] == ["w"], str(report)


def test_a_rule_of_another_function(jax, random):
    @jax.custom_vjp
    def sine(x):
        return jax.numpy.sin(x)

    sine.defvjp(lambda x: (jax.numpy.sin(x) + 1e-3, x), lambda x, g: (g * jax.numpy.cos(x),))
    report = rg.check(sine, random.standard_normal(3))
    assert report.verdict == "wrong" and report.cause == "rule_of_another_function", str(report)


def test_custom_vjp_with_what_is_held_and_trees(jax, random):
    import functools

    @functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
    def powered(x, power):
        return {"value": x**power, "sum": x.sum()}

    powered.defvjp(lambda x, power: (powered(x, power), x), lambda power, x, g: (g["value"] * power * x ** (power - 1) + g["sum"],))
    report = rg.check(powered, random.standard_normal(4), 3)
    assert report.verdict == "right" and "power" in report.reading[2], str(report)


@pytest.fixture
def hips():
    pytest.importorskip("autograd")
    import autograd.extend
    import autograd.numpy

    return autograd


def primitive(hips, sign=1):
    @hips.extend.primitive
    def logsumexp(x):
        return np.log(np.sum(np.exp(x)))

    hips.extend.defvjp(logsumexp, lambda ans, x: lambda g: sign * g * np.exp(x - ans))
    return logsumexp


def test_defvjp(hips, random):
    x = random.standard_normal(4)
    report = rg.check(primitive(hips), x)
    assert report.verdict == "right" and report.subject == "logsumexp" and "autograd" in report.reading[0], str(report)
    assert rg.check(primitive(hips, -1), x).cause == "sign"


def test_defvjp_for_some_arguments(hips, random):
    @hips.extend.primitive
    def weighted(x, w):
        return x * w

    hips.extend.defvjp(weighted, lambda ans, x, w: lambda g: g * w, argnums=(0,))
    report = rg.check(weighted, random.standard_normal(3), random.standard_normal(3))
    assert report.verdict == "right" and set(report.blocks) == {"x"} and "held: w" in report.reading[2], str(report)

    @hips.extend.primitive
    def bare(x):
        return x

    with pytest.raises(rg.ReadingError, match="defvjp"):
        rg.check(bare, random.standard_normal(3))
