"""Functions in place of objects: a pair with a cache (C7, C10), a loss with its gradient (C8), f and its gradient (C27)."""

import types

import numpy as np

from ..errors import ReadingError
from .forms import LayerForm, LossForm, check_function, check_vjp, real
from .labels import Labels
from .reading import Reading, listed
from .slots import is_pair
from .subject import arity, described, is_number, kind_of


def read(subject):
    """Reads functions, or answers ``None``."""
    functions = [one for one in subject.things if is_function(one)]
    if functions:
        subject.sources.add(subject.name, functions[0], functions[-1])
    if len(functions) != len(subject.things) or not subject.example:
        return None
    if len(functions) == 1:
        return read_one(subject, functions[0])
    if len(functions) == 2:
        return read_two(subject, *functions)
    return None


def is_function(thing):
    """Whether it is called and has no forward of its own."""
    return isinstance(thing, (types.FunctionType, types.MethodType, types.BuiltinFunctionType, np.ufunc)) or (
        callable(thing) and not isinstance(thing, type) and not hasattr(thing, "forward") and not hasattr(thing, "backward")
    )


class Arguments:
    """The arguments of a function: which are moved, and their names."""

    def __init__(self, subject, function, example):
        self.subject, self.function = subject, function
        self.example = [real(one) if _is_lifted(one) else one for one in example]
        self.kinds = [is_number(one) for one in example]
        _, names = arity(function)
        self.names = [names[at] if at < len(names) else f"argument{at}" for at in range(len(example))]
        self.given = example

    def positions(self):
        """Arguments with real numbers, in their order; what the user says by ``wrt=`` alone, if he does."""
        wrt = self.subject.said.get("wrt")
        if wrt is not None:
            wrt = [wrt] if isinstance(wrt, (str, int)) else wrt
            return [self.names.index(one) if isinstance(one, str) else one for one in wrt]
        return [at for at, one in enumerate(self.given) if _is_moved(one)]

    def call(self, values=None):
        """The function's answer; ``values`` are the arguments by position."""
        arguments = self.arguments(values)
        self.subject.isolation.reset()
        return self.function(*arguments)

    def arguments(self, values=None):
        """Copies of the example, with these values in their places."""
        arguments = [_copied(one) for one in self.example]
        for at, value in (values or {}).items():
            arguments[at] = value
        # A whole number that is not moved stays one: it is a stride, an axis, a count.
        numbers = {at for at, kind in enumerate(self.kinds) if kind and (at in (values or {}) or not isinstance(self.given[at], (int, np.integer)))}
        return [float(one) if at in numbers and np.ndim(one) == 0 else one for at, one in enumerate(arguments)]


def _is_lifted(one):
    return isinstance(one, (float, np.floating)) or (isinstance(one, np.ndarray) and one.dtype.kind == "f")


def _is_moved(one):
    return isinstance(one, (np.ndarray, np.floating, float)) and np.asarray(one).dtype.kind == "f" and np.size(one) > 0


def _copied(one):
    if isinstance(one, np.ndarray):
        return one.copy()
    if isinstance(one, dict):
        return {key: _copied(value) for key, value in one.items()}
    if isinstance(one, list):
        return [_copied(value) for value in one]
    return one


def is_scalar(value):
    """One number: also 0-d, (1,), (1, 1)."""
    return isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool) and np.size(value) == 1 and np.asarray(value).dtype.kind in "fiu"


def read_one(subject, function):
    """One function that returns a number and its gradient."""
    arguments = Arguments(subject, function, subject.example)
    answer = arguments.call()
    if not isinstance(answer, (tuple, list)) or len(answer) < 2 or not is_scalar(answer[0]):
        raise ReadingError(
            f"{subject.name} returns {_kinds(answer)}", "its gradient", f"rg.check({subject.name}, gradient_function, …), or return (loss, gradient)"
        )
    name, gradients = subject.name, answer[1:]
    if len(gradients) == 1 and isinstance(gradients[0], dict):
        return loss_with_dict(subject, arguments, gradients[0])
    if len(gradients) == 1 and len(subject.example) == 2:
        reading = loss_of_predictions(subject, arguments, gradients[0])
        if reading is not None:
            return reading
    wrt, found, guessed = by_shape(subject, arguments, gradients)
    names = [arguments.names[at] for at in wrt]
    held = [one for at, one in enumerate(arguments.names) if at not in wrt]

    def loss(values):
        return float(np.asarray(arguments.call(dict(zip(wrt, values)))[0]).reshape(()))

    def gradient(values):
        given = arguments.call(dict(zip(wrt, values)))[1:]
        return [real(given[at]).reshape(arguments.example[argument].shape) for at, argument in zip(found, wrt)]

    convention = f"{name}: a function; {name}({', '.join(arguments.names)}) → a number and its gradient"
    moved = f"compared: the gradient by {listed(names)}"
    if guessed:
        moved += " (wrt= says otherwise)"
    values = [(arguments.names[at], arguments.example[at]) for at in wrt]
    return Reading(subject, convention, moved, f"held: {listed(held)}" if held else "", lambda: check_function(subject.name, values, loss, gradient))


def by_shape(subject, arguments, gradients):
    """Which argument each gradient is of: the first that is moved and has its shape."""
    wrt, found, guessed = [], [], False
    candidates = arguments.positions()
    for at, gradient in enumerate(gradients):
        if gradient is None or np.asarray(gradient).dtype.kind not in "fiu":
            continue
        shape = np.shape(gradient)
        left = [one for one in candidates if one not in wrt]
        fits = [one for one in left if np.shape(arguments.example[one]) == shape]
        if not fits and len(left) and np.size(gradient) == np.size(arguments.example[left[0]]):
            fits = [left[0]]
        if not fits and len(gradients) == 1 and len(candidates):
            # A wrong shape is what the check is to see.
            fits = [candidates[0]]
        if fits:
            guessed = guessed or (len(fits) > 1 and subject.said.get("wrt") is None)
            wrt.append(fits[0])
            found.append(at + 0)
    if not wrt:
        shapes = listed(str(list(np.shape(one))) for one in gradients)
        raise ReadingError(f"{subject.name} gives gradients of shape {shapes}", "the arguments that they are of", "wrt=('w', 'b')")
    return wrt, found, guessed


def loss_of_predictions(subject, arguments, gradient):
    """A loss of predictions and labels, as ``softmax_loss(x, y)``; ``None`` if it is something else."""
    x, t = arguments.example
    if np.shape(gradient) != np.shape(x) or np.ndim(x) != 2 or arguments.subject.said.get("wrt") is not None:
        return None
    labels = Labels(t)
    taken = labels.form(np.shape(x))
    if taken is None:
        return None
    last = []

    def forward(logits, asked):
        last[:] = [arguments.call({0: logits, 1: labels.back(asked, logits.shape)})]
        return float(np.asarray(last[0][0]).reshape(()))

    def backward(dout):
        return real(last[0][1]) * dout

    form = LossForm(subject.name, forward, backward)
    convention = f"{subject.name}: a loss; {subject.name}({', '.join(arguments.names)}) → a number and its gradient"
    held = f"held: {arguments.names[1]}, {described(np.asarray(t))}"
    return Reading(subject, convention, f"compared: the gradient by {arguments.names[0]}", held, lambda: form.check(x, taken))


def loss_with_dict(subject, arguments, gradients):
    """A loss whose parameters are a dictionary among its arguments."""
    at, keys = dictionary(subject, arguments, gradients)
    call = lambda values: arguments.call({at: {**arguments.example[at], **dict(zip(keys.values(), values))}})

    def loss(values):
        return float(np.asarray(call(values)[0]).reshape(()))

    def gradient(values):
        given = call(values)[1]
        return [real(given[key]) for key in keys]

    return dictionary_reading(subject, arguments, at, keys, loss, gradient, "(loss, gradients)")


def dictionary(subject, arguments, gradients):
    """The argument that is a dictionary of parameters, and by key of a gradient the key of its parameter."""
    for at, one in enumerate(arguments.example):
        if isinstance(one, dict):
            keys = {}
            for key in gradients:
                own = key if key in one else next((other for other in one if is_pair(other, key)), None)
                if own is not None and np.asarray(one[own]).dtype.kind == "f":
                    keys[key] = own
            if keys:
                return at, keys
    raise ReadingError(
        f"{subject.name} gives gradients for {listed(map(str, gradients))}", "the dictionary of their parameters among the arguments", "rg.check(loss, gradients, parameters, X, Y)"
    )


def dictionary_reading(subject, arguments, at, keys, loss, gradient, answer):
    """The reading of a loss of a dictionary of parameters."""
    parameters = [(own, real(arguments.example[at][own])) for own in keys.values()]
    convention = f"{subject.name}({', '.join(arguments.names)}) → {answer}"
    moved = f"compared: the gradients of {listed(f'{own} ({key})' for key, own in keys.items())}"
    held = [one for number, one in enumerate(arguments.names) if number != at]
    return Reading(subject, convention, moved, f"held: {listed(held)}", lambda: check_function(subject.name, parameters, loss, gradient))


def read_two(subject, first, second):
    """Two functions: forward and backward with a cache between them, or a function and its gradient."""
    arguments = Arguments(subject, first, subject.example)
    answer = arguments.call()
    if is_scalar(answer):
        return f_and_gradient(subject, arguments, second)
    if isinstance(answer, np.ndarray) and len(arguments.positions()) == 1 and arity(second)[0] == 1:
        return f_and_slope(subject, arguments, second, answer)
    return pair_with_cache(subject, arguments, second, answer)


def f_and_gradient(subject, arguments, second):
    """A function that gives a number, and one that gives its gradient, of the same arguments."""
    name = kind_of(subject.originals[1])
    other = Arguments(subject, second, subject.example)
    required, names = arity(second)
    given = other.call() if required <= len(subject.example) else None
    if given is None:
        raise ReadingError(
            f"{name}({', '.join(names)}) takes {required} arguments, {subject.name} {len(subject.example)}", "the same arguments for both", "functools.partial, or a lambda"
        )

    def number(values):
        return float(np.asarray(arguments.call(values)).reshape(()))

    if isinstance(given, dict):
        at, keys = dictionary(subject, arguments, given)
        put = lambda values: {at: {**arguments.example[at], **dict(zip(keys.values(), values))}}

        def gradient(values):
            now = other.call(put(values))
            return [real(now[key]) for key in keys]

        return dictionary_reading(subject, arguments, at, keys, lambda values: number(put(values)), gradient, f"a number, {name} → gradients")
    gradients = list(given) if isinstance(given, (tuple, list)) else [given]
    wrt, found, guessed = by_shape(subject, arguments, gradients)

    def loss(values):
        return number(dict(zip(wrt, values)))

    def gradient(values):
        now = other.call(dict(zip(wrt, values)))
        now = list(now) if isinstance(now, (tuple, list)) else [now]
        return [_shaped(now[at], arguments.example[argument]) for at, argument in zip(found, wrt)]

    values = [(arguments.names[at], arguments.example[at]) for at in wrt]
    held = [one for at, one in enumerate(arguments.names) if at not in wrt]
    convention = f"{subject.name}({', '.join(arguments.names)}) → a number, {name} → its gradient"
    moved = f"compared: the gradient by {listed(one for one, _ in values)}" + (" (wrt= says otherwise)" if guessed else "")
    return Reading(subject, convention, moved, f"held: {listed(held)}" if held else "", lambda: check_function(subject.name, values, loss, gradient))


def _shaped(gradient, value):
    gradient = real(gradient)
    return gradient.reshape(value.shape) if gradient.size == value.size and gradient.ndim <= 1 else gradient


def f_and_slope(subject, arguments, second, answer):
    """A function of each element, and its derivative (C21): at the input, or at the output, whichever fits."""
    at = arguments.positions()[0]
    x, name = arguments.example[at], kind_of(subject.originals[1])
    step = 1e-6 * np.maximum(1.0, np.abs(x))
    slope = (real(arguments.call({at: x + step})) - real(arguments.call({at: x - step}))) / (2 * step)
    candidates = [("x", lambda value, out: value), ("the output", lambda value, out: out)]
    fits = [np.shape(found) == np.shape(slope) and np.allclose(found, slope, atol=1e-4) for found in (second(x.copy()), second(answer.copy()))]
    where, pick = candidates[1] if fits == [False, True] else candidates[0]
    left = {}

    def forward(value):
        left["x"], left["out"] = value.copy(), real(arguments.call({at: value}))
        return left["out"].copy()

    def backward(dout):
        return dout * real(second(pick(left["x"], left["out"]).copy()))

    form = LayerForm(subject.name, [], forward, backward)
    convention = f"{subject.name}({arguments.names[at]}) → an array, {name} → its derivative at {where}"
    return Reading(subject, convention, f"compared: dout times {name}({where}) with the gradient", "", lambda: form.check(x))


def pair_with_cache(subject, arguments, second, answer):
    """``forward(x, …) → out, cache`` and ``backward(dout, cache) → gradients`` in forward's order."""
    required, names = arity(second)
    name = kind_of(subject.originals[1])
    if not isinstance(answer, tuple):
        raise ReadingError(f"{subject.name} returns {_kinds(answer)}, {name} takes {listed(names)}", "a cache", "return out, cache")
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
    convention = f"{subject.name}({', '.join(arguments.names)}) → {'out' if count == 1 else f'{count} outputs'}, cache; {name}({', '.join(names)})"
    moved = f"compared: the gradients of {listed(by_name)}, in forward's order"
    held_line = f"held: {listed(held)}" if held else ""
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

    convention = f"{subject.name}({', '.join(arguments.names)}) → out, cache; {name} → gradients by name"
    moved = f"compared: the gradients of {listed(f'{arguments.names[at]} ({pairs[at]})' for at in order)}"
    return Reading(subject, convention, moved, "", lambda: check_vjp(subject.name, values, run, vjp))


def _kinds(answer):
    if isinstance(answer, (tuple, list)):
        return f"({', '.join(described(one) for one in answer)})"
    return described(answer)
