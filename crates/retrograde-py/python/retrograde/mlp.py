"""Multi-layer perceptrons of the engine, trained on NumPy arrays."""

import os
from collections.abc import Mapping

import numpy as np

from . import _retrograde, arrays
from ._progress import Line
from .errors import Error
from .history import History
from .optim import Optimizer, Sgd


class Mlp:
    """A multi-layer perceptron: affine layers with activations between them; with one hidden layer the book's TwoLayerNet.

    >>> import retrograde as rg
    >>> x_train, t_train, x_test, t_test = rg.digits()
    >>> net = rg.Mlp([784, 50, 10])
    >>> run = net.fit(x_train, t_train, epochs=10, validation=(x_test, t_test))
    >>> net.accuracy(x_test, t_test) > 0.85
    True

    sizes: the widths: inputs, hidden layers, classes.
    activation: ``'relu'``, ``'sigmoid'`` or ``'tanh'``.
    init: the standard deviation of the weights, or ``'he'``, ``'xavier'``, ``'zero'``.
    seed: the seed of the weights.
    """

    def __init__(self, sizes, activation="relu", init=0.01, seed=0):
        init = init if isinstance(init, str) else f"normal:{float(init)!r}"
        self._net = _retrograde.Mlp([int(size) for size in sizes], activation, init, seed)

    @classmethod
    def load(cls, path):
        """Reads a network written by :meth:`save` or by ``retrograde train``."""
        net = cls.__new__(cls)
        net._net = _retrograde.Mlp.load(os.fspath(path))
        return net

    def save(self, path):
        """Writes the network as a safetensors file, completely or not at all."""
        self._net.save(os.fspath(path))

    @property
    def sizes(self):
        """The widths: inputs, hidden layers, classes."""
        return list(self._net.sizes)

    @property
    def params(self):
        """The weights by name: ``net.params['affine1.weight']`` is a copy; assigning an array changes the network."""
        return Parameters(self._net)

    def fit(
        self,
        x,
        t,
        *,
        epochs=None,
        steps=None,
        batch=100,
        optimizer=None,
        validation=None,
        seed=0,
        threads=None,
        folder=None,
        resume=False,
        callback=None,
        progress=None,
        interrupt="keep",
    ):
        """Trains on images of bytes with their classes, and returns the :class:`History`.

        x: ``[N, …]``, uint8 from 0 to 255, or these divided by 255. They are copied once, one byte per number.
        t: ``[N]`` classes, or one-hot rows.
        epochs, steps: the length of the training; 10 epochs by default.
        batch: the batch size.
        optimizer: ``rg.Sgd(0.1)`` by default.
        validation: ``(x, t)``, evaluated after each epoch.
        seed: the seed of the batches. The same seed gives the same bits on any number of threads.
        folder: the directory of checkpoints; ``resume=True`` continues from the last one.
        callback: called with a dictionary after each epoch; ends the training by returning ``False``.
        progress: whether to show a progress line; by default in a terminal or notebook, after a second.
        interrupt: ``'keep'`` ends the training at Ctrl-C and keeps the weights; ``'raise'`` also raises KeyboardInterrupt.

        Other Python threads can run during the training.
        """
        if interrupt not in ("keep", "raise"):
            raise Error(f"interrupt: {interrupt!r}\n  help: 'keep' or 'raise'")
        optimizer = Sgd() if optimizer is None else optimizer
        if not isinstance(optimizer, Optimizer):
            raise Error(f"optimizer: {optimizer!r}\n  help: pass rg.Sgd(0.1), rg.Adam(0.001) or the like")
        width, classes = self.sizes[0], self.sizes[-1]
        images = arrays.images(x, width)
        labels = arrays.labels(t, len(images), classes)
        held = None
        if validation is not None:
            test = arrays.images(validation[0], width, "validation[0]")
            held = (test, arrays.labels(validation[1], len(test), classes, "validation[1]"))
        epochs = 10 if epochs is None and steps is None else epochs
        see = _Watch(callback, progress, epochs, held is not None)
        try:
            found = self._net.fit(
                images,
                labels,
                held,
                optimizer.settings(),
                epochs,
                steps,
                min(batch, len(images)),
                seed,
                threads,
                None if folder is None else os.fspath(folder),
                resume,
                see,
            )
        finally:
            see.close()
        history = History(found, held is not None)
        if history.interrupted and interrupt == "raise":
            raise KeyboardInterrupt
        return history

    def probabilities(self, x):
        """The probability of each class, ``[N, classes]``."""
        logits = self._net.logits(arrays.rows(x, self.sizes[0]))
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def predict(self, x):
        """The most probable class of each row."""
        return self._net.logits(arrays.rows(x, self.sizes[0])).argmax(axis=1)

    def accuracy(self, x, t):
        """The fraction of rows whose most probable class is the right one."""
        predicted = self.predict(x)
        return float(np.mean(predicted == arrays.labels(t, len(predicted), self.sizes[-1])))

    def loss(self, x, t):
        """The mean cross entropy."""
        return self._rows_and_labels(self._net.gradient, x, t)[0]

    def gradient(self, x, t):
        """The gradient of the loss by each parameter, as the book's ``network.gradient``."""
        return self._rows_and_labels(self._net.gradient, x, t)[1]

    def graph(self, x, t):
        """The graph of the loss on these rows: a :class:`Var` that notebooks draw; ``.page('net.html')`` to explore it."""
        return self._rows_and_labels(self._net.graph, x, t)

    def _rows_and_labels(self, run, x, t):
        rows = arrays.rows(x, self.sizes[0])
        return run(rows, arrays.labels(t, len(rows), self.sizes[-1]))

    def __repr__(self):
        return f"<retrograde.Mlp {'-'.join(map(str, self.sizes))} {self._net.activation}>"


class Parameters(Mapping):
    """The weights of a network by name. A read value is a copy; an assigned array changes the network."""

    def __init__(self, net):
        self._net = net

    def __getitem__(self, name):
        if name not in self._net.names:
            raise KeyError(name)
        return self._net.parameter(name)

    def __setitem__(self, name, value):
        self._net.set_parameter(name, np.asarray(value, dtype=np.float64))

    def __iter__(self):
        return iter(self._net.names)

    def __len__(self):
        return len(self._net.names)

    def __repr__(self):
        return "{" + ", ".join(f"'{name}': {value.shape}" for name, value in self.items()) + "}"


class _Watch:
    """Observes the epochs of a training: shows the progress, and calls the user's function."""

    def __init__(self, callback, progress, epochs, validated):
        self.callback, self.epochs, self.validated = callback, epochs, validated
        self.line = None if progress is False else Line(always=bool(progress))

    def __call__(self, record):
        if not self.validated:
            record = {name: value for name, value in record.items() if not name.startswith("test")}
        if self.line is not None:
            of = "" if self.epochs is None else f" of {self.epochs}"
            accuracy = record.get("test_accuracy", record["train_accuracy"])
            self.line.show(f"epoch {record['epoch']:.1f}{of}  loss {record['loss']:.4f}  accuracy {accuracy:.4f}")
        return None if self.callback is None else self.callback(record)

    def close(self):
        if self.line is not None:
            self.line.close()
