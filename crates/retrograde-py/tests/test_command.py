"""The command ``python -m retrograde check``: exit codes, keywords, and what it says of bad input."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

MODULE = """
import numpy as np
print("imported")

class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T

class Negative(Affine):
    def backward(self, dout):
        return -super().backward(dout)

class Updating(Affine):
    def backward(self, dout):
        dx = dout @ self.W.T
        self.W -= 0.5 * self.x.T @ dout
        return dx

class Odd(Affine):
    def backward(self, dout):
        self.first, self.second = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T

class Net:
    def __init__(self):
        self.W = np.arange(6.0).reshape(3, 2) / 7
    def forward(self, x):
        return x @ self.W
    def backward(self, x, t):
        return x.T @ (self.forward(x) - t)

class Broken(Affine):
    def forward(self, x):
        return x @ self.weights

W, b = np.arange(6.0).reshape(3, 2) / 7, np.array([0.5, -1.0])
x, t = np.sin(np.arange(12.0)).reshape(4, 3), np.cos(np.arange(8.0)).reshape(4, 2)
right, wrong = Affine(W, b), Negative(W, b)
half = lambda net, x, t: 0.5 * np.sum((net.forward(x) - t) ** 2)
def cube(x): return np.sum(x ** 3)
def slope(x): return 3 * x ** 2
"""


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "mine.py").write_text(MODULE)
    np.save(folder / "x.npy", np.sin(np.arange(12.0)).reshape(4, 3))

    def run(*arguments, cwd=folder, **more):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "RETROGRADE"))} | more
        environment["PYTHONIOENCODING"] = "utf-8"
        command = [sys.executable, "-m", "retrograde", *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120)

    run.folder = folder
    return run


def test_right_and_wrong(run):
    right = run("check", "mine:right", "x.npy")
    assert right.returncode == 0 and "right" in right.stdout, right.stderr
    assert "imported" not in right.stdout
    wrong = run("check", "mine:Negative(W, b)", "mine:x")
    assert wrong.returncode == 1 and "sign" in wrong.stdout, wrong.stderr
    elsewhere = run("check", "code/mine.py:cube", "code/mine.py:slope", "[1.0, -2.0]", cwd=run.folder.parent)
    assert elsewhere.returncode == 0, elsewhere.stderr


def test_the_keywords(run):
    assert run("check", "mine:Updating(W, b)", "x.npy").returncode == 2
    assert run("check", "mine:Updating(W, b)", "x.npy", "--lr", "0.5").returncode == 0
    named = run("check", "mine:Odd(W, b)", "x.npy", "--params", "W=first", "b=second", "--json", "--name", "odd")
    report = json.loads(named.stdout)
    assert named.returncode == 0 and "W (first)" in report["reading"][1] and report["subject"] == "odd"
    with_loss = run("check", "mine:Net()", "x.npy", "mine:t", "--loss", "mine:half", "--save", "report.md")
    assert with_loss.returncode == 0, with_loss.stderr
    assert "W" in (run.folder / "report.md").read_text(encoding="utf-8")
    assert "기울기" in run("check", "mine:right", "x.npy", "--language", "ko").stdout


BAD = [
    (("check", "mine:nothing", "x.npy"), "mine has "),
    (("check", "yours:right", "x.npy"), "no module yours"),
    (("check", "yours.py:right", "x.npy"), "no file yours.py"),
    (("check", "mine:right", "y.npy"), "np.save"),
    (("check", "mine:right", "x"), "3.5"),
    (("check", "mine:right", "x.npy", "--params", "W"), "--params W=dW"),
    (("check", "mine:Net()", "x.npy", "mine:t"), "loss="),
    (("check", "mine:Broken(W, b)", "x.npy"), "AttributeError"),
    (("check",), "--help"),
    (("check", "mine:right", "x.npy", "--save", "report.doc"), "saved as"),
    (("check", "mine:right", "x.npy", "--lr", "fast"), "invalid float value: 'fast'"),
    (("check", "mine:right", "x.npy", "--language", "fr"), "choose from"),
    (("check", "mine:right", "x.npy", "--loos", "mine:half"), "unrecognized arguments: --loos mine:half"),
    (("check", "mine:right", "x.npy", "--budget", "-1"), "budget=20"),
    (("check", "mine:Affine", "x.npy"), "rg.check(Affine(…), x)"),
]


@pytest.mark.parametrize("arguments, says", BAD)
def test_bad_input_is_2_and_says_what_helps(run, arguments, says):
    done = run(*arguments)
    assert done.returncode == 2 and says in done.stderr and "help:" in done.stderr, done.stderr


def test_the_users_error_keeps_its_traceback(run):
    done = run("check", "mine:Broken(W, b)", "x.npy")
    assert "return x @ self.weights" in done.stderr and "the code that is checked raised" in done.stderr
    assert "Traceback" not in run("check", "mine:nothing", "x.npy").stderr


@pytest.mark.parametrize("arguments, says", BAD)
def test_bad_input_is_told_in_korean(run, arguments, says):
    done = run(*arguments, RETROGRADE_LANG="ko")
    told = done.stderr[done.stderr.index("오류: ") :]
    assert done.returncode == 2 and "해결: " in told and "help" not in told.replace("--help", ""), told


@pytest.mark.parametrize("arguments", [("--help",), ("check", "--help"), ("check", "--help", "--language", "ko"), ("check", "--lang=ko", "--help")])
def test_help_in_korean(run, arguments):
    done = run(*arguments, **({} if any("ko" in one for one in arguments) else {"LANG": "ko_KR.UTF-8"}))
    assert done.returncode == 0 and "사용법: " in done.stdout
    prose = "\n".join(line for line in done.stdout.splitlines() if "python -m" not in line)
    assert not re.search(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b", prose), done.stdout
    for line in prose.splitlines():
        assert re.search("[가-힣]", line) or not re.search(r"[a-z]{2,} [a-z]{2,}", line), line


def test_help_teaches(run):
    done = run("check", "--help")
    assert done.returncode == 0 and "python -m retrograde check layers:affine" in done.stdout
    for keyword in ("--loss", "--lr", "--params", "--wrt", "--labels", "--language"):
        assert keyword in done.stdout
