"""``python -m retrograde check module:object [array.npy …]``: the check without a notebook."""

import argparse
import ast
import contextlib
import importlib
import os
import pathlib
import re
import sys
import traceback

import numpy as np

from . import Error, InternalError, ReadingError, check, language
from ._command_texts import COMMAND
from ._language import KNOWN, Names, Text
from ._texts import TABLE

_COMMAND = "python -m retrograde"
_EXAMPLES = f"""\
  {_COMMAND} check layers:affine layers:x
  {_COMMAND} check "layers:Affine(np.ones((5, 4)), np.zeros(4))" x.npy
  {_COMMAND} check train:network x_batch.npy t_batch.npy --language ko
  {_COMMAND} check cs231n/layers.py:affine_forward cs231n/layers.py:affine_backward x.npy w.npy b.npy
  {_COMMAND} check net:model x.npy t.npy --loss "net:lambda net, x, t: ((net.forward(x) - t) ** 2).mean()"
  {_COMMAND} check net:layer x.npy --params W=grad_weights b=grad_bias --lr 0.01
  {_COMMAND} check train:network x.npy t.npy --save report.html"""
TABLE.update(COMMAND)


class _Refused(Exception):
    """An invalid argument of the command line."""

    def __init__(self, problem, help):
        super().__init__(problem)
        self.help = help


def main(arguments=None):
    """The exit code: 0 right, 1 not right, 2 no check."""
    _choose_language(sys.argv[1:] if arguments is None else arguments)
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as stop:
        return stop.code
    sys.path.insert(0, os.getcwd())
    try:
        # The output of imported modules is not part of the report.
        with contextlib.redirect_stdout(sys.stderr):
            things, keywords = [_load(one) for one in given.things], _keywords(given)
        report = check(*things, **keywords)
    except _Refused as error:
        return _say(error, error.help)
    except (ReadingError, Error) as error:
        return _say(error, Text("command-keywords", command=_COMMAND))
    except InternalError as error:
        return _say(error, Text("command-internal"))
    except Exception as error:
        # The user's own exception, with its traceback.
        traceback.print_exception(error)
        return _say(Text("command-raised", error=f"{type(error).__name__}: {error}"), Text("command-run-once"))
    print(report.to_json() if given.json else report)
    if given.save:
        try:
            report.save(given.save)
        except (OSError, ValueError) as error:
            return _say(error, "--save report.html")
    return 0 if report else 1


def _say(error, help):
    print(f"{Text('error')}: {error}\n  {Text('help')}: {help}", file=sys.stderr)
    return 2


def _choose_language(arguments):
    """The language of the arguments, before they are parsed: help and errors use it, too."""
    for at, one in enumerate(arguments):
        option, equals, value = one.partition("=")
        if option in ("--language", "--lang"):
            value = value if equals else next(iter(arguments[at + 1 :]), "")
            if value in KNOWN:
                language(value)


class _Help(argparse.RawDescriptionHelpFormatter):
    def add_usage(self, usage, actions, groups, prefix=None):
        super().add_usage(usage, actions, groups, str(Text("command-usage")) if prefix is None else prefix)


class _Parser(argparse.ArgumentParser):
    def __init__(self, **given):
        super().__init__(add_help=False, formatter_class=_Help, **given)
        self._positionals.title, self._optionals.title = str(Text("command-positionals")), str(Text("command-options"))
        self.add_argument("-h", "--help", action="help", help=_text("command-help"))

    def error(self, message):
        raise SystemExit(_say(_told(message), Text("command-see-help", command=self.prog)))


def _told(message):
    """The messages of argparse in the current language."""
    for id in TABLE:
        if id.startswith("argparse-"):
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(TABLE[id][0]))
            found = re.fullmatch(pattern, message, re.S)
            if found:
                return Text(id, **found.groupdict())
    return message


def _text(id):
    return str(Text(id))


def _parser():
    parser = _Parser(prog=_COMMAND, description=_text("command-description"))
    tasks = parser.add_subparsers(dest="task", required=True, title=_text("command-tasks"))
    task = tasks.add_parser(
        "check",
        help=_text("command-check"),
        description=_text("command-check-description"),
        epilog=str(Text("command-examples", examples=_EXAMPLES)),
    )
    task.add_argument("things", nargs="+", metavar="thing", help=_text("command-things"))
    task.add_argument("--language", "--lang", choices=KNOWN, help=_text("command-language"))
    task.add_argument("--loss", metavar="MODULE:FUNCTION", help=_text("command-loss"))
    task.add_argument("--lr", type=float, metavar="RATE", help=_text("command-lr"))
    task.add_argument("--params", nargs="+", metavar="NAME=GRADIENT", help=_text("command-params"))
    task.add_argument("--labels", metavar="ARRAY", help=_text("command-labels"))
    task.add_argument("--wrt", metavar="NAMES", help=_text("command-wrt"))
    task.add_argument("--name", help=_text("command-name"))
    task.add_argument("--budget", type=float, metavar="SECONDS", help=_text("command-budget"))
    task.add_argument("--save", metavar="FILE", help=_text("command-save"))
    task.add_argument("--json", action="store_true", help=_text("command-json"))
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
            raise _Refused(Text("command-no-gradient", pair=wrong), "--params W=dW b=db")
        keywords["params"] = {value: gradient for value, _, gradient in pairs}
    if given.wrt:
        keywords["wrt"] = [int(one) if one.isdigit() else one for one in given.wrt.split(",")]
    return keywords


def _load(text):
    """The value of a word of the command line."""
    module, colon, expression = text.partition(":")
    if colon and expression:
        space = vars(_module(module, text))
        try:
            return eval(compile(expression, text, "eval"), {"np": np, **space})
        except (NameError, AttributeError, SyntaxError) as error:
            if _is_inside(error):
                raise
            names = Names(name for name in space if not name.startswith("_"))
            raise _Refused(f"{text}: {error}", Text("command-module-has", module=module, names=names)) from error
    if text.endswith(".npy"):
        try:
            return np.load(text)
        except (OSError, ValueError) as error:
            raise _Refused(f"{text}: {error}", Text("command-np-save")) from error
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise _Refused(Text("command-unknown", text=text), Text("command-kinds")) from error
    return np.array(value) if isinstance(value, list) else value


def _is_inside(error):
    """Whether an error of an expression was raised by the called function: then it is the user's own."""
    frame = error.__traceback__.tb_next
    return frame is not None and frame.tb_next is not None


def _module(name, text):
    path = pathlib.Path(name)
    if name.endswith(".py"):
        if not path.is_file():
            raise _Refused(Text("command-no-file", text=text, file=name), Text("command-from", folder=os.getcwd()))
        # As in a Python script: imports start in its directory.
        sys.path.insert(0, str(path.parent.resolve()))
        name = path.stem
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
        raise _Refused(Text("command-no-module", text=text, module=error.name), Text("command-folder")) from error


if __name__ == "__main__":
    sys.exit(main())
