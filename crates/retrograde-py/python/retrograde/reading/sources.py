"""The user's own lines: hints to the location of a fault, found by pattern. Not a proof, and not part of a verdict."""

import inspect
import re
import sys
import types

from .._language import Text
from .isolation import referred
from .subject import kind_of

#: By cause: whether to search in forward and its callees, and the pattern of the line; then the right line.
_FORWARD = {
    "softmax_over_batch": (r"(np\.|\.)sum\((?!.*axis)", "axis=1, keepdims=True"),
    "softmax_down_columns": (r"(np\.|\.)(sum|max)\(.*axis\s*=\s*0|\bsum\(", None),
    "overflow": (r"exp\(", None),
    "epsilon": (r"log\(", None),
}
_WRITES = re.compile(r"^\s*(\w+)\s*(\[.*\]\s*[-+*/]?=|[-+*/]=)[^=]")


class Sources:
    """The objects and functions of a report's locations."""

    def __init__(self):
        self._things = {}

    def add(self, location, forward, backward, gradients=None):
        """The functions of forward and backward for this name, and by parameter the words for its gradient."""
        self._things[location] = (forward, backward, gradients or {})

    def line(self, finding):
        """The line of the finding, or ``None``."""
        known = self._things.get(finding["location"])
        if known is None and len(self._things) == 1:
            known = next(iter(self._things.values()))
        if known is None or finding["severity"] == "remark" and (finding["cause"] or {}).get("cause") != "written_into":
            return None
        try:
            return self._line(finding, *known)
        except (OSError, TypeError, ValueError):
            return None

    def _line(self, finding, forward, backward, gradients):
        cause = (finding["cause"] or {}).get("cause")
        if cause in _FORWARD:
            pattern, more = _FORWARD[cause]
            functions = _called(forward)
            if cause.startswith("softmax"):
                # Other functions sum, too; this one has the exponentials.
                functions.sort(key=lambda one: "exp(" not in inspect.getsource(one))
            for function in functions:
                found = _search(function, lambda text: re.search(pattern, text))
                if found is not None:
                    return _place(function, *found, right=_with(found[1], more))
            return None
        if cause == "written_into":
            what = finding["cause"]["what"]
            function = forward if what == "x" else backward
            names = [name for name in _arguments(function)]
            found = _search(function, lambda text: (m := _WRITES.match(text)) and m.group(1) in names)
            return None if found is None else _place(function, *found)
        block = (finding["blocks"] or ["x"])[0]
        words = gradients.get(block) or ([f"d{block}", f"grad_{block}", f"{block}_grad"] if block != "x" else [])
        words = [*words, *(["dx", "dinputs", "gradInput", "input_gradient", "grad_input", "input_grad"] if block == "x" else [])]
        pattern = re.compile(rf"(?<![\w])({'|'.join(map(re.escape, words))})(\[[^=]*\])?\s*[-+*/]?=(?!=)")
        found = _search(backward, pattern.search, last=True)
        if found is None:
            found = _search(backward, lambda text: re.match(r"\s*return\b", text), last=True)
        return None if found is None else _place(backward, *found)


def _called(function):
    """A function, and the functions of its own module that it calls, at most two calls deep."""
    found, level = [_plain(function)], [_plain(function)]
    owner = getattr(function, "__self__", None)
    own = [getattr(owner, name, None) for name in _plain(function).__code__.co_names if owner is not None]
    found += [_plain(one) for one in own if isinstance(_plain(one), types.FunctionType)]
    for _ in range(2):
        level = [one for of in level for one in referred(of) if isinstance(one, types.FunctionType)]
        found += [one for one in level if one not in found]
    # The callee first: it is the more likely place.
    return found[1:] + found[:1]


def _plain(function):
    return getattr(function, "__func__", function)


def _arguments(function):
    return list(inspect.signature(function).parameters)


def _search(function, test, last=False):
    lines, first = inspect.getsourcelines(_plain(function))
    found = [(first + at, text.rstrip("\n")) for at, text in enumerate(lines) if at and test(text) and not text.lstrip().startswith("#")]
    return (found[-1] if last else found[0]) if found else None


def _with(text, more):
    """The line with one more argument in its last call of sum or max."""
    if more is None:
        return None
    so = re.sub(r"((?:np\.|\.)(?:sum|max)\([^()]*)\)", rf"\1, {more})", text, count=1).strip()
    return None if so == text.strip() else so


def _place(function, number, text, right=None):
    function = _plain(function)
    file = function.__code__.co_filename
    return {
        "file": file,
        "line": number,
        "place": Text("place", file=cell(file) or file, line=number, function=kind_of(function)),
        "code": text.strip(),
        "right": right,
    }


def cell(file):
    """``Cell In[16]``, if the code is in a notebook."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    name = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(file)
    return " ".join(name) if name else None
