"""``python -m retrograde check module:object [array.npy …]``: the check without a notebook."""

import argparse
import ast
import contextlib
import importlib
import os
import pathlib
import sys
import traceback

import numpy as np

from . import Error, InternalError, ReadingError, check

_EXAMPLES = """\
what a thing or an array is:
  layers:Affine(W, b)        an object, a class, a function or an expression of the module layers;
                             also with its path: ch05/layers.py:Affine(W, b)
  x.npy                      an array in a file
  3.5    [1,2,3]             a number, a list of numbers

examples:
  python -m retrograde check layers:affine layers:x
  python -m retrograde check "layers:Affine(np.ones((5, 4)), np.zeros(4))" x.npy
  python -m retrograde check train:network x_batch.npy t_batch.npy --language ko
  python -m retrograde check cs231n/layers.py:affine_forward cs231n/layers.py:affine_backward x.npy w.npy b.npy
  python -m retrograde check net:model x.npy t.npy --loss "net:lambda net, x, t: ((net.forward(x) - t) ** 2).mean()"
  python -m retrograde check net:layer x.npy --params W=grad_weights b=grad_bias --lr 0.01
  python -m retrograde check train:network x.npy t.npy --save report.html

exit code: 0 the gradient is right, 1 it is not, 2 there was no check
"""


class _Refused(Exception):
    """What was written on the command line does not fit."""

    def __init__(self, problem, help):
        super().__init__(problem)
        self.help = help


def main(arguments=None):
    """The exit code: 0 right, 1 not right, 2 no check."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as stop:
        return stop.code
    sys.path.insert(0, os.getcwd())
    try:
        # What the modules print as they are imported is not part of the report.
        with contextlib.redirect_stdout(sys.stderr):
            things, keywords = [_load(one) for one in given.things], _keywords(given)
        report = check(*things, **keywords)
    except _Refused as error:
        return _say(error, error.help)
    except (ReadingError, Error) as error:
        return _say(error, "keywords are options here, such as --lr for lr=; see python -m retrograde check --help")
    except InternalError as error:
        return _say(error, "this is a fault of retrograde: report it with the code that was checked")
    except Exception as error:
        # The user's own exception, with his own traceback.
        traceback.print_exception(error)
        return _say(f"the code that is checked raised {type(error).__name__}: {error}", "run it once without the check, with the same arguments")
    print(report.to_json() if given.json else report)
    if given.save:
        try:
            report.save(given.save)
        except (OSError, ValueError) as error:
            return _say(error, "--save report.html")
    return 0 if report else 1


def _say(error, help):
    print(f"error: {error}\n  help: {help}", file=sys.stderr)
    return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise SystemExit(_say(message, f"{self.prog} --help shows examples"))


def _parser():
    parser = _Parser(prog="python -m retrograde", description="Checks gradients that were written by hand, and names what is wrong.")
    tasks = parser.add_subparsers(dest="task", required=True)
    task = tasks.add_parser(
        "check",
        help="check a layer, a loss, a network or functions",
        description="Checks a layer, a loss, a network or functions, on an example of what they take.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    task.add_argument("things", nargs="+", metavar="thing", help="module:object, then the example: arrays and numbers")
    task.add_argument("--language", "--lang", choices=("en", "ko"), help="the language of the report")
    task.add_argument("--loss", metavar="MODULE:FUNCTION", help="the loss of (thing, *example), where the code has none")
    task.add_argument("--lr", type=float, metavar="RATE", help="the learning rate, where backward updates the parameters itself")
    task.add_argument("--params", nargs="+", metavar="NAME=GRADIENT", help="which array is the gradient of which: W=dW")
    task.add_argument("--labels", metavar="ARRAY", help="what is never moved: a .npy file, or module:array")
    task.add_argument("--wrt", metavar="NAMES", help="by which arguments the gradient is: w,b")
    task.add_argument("--name", help="what the report calls it")
    task.add_argument("--budget", type=float, metavar="SECONDS", help="about how long the check of slow code may take")
    task.add_argument("--save", metavar="FILE", help="write the report: .html, .md, .json, .txt")
    task.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _keywords(given):
    keywords = {"lr": given.lr, "name": given.name, "lang": given.language}
    if given.budget is not None:
        keywords["budget"] = given.budget
    for own in ("loss", "labels"):
        if getattr(given, own) is not None:
            keywords[own] = _load(getattr(given, own))
    if given.params:
        pairs = [one.partition("=") for one in given.params]
        wrong = next((value + sign for value, sign, gradient in pairs if not gradient), None)
        if wrong is not None:
            raise _Refused(f"--params {wrong}: no gradient is named", "--params W=dW b=db")
        keywords["params"] = {value: gradient for value, _, gradient in pairs}
    if given.wrt:
        keywords["wrt"] = [int(one) if one.isdigit() else one for one in given.wrt.split(",")]
    return keywords


def _load(text):
    """What a word of the command line stands for."""
    module, colon, expression = text.partition(":")
    if colon and expression:
        space = vars(_module(module, text))
        try:
            return eval(compile(expression, text, "eval"), {"np": np, **space})
        except (NameError, AttributeError, SyntaxError) as error:
            if _is_inside(error):
                raise
            names = ", ".join(name for name in space if not name.startswith("_"))
            raise _Refused(f"{text}: {error}", f"{module} has {names or 'no names'}") from error
    if text.endswith(".npy"):
        try:
            return np.load(text)
        except (OSError, ValueError) as error:
            raise _Refused(f"{text}: {error}", "write it with np.save, as an array of numbers") from error
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise _Refused(f"{text}: neither an object, nor a file, nor a number", "module:object, x.npy, or 3.5") from error
    return np.array(value) if isinstance(value, list) else value


def _is_inside(error):
    """Whether an error of an expression was raised by what the expression calls: then it is the user's own."""
    frame = error.__traceback__.tb_next
    return frame is not None and frame.tb_next is not None


def _module(name, text):
    path = pathlib.Path(name)
    if name.endswith(".py"):
        if not path.is_file():
            raise _Refused(f"{text}: there is no file {name}", f"write the path from {os.getcwd()}")
        # As Python does for a script: its folder is where it imports from.
        sys.path.insert(0, str(path.parent.resolve()))
        name = path.stem
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
        raise _Refused(f"{text}: there is no module {error.name} here", "run it in the folder of the file, or write file.py:object") from error


if __name__ == "__main__":
    sys.exit(main())
