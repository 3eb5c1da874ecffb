"""A forward and a backward function with a cache between them (C7, C10)."""

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .arguments import holding, kinds
from .forms import LayerForm, check_vjp, real
from .reading import Reading, listed
from .slots import is_pair
from .subject import arity, kind_of


def pair_with_cache(subject, arguments, second, answer):
    """``forward(x, …) → out, cache`` and ``backward(dout, cache) → gradients`` in forward's order."""
    required, names = arity(second)
    name = kind_of(subject.originals[1])
    if not isinstance(answer, tuple):
        raise ReadingError(f"{subject.name} returns {kinds(answer)}, {name} takes {listed(names)}", "a cache", "return out, cache")
    if required < 2:
        raise ReadingError(f"{name} takes {listed(names)}", "an upstream gradient and a cache", f"def {name}(dout, cache)")
    # As many outputs as backward takes upstream gradients: the cache is the last.
    count = min(required - 1, len(answer) - 1)
    wrt = arguments.positions()
    last = [answer]

    def forward(values):
        last[0] = arguments.call(dict(zip(wrt, values)))
        return [real(one) for one in last[0][:count]]

    def backward(douts):
        given = second(*douts, *last[0][count : count + required - count])
        return list(given) if isinstance(given, (tuple, list)) else [given]

    first = backward([np.cos(1.0 + np.arange(np.size(one))).reshape(np.shape(one)) for one in answer[:count]])
    if isinstance(first[0], dict):
        return dict_of_gradients(subject, arguments, wrt, forward, backward, first[0], name)
    if len(first) < len(wrt) and subject.said.get("wrt") is None:
        wrt = [at for at in wrt if np.ndim(arguments.example[at])][: len(first)]
    if len(first) > len(wrt):
        # Also integers have been differentiated by.
        whole = [at for at, one in enumerate(arguments.example) if isinstance(one, np.ndarray) and one.dtype.kind in "iu"]
        wrt = sorted({*wrt, *whole[: len(first) - len(wrt)]})
        for at in whole:
            if at in wrt:
                arguments.example[at] = real(arguments.example[at])
    if len(first) != len(wrt):
        raise ReadingError(
            f"{name} gives {len(first)} gradients, {subject.name} takes {listed(arguments.names[at] for at in wrt)}", "which arguments they are of", "wrt=('x', 'w')"
        )
    by_name = [arguments.names[at] for at in wrt]
    held = [one for at, one in enumerate(arguments.names) if at not in wrt]
    out = "out" if count == 1 else Text("outputs", count=count)
    convention = Text("is-pair", call=arguments.written(subject.name), out=out, back=f"{name}({', '.join(names)})")
    moved, held_line = Text("of-in-order", names=Names(by_name)), holding(held)
    x = arguments.example[wrt[0]]
    if count == 1 and np.ndim(x) >= 1:
        parameters = [(arguments.names[at], arguments.example[at]) for at in wrt[1:] if isinstance(arguments.example[at], np.ndarray)]
        if len(parameters) == len(wrt) - 1:
            form = pair_form(subject.name, arguments, wrt, parameters, forward, backward)
            return Reading(subject, convention, moved, held_line, lambda: form.check(x))
    values = [(arguments.names[at], arguments.example[at]) for at in wrt]

    def vjp(values, douts):
        return [None if one is None else real(one) for one in backward(douts)]

    return Reading(subject, convention, moved, held_line, lambda: check_vjp(subject.name, values, forward, vjp))


def pair_form(name, arguments, wrt, parameters, forward, backward):
    """The pair as a layer: its first argument is the input, the others are parameters."""
    left = {}

    def run(x):
        return forward([x, *(value.copy() for _, value in parameters)])[0]

    def back(dout):
        left["gradients"] = backward([dout if dout.ndim else float(dout)])
        return real(left["gradients"][0])

    def gradients():
        given = left.get("gradients", [None] * len(wrt))
        return {own: None if one is None else real(one) for (own, _), one in zip(parameters, given[1:])}

    return LayerForm(name, parameters, run, back, gradients)


def dict_of_gradients(subject, arguments, wrt, forward, backward, gradients, name):
    """A backward that gives its gradients by name: ``{'dx': …, 'dw': …}``."""
    pairs = {}
    for key in gradients:
        own = next((at for at in wrt if arguments.names[at] == key or is_pair(arguments.names[at], key)), None)
        if own is not None:
            pairs[own] = key
    if not pairs:
        raise ReadingError(f"{name} gives gradients for {listed(map(str, gradients))}", "arguments of those names", "wrt=('x', 'w')")
    order = [at for at in wrt if at in pairs]
    values = [(arguments.names[at], arguments.example[at]) for at in order]
    constant = {at: arguments.example[at] for at in wrt}

    def run(values):
        everything = {**constant, **dict(zip(order, values))}
        return forward([everything[at] for at in wrt])

    def vjp(values, douts):
        given = backward(douts)[0]
        return [real(given[pairs[at]]) for at in order]

    convention = Text("is-pair-by-name", call=arguments.written(subject.name), other=name)
    moved = Text("of", names=Names(Text("pair", value=arguments.names[at], gradient=pairs[at]) for at in order))
    return Reading(subject, convention, moved, None, lambda: check_vjp(subject.name, values, run, vjp))
