"""``python -m retrograde check module:object [array.npy …]``: the check without a notebook."""

import argparse
import importlib
import os
import sys

import numpy as np

from . import ReadingError, check


def main(arguments=None):
    """The exit code: 0 right, 1 wrong, 2 anything else."""
    parser = argparse.ArgumentParser(prog="python -m retrograde", description="Checks gradients written by hand.")
    tasks = parser.add_subparsers(dest="task", required=True)
    task = tasks.add_parser("check", help="check an object, a class's instance or functions of a module")
    task.add_argument("things", nargs="+", help="module:object, or an array: a .npy file, module:array")
    task.add_argument("--save", help="write the report: .html, .md, .json, .txt")
    task.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    sys.path.insert(0, os.getcwd())
    try:
        report = check(*[_load(one) for one in given.things])
    except (ReadingError, ImportError, AttributeError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(report.to_json() if given.json else report)
    if given.save:
        report.save(given.save)
    return 0 if report else 1


def _load(text):
    if text.endswith(".npy"):
        return np.load(text)
    module, colon, path = text.partition(":")
    if not colon:
        raise ValueError(f"{text}: write module:object or a .npy file")
    thing = importlib.import_module(module.removesuffix(".py").replace("/", "."))
    for name in path.split("."):
        thing = getattr(thing, name)
    return thing


if __name__ == "__main__":
    sys.exit(main())
