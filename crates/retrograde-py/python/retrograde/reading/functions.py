"""Functions in place of objects: a pair with a cache (C7, C10), a loss with its gradient (C8), f and its gradient (C27)."""

import numpy as np

from .._language import Names, Parts, Text
from ..errors import ReadingError
from .arguments import Arguments, holding, is_function, is_scalar, kinds
from .differences import agrees
from .forms import LayerForm, LossForm, check_function, real
from .labels import Labels
from .layer_objects import probabilities
from .pairs import pair_with_cache
from .reading import Reading
from .resolve import returned_words
from .slots import is_pair
from .subject import arity, described, kind_of
from .words import CACHE, OUTPUT, TARGET, UPSTREAM


def read(subject):
    """Reads functions, or returns ``None``."""
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


def read_one(subject, function):
    """One function that returns a number and its gradient."""
    arguments = Arguments(subject, function, subject.example)
    answer = arguments.call()
    last = isinstance(answer, (tuple, list)) and len(answer) > 1 and not is_scalar(answer[0]) and is_scalar(answer[-1])
    if last:
        # The loss may be the last item.
        arguments.answers = lambda given: (given[-1], *given[:-1])
        answer = arguments.call()
    if not isinstance(answer, (tuple, list)) or len(answer) < 2 or not is_scalar(answer[0]):
        raise ReadingError(
            Text("error-returns", name=subject.name, kinds=kinds(answer)),
            Text("missing-gradient"),
            Text("help-answer", call=f"rg.check({subject.name}, gradient_function, …)"),
        )
    name, gradients = subject.name, answer[1:]
    if len(gradients) == 1 and isinstance(gradients[0], dict):
        if any(isinstance(one, dict) for one in arguments.example):
            return loss_with_dict(subject, arguments, gradients[0])
        return loss_by_names(subject, arguments, gradients[0])
    if len(gradients) == 1 and len(subject.example) == 2:
        reading = loss_of_predictions(subject, arguments, gradients[0])
        if reading is not None:
            return reading
    words = returned_words(function)
    words = [] if len(words) != len(answer) else words[:-1] if last else words[1:]
    wrt, found, guessed = by_shape(subject, arguments, gradients, lambda values: number(arguments.call(values)[0]), words)
    names = [arguments.names[at] for at in wrt]
    held = [one for at, one in enumerate(arguments.names) if at not in wrt]

    def loss(values):
        return number(arguments.call(dict(zip(wrt, values)))[0])

    def gradient(values):
        given = arguments.call(dict(zip(wrt, values)))[1:]
        return [real(given[at]).reshape(arguments.example[argument].shape) for at, argument in zip(found, wrt)]

    convention = Text("is-function", name=name, call=arguments.written(name))
    moved = Text("by-guessed" if guessed else "by", names=Names(names))
    values = [(arguments.names[at], arguments.example[at]) for at in wrt]
    return Reading(subject, convention, moved, holding(held), lambda: check_function(subject.name, values, loss, gradient, subject.data()))


def number(value):
    """A loss as a number."""
    return float(np.asarray(value).reshape(()))


def by_shape(subject, arguments, gradients, loss, words=()):
    """Which argument each gradient is of: the one whose name is in that under which it is returned, else the first that is moved and has
    its shape. Of several for one gradient alone it is none that is called as labels are, and of any several one that the differences
    agree with, if there is such."""
    candidates, told = arguments.positions(), subject.said.get("wrt") is not None
    words = words if len(words) == len(gradients) else [[]] * len(gradients)
    usable = [at for at, one in enumerate(gradients) if one is not None and np.asarray(one).dtype.kind in "fiu"]
    chosen = {} if told else _by_words(arguments, {at: gradients[at] for at in usable}, candidates, words)
    guessed, named = False, bool(chosen)
    for at in usable:
        if at in chosen:
            continue
        gradient = gradients[at]
        left = [one for one in candidates if one not in chosen.values()]
        fits = [one for one in left if np.shape(arguments.example[one]) == np.shape(gradient)]
        if not fits and left and _is_flat(gradient, arguments.example[left[0]], len(gradients) == 1):
            fits = [left[0]]
        if not fits and len(gradients) == 1 and candidates:
            # A wrong shape is for the check to report.
            fits = [candidates[0]]
        if len(fits) > 1 and not told:
            fits = not_labels(arguments, fits) if len(gradients) == 1 else fits
            agreeing = [one for one in fits if agrees(loss, one, arguments.example[one], gradient)]
            fits, guessed = [*agreeing, *fits], True
        elif fits and named and not told and _is_something_else(words[at]) and not agrees(loss, fits[0], arguments.example[fits[0]], gradient):
            # Beside gradients with names, such as the final state.
            subject.notes.append(Text("note-not-a-gradient", number=at + 1, name=arguments.names[fits[0]]))
            fits = []
        if fits:
            chosen[at] = fits[0]
    if not chosen:
        shapes = Names(str(list(np.shape(one))) for one in gradients)
        raise ReadingError(Text("error-gives-shapes", name=subject.name, names=shapes), Text("missing-arguments"), "wrt=('w', 'b')")
    found = sorted(chosen)
    return [chosen[at] for at in found], found, guessed


def _by_words(arguments, gradients, candidates, words):
    """By position, the argument of each gradient whose name matches: ``dW`` of ``W``."""
    chosen = {}
    for at, gradient in gradients.items():
        fits = [one for one in candidates if one not in chosen.values() and any(is_pair(arguments.names[one], word) for word in words[at])]
        if len(fits) == 1 and np.shape(arguments.example[fits[0]]) == np.shape(gradient):
            chosen[at] = fits[0]
    return chosen


def _is_something_else(words):
    """Whether none of its words means a gradient."""
    return not any(UPSTREAM.match(word) for word in words)


def _is_flat(gradient, value, alone):
    """Whether they differ in axes of length one; a single gradient also in everything but the number of elements."""
    squeezed = np.shape(np.squeeze(gradient)) == np.shape(np.squeeze(value))
    return squeezed or alone and np.size(gradient) == np.size(value)


def not_labels(arguments, positions):
    """The arguments whose names are not those of labels, if there are any."""
    names = {at: arguments.names[at] for at in positions}
    outputs = [at for at in positions if OUTPUT.match(names[at])]
    plain = outputs or [at for at in positions if not TARGET.match(names[at])]
    return plain or [at for at in positions if names[at].lower() == "y"] or positions


def loss_of_predictions(subject, arguments, gradient):
    """A loss of predictions and labels, as ``softmax_loss(x, y)``; ``None`` otherwise."""
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
        return number(last[0][0])

    def backward(dout):
        return real(last[0][1]) * dout

    form = LossForm(subject.name, forward, backward)
    convention = Text("is-loss-function", name=subject.name, call=arguments.written(subject.name))
    held = Text("held-as", name=arguments.names[1], kind=described(np.asarray(t)))
    return Reading(subject, convention, Text("by", names=arguments.names[0]), held, lambda: form.check(x, taken))


def loss_with_dict(subject, arguments, gradients):
    """A loss whose parameters are a dictionary among its arguments."""
    at, keys = dictionary(subject, arguments, gradients)
    call = lambda values: arguments.call({at: {**arguments.example[at], **dict(zip(keys.values(), values))}})

    def loss(values):
        return number(call(values)[0])

    def gradient(values):
        given = call(values)[1]
        return [real(given[key]) for key in keys]

    convention = Text("is-loss-and-gradients", call=arguments.written(subject.name))
    return dictionary_reading(subject, arguments, at, keys, loss, gradient, convention)


def loss_by_names(subject, arguments, gradients):
    """A loss of separate parameters that returns its gradients by name: ``propagate(w, b, X, Y) → grads, cost``."""
    names = {at: arguments.names[at] for at in arguments.positions()}
    keys = {at: next((key for key in gradients if key == own or is_pair(own, key)), None) for at, own in names.items()}
    keys = {at: key for at, key in keys.items() if key is not None}
    if not keys:
        raise ReadingError(Text("error-gives", name=subject.name, names=Names(gradients)), Text("missing-named"), "wrt=('w', 'b')")

    def loss(values):
        return number(arguments.call(dict(zip(keys, values)))[0])

    def gradient(values):
        given = arguments.call(dict(zip(keys, values)))[1]
        return [real(given[key]) for key in keys.values()]

    values = [(names[at], real(arguments.example[at])) for at in keys]
    convention = Text("is-loss-and-gradients", call=arguments.written(subject.name))
    moved = Text("of", names=Names(Text("pair", value=names[at], gradient=key) for at, key in keys.items()))
    held = [one for at, one in enumerate(arguments.names) if at not in keys]
    return Reading(subject, convention, moved, holding(held), lambda: check_function(subject.name, values, loss, gradient, subject.data()))


def dictionary(subject, arguments, gradients):
    """The dictionary of parameters among the arguments, and for each gradient's key that of its parameter."""
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
        Text("error-gives", name=subject.name, names=Names(gradients)), Text("missing-dictionary"), "rg.check(loss, gradients, parameters, X, Y)"
    )


def dictionary_reading(subject, arguments, at, keys, loss, gradient, convention):
    """The reading of a loss of a dictionary of parameters."""
    parameters = [(own, real(arguments.example[at][own])) for own in keys.values()]
    moved = Text("of", names=Names(Text("pair", value=own, gradient=key) for key, own in keys.items()))
    held = [one for number, one in enumerate(arguments.names) if number != at]
    return Reading(subject, convention, moved, holding(held), lambda: check_function(subject.name, parameters, loss, gradient, subject.data()))


def read_two(subject, first, second):
    """Two functions: forward and backward with a cache between them, or a function and its gradient."""
    arguments = Arguments(subject, first, subject.example)
    answer = arguments.call()
    if is_scalar(answer):
        return f_and_gradient(subject, arguments, second)
    if isinstance(answer, np.ndarray) and len(arguments.positions()) == 1 and arity(second)[0] == 1:
        return f_and_slope(subject, arguments, second, answer)
    if isinstance(answer, np.ndarray) and arity(second) == arity(first):
        # An elementwise loss; its gradient is that of the sum.
        arguments.answers = np.sum
        return f_and_gradient(subject, arguments, second)
    if isinstance(answer, tuple) and is_scalar(answer[0]) and _takes_no_upstream(arguments, second):
        return cost_with_cache(subject, first, second, len(answer))
    return pair_with_cache(subject, arguments, second, answer)


def _takes_no_upstream(arguments, second):
    """Whether a backward takes forward's arguments and its cache: then the number that forward returns is the loss."""
    required, names = arity(second)
    return all(name in arguments.names or CACHE.match(name) for name in names[:required])


def cost_with_cache(subject, first, second, count):
    """``forward(X, Y, parameters) → cost, cache`` and ``backward(X, Y, cache) → gradients`` (C10)."""
    _, own = arity(first)
    required, names = arity(second)

    def cost(*given):
        return first(*given)[0]

    def gradients(*given):
        cached = iter(first(*given)[1:])
        return second(*[given[own.index(name)] if name in own else next(cached) for name in names[:required]])

    cost.__wrapped__ = gradients.__wrapped__ = first
    gradients.__qualname__ = kind_of(second)
    return f_and_gradient(subject, Arguments(subject, cost, subject.example), gradients)


def f_and_gradient(subject, arguments, second):
    """A function that returns a number, and one that returns its gradient, of the same arguments."""
    name = kind_of(second)
    other = Arguments(subject, second, subject.example)
    required, names = arity(second)
    given = other.call() if required <= len(subject.example) else None
    if given is None:
        raise ReadingError(
            Text("error-takes-count", name=f"{name}({', '.join(names)})", count=required, other=subject.name, given=len(subject.example)),
            Text("missing-same"),
            Text("help-lambda"),
        )

    def of(values):
        return number(arguments.call(values))

    if isinstance(given, dict):
        at, keys = dictionary(subject, arguments, given)
        put = lambda values: {at: {**arguments.example[at], **dict(zip(keys.values(), values))}}

        def gradient(values):
            now = other.call(put(values))
            return [real(now[key]) for key in keys]

        convention = Text("is-number-and-gradients", call=arguments.written(subject.name), other=name)
        return dictionary_reading(subject, arguments, at, keys, lambda values: of(put(values)), gradient, convention)
    gradients = list(given) if isinstance(given, (tuple, list)) else [given]
    wrt, found, guessed = by_shape(subject, arguments, gradients, of, returned_words(second))

    within = [at for at in wrt if _is_probable(arguments, at)]

    def loss(values):
        put = dict(zip(wrt, values))
        if any(not probabilities(put[at]) for at in within):
            # The loss is undefined there: a difference step beyond 0 or 1 is too long.
            return float("nan")
        return of(put)

    def gradient(values):
        now = other.call(dict(zip(wrt, values)))
        now = list(now) if isinstance(now, (tuple, list)) else [now]
        return [_shaped(now[at], arguments.example[argument]) for at, argument in zip(found, wrt)]

    values = [(arguments.names[at], arguments.example[at]) for at in wrt]
    held = [one for at, one in enumerate(arguments.names) if at not in wrt]
    convention = Text("is-number-and-gradient", call=arguments.written(subject.name), other=name)
    moved = Text("by-guessed" if guessed else "by", names=Names(one for one, _ in values))
    return Reading(subject, convention, moved, holding(held), lambda: check_function(subject.name, values, loss, gradient, subject.data()))


def _is_probable(arguments, at):
    """Whether an argument is predicted probabilities, by its values and its name."""
    name = arguments.names[at]
    return probabilities(arguments.example[at]) and bool(OUTPUT.match(name) or name.lower() in ("y", "p", "a", "prob"))


def _shaped(gradient, value):
    gradient = real(gradient)
    return gradient.reshape(value.shape) if gradient.size == value.size and gradient.ndim <= 1 else gradient


def f_and_slope(subject, arguments, second, answer):
    """An elementwise function and its derivative (C21): at the input, or at the output, whichever fits."""
    at = arguments.positions()[0]
    x, name = arguments.example[at], kind_of(subject.originals[1])
    step = 1e-6 * np.maximum(1.0, np.abs(x))
    slope = (real(arguments.call({at: x + step})) - real(arguments.call({at: x - step}))) / (2 * step)
    candidates = [(arguments.names[at], lambda value, out: value), (Text("the-output"), lambda value, out: out)]
    fits = [np.shape(found) == np.shape(slope) and np.allclose(found, slope, atol=1e-4) for found in (second(x.copy()), second(answer.copy()))]
    where, pick = candidates[1] if fits == [False, True] else candidates[0]
    left = {}

    def forward(value):
        left["x"], left["out"] = value.copy(), real(arguments.call({at: value}))
        return left["out"].copy()

    def backward(dout):
        return dout * real(second(pick(left["x"], left["out"]).copy()))

    form = LayerForm(subject.name, [], forward, backward, input=arguments.names[at])
    convention = Text("is-slope", call=f"{subject.name}({arguments.names[at]})", other=name, where=where)
    times = Text("slope-times", slope=Parts([name, "(", where, ")"], ""))
    return Reading(subject, convention, times, None, lambda: form.check(x))
