"""Layer and loss objects: ``forward`` and ``backward``, parameters and gradients on the object (C1, C2, C3, C5, C14)."""

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .copying import attributes, deep
from .differences import agrees
from .forms import LayerForm, LossForm, check_vjp, real
from .labels import Labels
from .means import check_layer
from .objects import ObjectCalls, is_layer, method
from .reading import Reading
from .slots import is_array, slots
from .subject import arity, described, is_number
from .words import FORWARD, OUTPUT, OUTPUTS, RATE, TARGET, UPSTREAM


def read(subject):
    """Reads an object with forward and backward, or returns ``None``."""
    if len(subject.things) != 1 or not is_layer(subject.thing):
        return None
    if not subject.example:
        raise ReadingError(Text("error-example", name=subject.name), Text("missing-input"), f"rg.check({subject.name.lower()}, x)")
    example = subject.example
    at = labels_at(subject, example)
    if at is not None and not _is_network(subject, example):
        return read_loss(subject, example, at)
    return read_layer(subject, example)


def _is_network(subject, example):
    """Whether it includes its loss and returns gradients of parameters."""
    calls = ObjectCalls(deep(subject.thing, {}), subject)
    if calls.required > 1 or not any(is_array(slot.get()) for slot in slots(subject.thing)):
        return False
    try:
        calls.forward(*[one.copy() if isinstance(one, np.ndarray) else one for one in example])
        return not calls.backward([1.0]) or bool(study_layer(deep(subject.thing, {}), subject, example)[0].parameters)
    except Exception:
        return False


def labels_at(subject, example):
    """The position of the labels among forward's arguments, if there are any."""
    if subject.labels_at is not None:
        return subject.labels_at
    if len(example) != 2:
        return None
    name, forward = method(subject.thing, FORWARD)
    _, names = arity(forward)
    one, other = example
    for at, (label, rest) in ((1, (other, one)), (0, (one, other))):
        if isinstance(label, np.ndarray) and label.dtype.kind in "iub" and np.ndim(rest) >= 1 and np.ndim(label) >= 1:
            if np.asarray(rest).dtype.kind == "f":
                return at if _ends(subject, one, other) else None
    if is_number(one) or np.ndim(one) == 0:
        return None
    if np.size(one) == np.size(other) and np.asarray(other).dtype.kind == "f":
        # Two arrays of real numbers: a loss returns one number, and a gradient for one of them.
        calls = ObjectCalls(subject.thing, subject)
        out = calls.forward(one.copy(), other.copy())
        each = len(out) == 1 and out[0].size > 1 and callable(getattr(subject.thing, "calculate", None))
        if (len(out) == 1 and out[0].size == 1 or each) and np.size(one) > 1:
            if calls.required == 2:
                return 1
            answers = calls.backward([1.0], [1.0][: min(1, len(calls.accepts))])
            if len(answers) == 1:
                first = len(names) > 1 and TARGET.match(names[0]) and not TARGET.match(names[1])
                return 0 if first else 1
    if isinstance(other, (int, np.integer)) and len(names) > 1 and TARGET.match(names[1]):
        return 1
    return None


def _ends(subject, one, other):
    """Whether forward of a float array and integers is a loss: it gives a number, or has a method that makes one of what it gives. One
    number for each row is a layer with indices, if backward takes an upstream gradient of them."""
    calls = ObjectCalls(subject.thing, subject)
    try:
        out = calls.forward(one.copy(), other.copy())
    except Exception:
        return True
    return len(out) == 1 and out[0].size == 1 or callable(getattr(subject.thing, "calculate", None)) or calls.required != 1


def study_layer(thing, subject, example, packed=False):
    """An object that has been called once in each direction, and its inputs as arrays."""
    calls = ObjectCalls(thing, subject)
    calls.packed = packed
    moves = [isinstance(one, (np.ndarray, float, int, np.number)) and not isinstance(one, bool) for one in example]
    kinds = [is_number(one) for one in example]
    indices = [False] * len(example)
    inputs = []
    for at, one in enumerate(example):
        value = np.asarray(one)
        if moves[at] and value.dtype.kind in "iu" and value.ndim:
            indices[at] = not takes_reals(calls, example, at)
        inputs.append(real(value) if moves[at] and not indices[at] else one)

    def given(values):
        return [float(v) if kinds[at] else (v.copy() if isinstance(v, np.ndarray) else v) for at, v in enumerate(values)]

    def upstream(outputs):
        return [_like(out, np.cos(1.0 + np.arange(out.size)).reshape(out.shape)) for out in outputs]

    outputs = calls.study(given(inputs), upstream)
    movable = [at for at in range(len(example)) if moves[at] and not indices[at]]
    whole = [at for at in movable if np.ndim(example[at]) and np.asarray(example[at]).dtype.kind in "iu"]
    if whole == movable and calls.parameters and not any(one is not None for one in calls.backward(upstream(outputs))):
        # Indices that forward converts to integers itself: backward returns no gradient of them.
        for at in whole:
            inputs[at] = example[at]
        movable = []
    return calls, inputs, movable, given


def takes_reals(calls, example, at):
    """Whether forward takes real numbers in place of integers: indexing raises an error for them."""
    tried = [real(one) if number == at else one for number, one in enumerate(example)]
    try:
        calls.forward(*tried)
    except (IndexError, TypeError):
        return False
    return True


def _like(out, dout):
    """An upstream gradient as NumPy code would pass it on: a scalar for a scalar."""
    return float(dout) if out.ndim == 0 else dout


def layer_form(calls, given, inputs, at, name):
    """The form of an object with one perturbed input and one output."""

    def forward(x):
        values = list(inputs)
        values[at] = x
        return calls.forward(*_passed(given, values, at, x))[0]

    def backward(dout):
        answers = calls.backward([_like(dout, dout)])
        if len(answers) <= at and len(answers) != 1:
            raise ReadingError(Text("error-no-input", name=f"{calls.kind}.{calls.backward_name}"), "dx", Text("help-return"))
        return answers[at if len(answers) > at else 0]

    parameters = [(one.name, one.array) for one in calls.parameters]
    return LayerForm(calls.kind, parameters, forward, backward, calls.gradients, name)


def _passed(given, values, at, x):
    """The array itself is passed on, so that writes into it are detected."""
    passed = given(values)
    if isinstance(passed[at], np.ndarray):
        passed[at] = x
    return passed


def read_layer(subject, example):
    """An object as a layer."""
    packed = len(example) == 1 and isinstance(example[0], (list, tuple)) and all(is_array(one) for one in example[0])
    example = list(example[0]) if packed else example
    calls, inputs, movable, given = study_layer(subject.thing, subject, example, packed)
    calls.kind = subject.name
    outputs = calls.forward(*given(inputs))
    if len(outputs) == 1 and outputs[0].size == 1 and (len(movable) > 1 or calls.parameters):
        # A network that includes its loss returns no gradient of its labels, and perhaps none of its input.
        movable = movable[: len(calls.backward([_like(outputs[0], np.ones(outputs[0].shape))]))]
    names = [] if packed else arity(getattr(calls.thing, calls.forward_name))[1]
    names += [f"input{at}" for at in range(len(names), len(inputs))]
    parameters = [one.name for one in calls.parameters]
    subject.notes.extend(calls.notes)
    calls.add_to(subject.sources, calls.kind)
    call = f"{calls.forward_name}({', '.join(names[: len(example)])})"
    back = f"{calls.backward_name}({', '.join(calls.accepts[: max(1, calls.required)])})"
    convention = Text("is-layer", name=calls.kind, call=call, out=_count(outputs), back=back)
    pairs = [Text("pair", value=one.name, gradient=one.gradient.name) for one in calls.parameters]
    held = [names[at] for at in range(len(inputs)) if at not in movable]
    moved = Text("of", names=Names([*(f"d{names[at]}" for at in movable), *pairs]))
    # A layer is called with other numbers of rows, which a second array does not have.
    alone = all(at in movable or not np.ndim(one) for at, one in enumerate(inputs))
    if len(movable) == 1 and len(outputs) == 1 and alone:
        form = layer_form(calls, given, inputs, movable[0], names[movable[0]])
        return Reading(subject, convention, moved, _held(held), lambda: check_layer(subject, form, inputs[movable[0]]))

    ends = _ends_in_loss(calls, outputs)
    if ends:
        subject.notes.append(Text("note-end"))

    def forward(values):
        own = list(inputs)
        for position, at in enumerate(movable):
            own[at] = values[position]
        for one, value in zip(calls.parameters, values[len(movable) :]):
            one.array[...] = value
        return calls.forward(*given(own))

    def backward(values, douts):
        answers = calls.backward([_like(out, np.ones(out.shape) if ends else dout) for out, dout in zip(outputs, douts)])
        gradients = calls.gradients()
        if ends:
            answers, gradients = _times(answers, douts[0]), dict(zip(gradients, _times(gradients.values(), douts[0])))
        if len(answers) == len(inputs):
            answers = [answers[at] for at in movable]
        if movable and len(answers) != len(movable):
            raise ReadingError(
                Text("error-gives-count", name=f"{calls.kind}.{calls.backward_name}", count=len(answers), inputs=Text("inputs", count=len(movable))),
                Text("missing-each"),
                Text("help-order"),
            )
        return [*answers[: len(movable)], *(gradients[name] for name in parameters)]

    arguments = [(names[at], inputs[at]) for at in movable] + [(one.name, one.array) for one in calls.parameters]
    if not arguments:
        raise ReadingError(Text("error-nothing", name=calls.kind), Text("missing-parameter"), "params={'W': 'dW'}")
    return Reading(subject, convention, moved, _held(held), lambda: check_vjp(subject.name, arguments, forward, backward))


def _ends_in_loss(calls, outputs):
    """Whether the only output is a number and backward gives the same for each upstream gradient of it: at the end of a graph that is 1."""
    if len(outputs) != 1 or outputs[0].size != 1:
        return False
    seen = []
    for factor in (1.0, 2.0):
        calls.forward(*[one.copy() if isinstance(one, np.ndarray) else one for one in calls.inputs])
        answers = calls.backward([_like(outputs[0], np.full(outputs[0].shape, factor))])
        seen.append([one for one in (*answers, *calls.gradients().values()) if one is not None])
    return any(np.any(one) for one in seen[0]) and all(np.array_equal(a, b) for a, b in zip(*seen))


def _times(values, dout):
    return [None if one is None else one * float(np.reshape(dout, ())) for one in values]


def _count(outputs):
    return Text("one-output") if len(outputs) == 1 else Text("outputs", count=len(outputs))


def _held(names):
    return Text("held", names=Names(names)) if names else None


class LossCalls:
    """A loss object: called with predictions and labels, in its own order."""

    def __init__(self, thing, subject, at, name):
        self.calls, self.at, self.kind = ObjectCalls(thing, subject), at, name or type(thing).__name__
        self._last, self.within, self.takes_output = None, False, None

    def forward(self, x, labels):
        """The loss, as a number."""
        if self.within and not (x.min() > 0 and x.max() < 1):
            # The loss is undefined there: a difference step beyond 0 or 1 is too long.
            return float("nan")
        pair = (x, labels) if self.at == 1 else (labels, x)
        self._last = pair
        calculate = getattr(self.calls.thing, "calculate", None)
        out = self.calls.forward(*pair)
        if out[0].size != 1 and callable(calculate):
            out = [real(calculate(*pair))]
        if len(out) != 1 or out[0].size != 1:
            raise ReadingError(
                Text("error-gives-rows", name=f"{self.kind}.{self.calls.forward_name}", kind=described(out[0])),
                Text("missing-number"),
                "loss=lambda thing, x, t: thing.forward(x, t).mean()",
            )
        return float(out[0].reshape(()))

    def backward(self, dout):
        """The gradient of the predictions."""
        required, accepts = self.calls.required, self.calls.accepts
        if required == 2:
            arguments = self._with(self.takes_output)
        elif required == 3:
            arguments = [dout, *self._last]
        elif accepts and not RATE.match(accepts[0]):
            arguments = [dout]
        else:
            arguments = []
        return self._answer(dout, arguments)

    def _with(self, output):
        """The arguments of a backward with two: those of forward, or forward's stored output in place of the prediction."""
        pair = list(self._last)
        if output is not None:
            pair[1 - self.at] = attributes(self.calls.thing)[output].copy()
        return pair

    def choose(self, forward, x):
        """Settles whether backward takes the input or the output that forward left, as a softmax joined with its loss does (nnfs): by
        the differences of the loss, else by what the argument is called."""
        forward(x)
        left = [
            name
            for name, value in attributes(self.calls.thing).items()
            if name.lower() in OUTPUTS and is_array(value) and value.shape == x.shape and not np.array_equal(value, x)
        ]
        if self.calls.required != 2 or not left:
            return
        fits = []
        for one in (None, left[0]):
            forward(x)
            try:
                gradient = self._answer(1.0, self._with(one))
                fits.append(agrees(lambda values: forward(values[0]), 0, x, gradient))
            except Exception:
                fits.append(False)
        called = self.calls.accepts[1 - self.at]
        if fits[1] and not fits[0] or fits[0] == fits[1] and (UPSTREAM.match(called) or OUTPUT.match(called)):
            self.takes_output = left[0]
            self.calls.subject.notes.append(Text("note-given", backward=self.calls.backward_name, name=f"self.{left[0]}"))

    def _answer(self, dout, arguments):
        answers = self.calls.backward([dout], arguments)
        if not answers:
            raise ReadingError(Text("error-gives-nothing", name=f"{self.kind}.{self.calls.backward_name}"), Text("missing-input-gradient"), "return dx")
        return answers[0 if len(answers) == 1 else 1 - self.at]


def probabilities(x):
    """Whether these are probabilities: a loss of probabilities is right only for these."""
    x = np.asarray(x)
    return bool(x.size > 1 and x.min() > 0 and x.max() < 1)


def loss_form(thing, subject, at, x, t, name=None):
    """A loss object in its form, with the labels as the check takes them; ``None`` for other targets."""
    calls = LossCalls(thing, subject, at, name)
    calls.within = probabilities(x)
    labels = Labels(t)
    taken = labels.form(np.shape(x))
    if taken is not None:

        def forward(logits, asked):
            return calls.forward(logits, labels.back(asked, logits.shape))

        calls.choose(lambda values: forward(values, np.asarray(taken)), real(x))
        return calls, LossForm(calls.kind, forward, calls.backward), taken

    def closed(logits):
        return real(calls.forward(logits, labels.rows(logits.shape[0] if logits.ndim else 1)))

    calls.choose(lambda values: float(closed(values)), real(x))
    closed(real(x))
    once, twice = calls.backward(1.0), calls.backward(2.0)
    ignored = np.array_equal(once, twice)
    if ignored:
        subject.notes.append(Text("note-end"))

    def backward(dout):
        return calls.backward(1.0) * float(dout) if ignored else calls.backward(float(dout))

    return calls, LayerForm(calls.kind, [], closed, backward), None


def read_loss(subject, example, at):
    """An object as a loss."""
    x, t = real(example[1 - at]), example[at]
    calls, form, taken = loss_form(subject.thing, subject, at, x, t, subject.name)
    calls.calls.add_to(subject.sources, calls.kind)
    order = "(x, t)" if at == 1 else "(t, x)"
    arguments = ", ".join(calls.calls.accepts[: max(calls.calls.required, 1)])
    call, back = f"{calls.calls.forward_name}{order}", f"{calls.calls.backward_name}({arguments})"
    convention = Text("is-loss", name=calls.kind, call=call, back=back)
    kind = "rows" if isinstance(taken, np.ndarray) else "classes" if taken is not None else "targets"
    held = Text("held-labels", kind=described(np.asarray(t)), taken=Text(kind))
    check = (lambda: form.check(x, taken)) if taken is not None else (lambda: form.check(x))
    return Reading(subject, convention, Text("of-first" if at else "of-second", name="dx"), held, check)
