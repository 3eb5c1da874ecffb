"""Gradients that are left on the arrays themselves, as ``x.g`` (C20): functions ``lin_grad(inp, out, w, b)`` and layers whose
backward takes and returns nothing."""

import numpy as np

from .._language import Names, Text
from .arguments import holding, is_function
from .copying import attributes, deep
from .forms import check_function, check_vjp, real
from .isolation import functions
from .objects import is_layer, method
from .reading import Reading
from .slots import is_array
from .subject import arity, is_real, kind_of
from .words import BACKWARD, FORWARD


class Carrier(np.ndarray):
    """An array with an attribute for a gradient."""

    @classmethod
    def of(cls, value):
        return np.array(value, dtype=np.float64).view(cls)


def read(subject):
    """Reads code that sets ``.g``, or returns ``None``."""
    things = subject.things
    if not any("g" in function.__code__.co_names for function in functions(things)):
        return None
    if len(things) == 2 and all(is_function(one) for one in things):
        return _functions(subject)
    if len(things) == 1 and is_layer(subject.thing) and subject.example and not hasattr(subject.thing, "creator"):
        return _layer(subject)
    return None


def _is_tensor(one):
    return type(one).__module__.partition(".")[0] == "torch"


def _carrier(value, like):
    """An array of the same type as the user's, with these numbers."""
    if _is_tensor(like):
        return like.new_tensor(value).double()
    return Carrier.of(value)


def _numbers(value):
    return real(value.detach().numpy() if _is_tensor(value) else value)


def _moved(example):
    return [at for at, one in enumerate(example) if is_real(one) and np.ndim(one) or _is_tensor(one) and one.is_floating_point()]


def _functions(subject):
    """``lin(x, w, b)`` and ``lin_grad(x, out, w, b)``: the same arguments, and the output among them."""
    forward, backward = subject.things
    moved, required = _moved(subject.example), arity(backward)[0]
    if not moved or required != len(subject.example) + 1:
        return None
    _, names = arity(forward)
    own = arity(backward)[1][:required]
    # The output is the argument that forward does not have; the second if names are no help.
    new = [at for at, name in enumerate(own) if name not in names]
    place = new[0] if len(new) == 1 else 1
    last = {}

    def run(values):
        subject.isolation.reset()
        arguments = list(subject.example)
        for at, value in zip(moved, values):
            arguments[at] = _carrier(value, subject.example[at])
        out = forward(*arguments)
        if not _is_tensor(out) and not isinstance(out, Carrier):
            out = Carrier.of(out)
        last["arguments"], last["out"] = arguments, out
        return [_numbers(out)]

    def back(values, douts):
        last["out"].g = _carrier(douts[0], last["out"])
        backward(*last["arguments"][:place], last["out"], *last["arguments"][place:])
        return [_left(last["arguments"][at]) for at in moved]

    try:
        given = run([_numbers(subject.example[at]) for at in moved])
        gradients = back([], [np.ones(given[0].shape)])
    except Exception:
        return None
    if all(one is None for one in gradients):
        return None
    names = [names[at] if at < len(names) else f"argument{at}" for at in range(len(subject.example))]
    values = [(names[at], _numbers(subject.example[at])) for at in moved]
    name = kind_of(subject.originals[1])
    convention = Text("is-left", name=subject.name, call=f"{subject.name}({', '.join(names)})", back=f"{name}({', '.join(own)})")
    held = [one for at, one in enumerate(names) if at not in moved]
    of = Names(Text("pair", value=one, gradient=f"{one}.g") for one, _ in values)
    return Reading(subject, convention, Text("of", names=of), holding(held), lambda: check_vjp(subject.name, values, run, back))


def _left(array):
    value = getattr(array, "g", None)
    return None if value is None else _numbers(value)


def _layer(subject):
    """A layer or a network that is called with arrays, and sets ``.g`` on them and on its own."""
    thing = subject.thing
    forward_name, _ = method(thing, (*[one for one in FORWARD if one == "__call__"], *FORWARD))
    backward_name, backward = method(thing, BACKWARD)
    moved = _moved(subject.example)
    if not moved or arity(backward)[0] != 0:
        return None
    # Experiments here must not be visible to the other families.
    thing = deep(thing, {})
    held = {}
    last = {}

    def carriers(holder, path, depth=3):
        """Replaces the layer's arrays by ones that can hold a gradient."""
        for name, value in list(attributes(holder).items()):
            if is_array(value) and type(value) is np.ndarray:
                setattr(holder, name, Carrier.of(value))
                held[f"{path}{name}"] = getattr(holder, name)
            elif is_array(value) or _is_tensor(value):
                held[f"{path}{name}"] = value
            elif depth and isinstance(value, (list, tuple)):
                for at, one in enumerate(value):
                    if attributes(one) and not is_array(one) and not isinstance(one, type):
                        carriers(one, f"{path}{name}[{at}].", depth - 1)
            elif depth and attributes(value) and is_layer(value):
                carriers(value, f"{path}{name}.", depth - 1)

    carriers(thing, "")
    parameters = {}

    def run(values):
        subject.isolation.reset()
        arguments = list(subject.example)
        for at, value in zip(moved, values):
            arguments[at] = _carrier(value, subject.example[at])
        for one, value in zip(parameters.values(), values[len(moved) :]):
            if _is_tensor(one):
                one.data = one.new_tensor(value).double()
            else:
                one[...] = value
        out = getattr(thing, forward_name)(*arguments)
        last["arguments"], last["out"] = arguments, out
        return [_numbers(out)]

    def back(values, douts):
        if hasattr(last["out"], "__dict__"):
            last["out"].g = _carrier(douts[0], last["out"])
        getattr(thing, backward_name)()
        return [_left(one) for one in [*(last["arguments"][at] for at in moved), *parameters.values()]]

    try:
        out = run([_numbers(subject.example[at]) for at in moved])
        first = back([], [np.ones(out[0].shape)])
    except Exception:
        return None
    if first[0] is None:
        return None
    parameters.update({name: one for name, one in held.items() if hasattr(one, "g")})
    with_gradient = [at for at, one in zip(moved, first) if one is not None]
    return _reading_of_layer(subject, thing, (forward_name, backward_name), moved, with_gradient, parameters, run, back)


def _reading_of_layer(subject, thing, calls, moved, with_gradient, parameters, run, back):
    _, names = arity(getattr(thing, calls[0]))
    names = [names[at] if at < len(names) else f"input{at}" for at in range(len(subject.example))]
    constant = {at: _numbers(subject.example[at]) for at in moved}

    def everything(values):
        own = {**constant, **dict(zip(with_gradient, values))}
        return [*(own[at] for at in moved), *values[len(with_gradient) :]]

    def forward(values):
        return run(everything(values))

    def backward(values, douts):
        given = back(values, douts)
        inputs = dict(zip(moved, given))
        return [*(inputs[at] for at in with_gradient), *given[len(moved) :]]

    values = [(names[at], constant[at]) for at in with_gradient] + [(name, _numbers(one)) for name, one in parameters.items()]
    subject.sources.add(subject.name, getattr(thing, calls[0]), getattr(thing, calls[1]))
    convention = Text("is-left-layer", name=subject.name, call=f"{calls[0]}({', '.join(names)})", back=f"{calls[1]}()")
    of = Names(Text("pair", value=one, gradient=f"{one}.g") for one, _ in values)
    held = [names[at] for at in range(len(names)) if at not in with_gradient]
    out = run([constant[at] for at in moved] + [_numbers(one) for one in parameters.values()])[0]

    def check():
        if out.size > 1:
            return check_vjp(subject.name, values, forward, backward)
        # A network that includes its loss starts backward with 1.
        ones = [np.ones(out.shape)]
        return check_function(subject.name, values, lambda given: float(forward(given)[0].sum()), lambda given: backward(given, ones))

    return Reading(subject, convention, Text("of", names=of), holding(held), check)
