"""The report as an object: its forms, its parts, and that it travels."""

import json
import multiprocessing
import pickle
import re

import book1
import numpy as np
import pytest
import retrograde as rg


@pytest.fixture
def wrong(random):
    class Square:
        def forward(self, x):
            self.x = x
            return x**2

        def backward(self, dout):
            return dout * self.x

    return rg.check(Square(), random.standard_normal((2, 3)))


def test_a_wrong_one_is_false_and_says_why(wrong):
    assert not wrong and wrong.verdict == "wrong"
    assert wrong.findings[0].sentence and wrong.blocks["x"].ratio == pytest.approx(0.5)
    with pytest.raises(rg.GradientError) as caught:
        wrong.assert_right()
    assert caught.value.report is wrong and "wrong" in str(caught.value)


def test_all_forms(wrong, tmp_path):
    assert json.loads(wrong.to_json())["verdict"] == "wrong"
    assert wrong.to_dict()["reading"] == wrong.reading
    assert "<style" not in wrong._repr_html_() and "<script" not in wrong._repr_html_()
    for suffix in (".html", ".md", ".json", ".txt"):
        wrong.save(tmp_path / f"report{suffix}")
        assert "wrong" in (tmp_path / f"report{suffix}").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="saved as"):
        wrong.save(tmp_path / "report.doc")


def luminance(colour):
    """Of ``#rgb`` or ``#rrggbb``, as WCAG defines it."""
    digits = colour.lstrip("#")
    digits = "".join(2 * one for one in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("verdict", ["right", "wrong", "inconclusive"])
def test_the_fragment_can_be_read_on_any_ground(wrong, verdict):
    """Light, dark, and where styles are taken away: letters have the page's colour, or a ground of their own with enough contrast."""
    wrong._data["verdict"] = verdict
    fragment = wrong._repr_html_()
    for style in re.findall('style="([^"]*)"', fragment):
        colours = dict(re.findall(r"([\w-]+):[^;#]*(#\w+)", style))
        assert ("color" in colours) == ("background" in colours), style
        if "color" in colours:
            light, dark = sorted((luminance(one) for one in (colours["color"], colours["background"])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, style
    assert "class=" not in fragment and "<font" not in fragment
    plain = re.sub("<[^>]*>", " ", fragment)
    assert {"right": "✓", "wrong": "✗", "inconclusive": "?"}[verdict] + " Square" in plain


def test_the_fragment_shows_the_learners_own_number(wrong):
    """The mean distance is what people compute themselves, and what explains a fault is not folded away."""
    fragment = wrong._repr_html_()
    assert "mean |Δ|" in fragment and f"{wrong.blocks['x'].mean_difference:.6g}" in fragment
    assert "<details open><summary>evidence" in fragment


def test_it_pickles(wrong):
    again = pickle.loads(pickle.dumps(wrong))
    assert str(again) == str(wrong) and again.cause == wrong.cause


def _check_in_child(x):
    return rg.check(book1.Affine(np.ones((3, 2)), np.zeros(2)), x)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_a_fork_is_safe(random):
    """The parent has checked, so that whatever it starts is started, and a child checks as well and sends its report."""
    x = random.standard_normal((4, 3))
    here = _check_in_child(x)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        there = pool.map_async(_check_in_child, [x, x]).get(timeout=60)
    assert [str(one) for one in there] == [str(here)] * 2 and all(there)


def test_every_form_of_a_report_travels(wrong):
    korean = pickle.loads(pickle.dumps(wrong.in_language("ko")))
    assert str(korean) == str(wrong.in_language("ko")) and str(korean.in_language("en")) == str(wrong)
    assert korean._repr_html_() == wrong.in_language("ko")._repr_html_()
    part = pickle.loads(pickle.dumps(wrong.findings[0]))
    assert part.sentence == wrong.findings[0].sentence and part.cause == wrong.findings[0].cause
    error = pickle.loads(pickle.dumps(rg.GradientError(wrong)))
    assert str(error.report) == str(wrong)


def test_describe_reads_without_a_check(random):
    reading = rg.describe(book1.Affine(np.ones((3, 2)), np.zeros(2)), random.standard_normal((4, 3)))
    assert "dW" in repr(reading) and len(reading.lines) == 3


def test_what_cannot_be_read_is_refused():
    with pytest.raises(rg.ReadingError, match="rg.check"):
        rg.check(3.0, 4.0)
    with pytest.raises(rg.ReadingError):
        rg.check(object(), np.ones(3))


def test_the_helper_for_tests(random):
    rg.testing.assert_right(book1.Sigmoid(), random.standard_normal((2, 3)))


def test_reports_speak_korean(random, monkeypatch):
    class Negative(book1.Affine):
        def backward(self, dout):
            return -super().backward(dout)

    thing, x = Negative(np.ones((3, 2)), np.zeros(2)), random.standard_normal((4, 3))
    english, korean = rg.check(thing, x, lang="en"), rg.check(thing, x, lang="ko")
    assert str(english) != str(korean) and english.cause == korean.cause
    assert any("가" <= letter <= "힣" for letter in korean.findings[0].sentence)
    assert str(korean.in_language("en")) == str(english)
    monkeypatch.setenv("RETROGRADE_LANG", "ko")
    assert str(rg.check(thing, x)) == str(korean)
    with pytest.raises(ValueError, match="en, ko"):
        rg.language("xx")
