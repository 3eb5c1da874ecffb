"""Watches a training loop of one's own, and says why it does not learn."""

import json
import numbers

import numpy as np

from . import _language
from ._language import KNOWN, Text
from ._retrograde import Training
from .errors import ReadingError
from .reading.copying import Copies
from .reading.slots import slots
from .reading.words import BACKWARD, FORWARD, GRADIENT, LOSS, PREDICT, TRAIN_STEP

#: Steps after which what can be proved is proved, and rows that are kept of them.
_PROOF_STEPS = 20
_ROWS = 2_000


class Diagnosis:
    """Why a training does not learn. True if nothing is wrong."""

    def __init__(self, own, code, read):
        self._own, self._code, self.read = own, code, read
        self._forms = own.forms()
        self._data = json.loads(self._forms["json"])

    @property
    def verdict(self):
        """``healthy``, ``fault``, ``no_verdict_yet`` or ``no_signal``."""
        return self._data["verdict"]

    @property
    def cause(self):
        """The name of the cause, such as ``lr.high``; ``None`` without a fault."""
        return self._data["cause"]

    def text(self, lang=None):
        """The diagnosis as text, in ``en`` or ``ko``."""
        return self._forms[lang or self._code]["text"].rstrip()

    def save(self, path):
        """Writes the diagnosis as a page in both languages, with the curves."""
        self._own.save(path)

    def __bool__(self):
        return self.verdict != "fault"

    def __repr__(self):
        return self.text()

    def _repr_html_(self):
        return self._forms[self._code]["html"]


def watch(steps, network=None, *, loss=None, predict=None, budget=30.0, lang=None, quiet=False):
    """Watches a loop that trains a network with NumPy.

    ``for i in rg.watch(range(10_000), network): …`` or ``with rg.watch(network): …``. The first steps are looked at: the rows and targets with
    which the network's methods are called, its outputs, its loss, and how its parameters change. What is proved to prevent learning is
    printed at once; otherwise the verdict is printed when the loop ends. Nothing of yours is changed.

    network: an object with its weights as arrays, and with methods for the loss or the gradient: ``network.loss(x, t)``,
        ``network.gradient(x, t)``.
    loss: the loss, ``lambda network, x, t: …``, if the network has none.
    predict: its outputs, ``lambda network, x: …``, if it has no ``predict`` or ``forward``.
    budget: about how many seconds a diagnosis may take.
    lang: ``en`` or ``ko``; by default that of :func:`language`.
    quiet: whether to print nothing; the result is ``watch.diagnosis``.
    """
    if network is None:
        steps, network = None, steps
    if not (isinstance(budget, numbers.Real) and budget > 0):
        raise ReadingError(Text("error-keyword", name="budget", value=repr(budget)), keyword="budget=30")
    if lang is not None and lang not in KNOWN:
        raise ReadingError(Text("error-keyword", name="lang", value=repr(lang)), keyword="lang='en'")
    return Watch(steps, network, loss, predict, budget, lang, quiet)


class Watch:
    """A loop that is watched. ``diagnosis`` is its result: a :class:`Diagnosis`, or ``None`` while nothing is wrong."""

    def __init__(self, steps, network, loss, predict, budget, lang, quiet):
        self._steps, self._network, self._budget = steps, network, budget
        self._loss, self._predict, self._lang, self._quiet = loss, predict, lang, quiet
        self._wrapped, self._rows, self._count, self._inside = [], [], 0, False
        self._first = self._layers = self._after = self._training = None
        self.diagnosis, self.healthy = None, None

    def __enter__(self):
        network = self._network
        for name in dict.fromkeys((*GRADIENT, *TRAIN_STEP, *LOSS, *BACKWARD)):
            method = getattr(network, name, None)
            if callable(method) and not name.startswith("__"):
                self._wrap(name, method)
        return self

    def __exit__(self, kind, error, place):
        self._unwrap()
        if kind is None:
            self._end()
        return False

    def __iter__(self):
        if self._steps is None:
            raise ReadingError(Text("watch-unknown", why="rg.watch(network)"), keyword="rg.watch(range(n), network)")
        with self:
            for step in self._steps:
                yield step

    # Calls of the network's methods.

    def _wrap(self, name, method):
        def called(*arguments, **keywords):
            outer, self._inside = not self._inside, True
            try:
                if outer:
                    self._see(arguments)
                return method(*arguments, **keywords)
            finally:
                if outer:
                    self._inside = False

        try:
            setattr(self._network, name, called)
        except AttributeError:
            return
        self._wrapped.append(name)

    def _unwrap(self):
        for name in self._wrapped:
            vars(self._network).pop(name, None)
        self._wrapped = []

    def _see(self, arguments):
        rows = _example(arguments)
        if rows is None:
            return
        x, t = rows
        if self._first is None:
            self._begin(x, t)
        elif self._after is None and self._layers is not None and self._has_moved():
            self._after = self._values()
        if sum(len(x) for x, _ in self._rows) < _ROWS:
            self._rows.append((x.copy(), t.copy()))
        self._count += 1
        if self._after is not None and self._count >= _PROOF_STEPS:
            self._unwrap()
            self._prove()

    def _begin(self, x, t):
        """Keeps the batch with what the network computes of it, and its parameters."""
        copy = Copies().of(self._network)
        for name in self._wrapped:
            vars(copy).pop(name, None)
        output = self._output(copy, x)
        value = self._value(Copies().of(self._network), x, t)
        self._first = (x.copy(), t.copy(), output, value)
        if output is not None:
            self._layers = _layers(self._network, x.shape[1], output.shape[1])
            self._before = self._values()

    def _output(self, network, x):
        """What the network returns for rows."""
        called = [self._predict] if self._predict else []
        called += [lambda net, x, name=name: getattr(net, name)(x) for name in ("predict", *PREDICT, *FORWARD) if hasattr(network, name)]
        for one in called:
            try:
                output = np.asarray(one(network, x.copy()), dtype=float)
            except Exception:
                continue
            if output.shape[:1] == x.shape[:1] and output.ndim <= 2:
                return output.reshape(len(x), -1)
        return None

    def _value(self, network, x, t):
        """The loss of rows, if the network has one."""
        for name in self._wrapped:
            vars(network).pop(name, None)
        called = [self._loss] if self._loss else [lambda net, x, t, name=name: getattr(net, name)(x, t) for name in LOSS if hasattr(network, name)]
        for one in called:
            try:
                value = np.asarray(one(network, x.copy(), t.copy()), dtype=float)
            except Exception:
                continue
            if value.size == 1:
                return float(value.reshape(()))
        return None

    def _values(self):
        return [(weight.get().copy(), None if bias is None else np.array(bias.get(), dtype=float).reshape(1, -1)) for weight, bias in self._layers or []]

    def _has_moved(self):
        return any(not np.array_equal(before[0], now[0]) for before, now in zip(self._before, self._values()))

    # The answer.

    def _prove(self):
        training = self._found()
        if training is not None and training.is_prevented():
            self._diagnose(training)

    def _end(self):
        if self.diagnosis is not None:
            return
        if self._after is None and self._layers and self._has_moved():
            self._after = self._values()
        why = self._missing()
        training = None if why else self._found()
        if training is None:
            self._print(Text("watch-unknown", why=why or Text("watch-not-found")))
            return
        x, t = (np.concatenate(one) for one in zip(*self._rows))
        output = self._output(self._network, x)
        width = self._first[2].shape[1]
        skill, value, learned = training.judge(_targets(t, width), np.ascontiguousarray(output, dtype=float))
        if learned and skill >= 0.9:
            self.healthy = True
            self._print(Text("watch-healthy", score=f"{100 * value:.1f} %"))
        else:
            self._diagnose(training)

    def _missing(self):
        """Why there is nothing to diagnose, or ``None``."""
        if self._first is None:
            return Text("watch-no-calls", names=", ".join([*GRADIENT[:2], LOSS[0]]))
        if not self._layers:
            outputs = 0 if self._first[2] is None else self._first[2].shape[1]
            return Text("watch-no-layers", inputs=self._first[0].shape[1], outputs=outputs)
        return None if self._after else Text("watch-no-step")

    def _found(self):
        if self._training is None:
            x, t, output, value = self._first
            rows = [np.concatenate(one) for one in zip(*self._rows)]
            width = output.shape[1]
            steps = len(self._steps) if hasattr(self._steps, "__len__") else max(self._count, 1_000)
            batch = (_real(x), _targets(t, width))
            self._training = Training.find(batch, _real(output), value, self._before, self._after, (_real(rows[0]), _targets(rows[1], width)), steps)
        return self._training

    def _diagnose(self, training):
        network, loss, optimizer = training.description()
        read = Text("watch-read", network=network, loss=loss, optimizer=optimizer)
        self.diagnosis = Diagnosis(training.diagnose(float(self._budget)), self._lang or _language.current(), read)
        self.healthy = bool(self.diagnosis)
        self._print(self.diagnosis)

    def _print(self, answer):
        if not self._quiet:
            print(answer.said(self._lang or _language.current()) if isinstance(answer, Text) else answer)


def _real(array):
    return np.ascontiguousarray(array, dtype=float)


def _targets(t, width):
    """Targets as rows of numbers; classes as one-hot rows."""
    t = np.asarray(t)
    if t.ndim == 1 and width > 1 and t.dtype.kind in "iu":
        return np.eye(width)[t]
    return _real(t.reshape(len(t), -1))


def _example(arguments):
    """Rows and targets among the arguments of a call."""
    arrays = [np.asarray(one) for one in arguments if isinstance(one, (np.ndarray, list))]
    arrays = [one for one in arrays if one.ndim and one.dtype.kind in "fiub"]
    if len(arrays) < 2:
        return None
    x, t = arrays[:2]
    if x.ndim != 2 or len(x) != len(t) or t.ndim > 2:
        return None
    return x, t


def _layers(network, inputs, outputs):
    """The weights that lead from inputs to outputs, each with its bias: their places, in order."""
    seen, weights, biases = set(), [], []
    for slot in slots(network):
        value = slot.get()
        if not isinstance(value, np.ndarray) or id(value) in seen or _is_gradient(slot.short):
            continue
        seen.add(id(value))
        (weights if value.ndim == 2 and 1 not in value.shape[:1] else biases).append(slot)
    chain = _chain(weights, inputs, outputs, [])
    if chain is None:
        return None
    pairs = []
    for weight in chain:
        width = weight.get().shape[1]
        own = next((bias for bias in biases if bias.get().size == width and bias.get().ndim <= 2), None)
        if own is not None:
            biases.remove(own)
        pairs.append((weight, own))
    return pairs


def _chain(weights, inputs, outputs, taken):
    """Weights whose shapes fit one behind the other; as they stand in the object, and as long as possible."""
    best = None
    for weight in weights:
        if any(weight is one for one in taken) or weight.get().shape[0] != inputs:
            continue
        width = weight.get().shape[1]
        rest = _chain(weights, width, outputs, [*taken, weight])
        own = [weight, *rest] if rest is not None else [weight] if width == outputs else None
        if own is not None and (best is None or len(own) > len(best)):
            best = own
    return best


def _is_gradient(name):
    """Whether a name is that of a gradient or of something remembered."""
    word = name.lower().replace("_", "").rsplit(".", 1)[-1]
    return word.startswith(("d", "grad")) and word not in ("data",) or word in ("x", "out", "y", "t", "mask")
