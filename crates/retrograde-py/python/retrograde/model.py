"""What all networks of the engine have: training on arrays, prediction, checks and files."""

import json
import os
from collections.abc import Mapping

import numpy as np

from . import _language, _retrograde, arrays, tasks
from ._language import Text
from ._progress import Line, shown
from .dataset import Dataset
from .errors import Error
from .history import History
from .optim import Optimizer, Sgd
from .report import Report

_PRECISIONS = {"float32": "f32", "float64": "f64"}
#: The rows of a data set whose gradient is checked.
_CHECKED = 10


class Model:
    """A network. Its subclasses are :class:`Mlp` and :class:`Network`.

    Rows are arrays or data frames of real numbers: uint8 are images, divided by 255; all others are used as they are. Targets are
    whole numbers or texts for classes, one-hot rows, or numbers for a regression. The task is that of the ``task``, else of the
    ``loss``, else of the targets and the number of outputs: one output is a regression.
    """

    def __init__(self, net, classes=None):
        self._net, self._classes, self._loss = net, classes, None

    @classmethod
    def load(cls, path):
        """Reads a network written by :meth:`save` or by ``retrograde train``, with the names of its classes, and what makes numbers
        of the rows of a table."""
        from .mlp import Mlp
        from .network import Network

        found = _retrograde.Model.load(os.fspath(path))
        kind = Mlp if "sizes" in json.loads(found.config) else Network
        if not issubclass(kind, cls):
            raise Error(f"{os.fspath(path)}: it is a {kind.__name__}\n  help: rg.{kind.__name__}.load(path)")
        net = kind.__new__(kind)
        Model.__init__(net, found)
        return net

    def save(self, path, dtype="float32"):
        """Writes the network and what is known of its data to one safetensors file, completely or not at all. ``dtype``:
        ``'float32'``, or ``'float64'`` to keep the values of a training in it."""
        self._net.save(os.fspath(path), _precision(dtype))

    def save_pytorch(self, path, dtype="float32"):
        """Writes the values for PyTorch: ``module.load_state_dict(safetensors.torch.load_file(path))``."""
        self._net.save_pytorch(os.fspath(path), _precision(dtype))

    def load_pytorch(self, path):
        """Reads the values of a PyTorch module: ``safetensors.torch.save_file(module.state_dict(), path)``."""
        self._net.load_pytorch(os.fspath(path))

    @property
    def params(self):
        """The parameters by name: ``net.params['affine1.weight']`` is a copy; assigning an array changes the network."""
        return Parameters(self._net)

    @property
    def outputs(self):
        """The number of outputs for a row."""
        shape = self._net.output
        if len(shape) != 1:
            raise Error(
                f"layers: the output for a row has the shape {tuple(shape)}\n"
                "  help: end with rg.nn.Flatten() or rg.nn.GlobalAvgPool(), and rg.nn.Linear(outputs)"
            )
        return shape[0]

    @property
    def task(self):
        """``'classification'``, ``'multi_label'`` or ``'regression'``; ``None`` before a training."""
        data = json.loads(self._net.data)
        return None if data is None else data["task"]

    @property
    def classes(self):
        """The classes by number: what :meth:`predict` gives. ``None`` if the task is another."""
        if self._task() != tasks.CLASSIFICATION:
            return None
        if self._classes is None:
            data = json.loads(self._net.data)
            self._classes = tasks.classes_of(data["class_names"] if data else [], self.outputs)
        return self._classes

    def _task(self):
        return self.task or (tasks.REGRESSION if self.outputs == 1 else tasks.CLASSIFICATION)

    def fit(
        self,
        x,
        t=None,
        *,
        sample_weight=None,
        epochs=None,
        steps=None,
        batch=100,
        accumulate=1,
        optimizer=None,
        loss=None,
        task=None,
        validation=None,
        validation_fraction=None,
        patience=None,
        keep_best=False,
        replacement=True,
        seed=0,
        threads=None,
        dtype="float32",
        folder=None,
        resume=False,
        callback=None,
        progress=None,
        interrupt="keep",
    ):
        """Trains on rows and their targets, or on a :class:`Dataset`, and returns the :class:`History`.

        x: ``[N, …]`` real numbers. They are copied once; images take a byte for each number.
        t: ``[N]`` classes or numbers, or ``[N, outputs]``.
        sample_weight: ``[N]``: the loss is then the weighted mean of the rows.
        epochs, steps: the length of the training; 10 epochs by default.
        batch: the batch size.
        accumulate: the batches whose gradients are averaged before each update, as one batch of all their rows.
        optimizer: ``rg.Sgd(0.1)`` by default.
        loss: ``'cross-entropy'``, also ``'cross-entropy+smoothing:0.1'``, ``'binary-cross-entropy'``, ``'squared-error'``,
            ``'absolute-error'``, ``'huber:1'``. By default that of the task.
        task: ``'classification'``, ``'multi_label'`` or ``'regression'``. By default that of the loss, or of the targets.
        validation: ``(x, t)`` or ``(x, t, sample_weight)``, evaluated after each epoch.
        validation_fraction: the share of the training rows that are set apart to decide for ``patience`` and ``keep_best``. The
            rows of ``validation``, or the test rows of a :class:`Dataset`, are then evaluated once, at the end.
        patience: ends the training once the loss of the rows set apart, or else the validation loss, has not been below its lowest
            for so many epochs; without either the loss of the training data counts. A loss that decided is a little too good an
            estimate for new data.
        keep_best: keeps the weights of the epoch with the lowest of these losses.
        replacement: whether batches are drawn with replacement; otherwise each epoch is a shuffled pass over the rows.
        seed: the seed of the batches. The same seed gives the same bits on any number of threads.
        dtype: the precision of the training, ``'float32'`` or ``'float64'``.
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
        if isinstance(x, Dataset):
            if any(one is not None for one in (t, sample_weight, validation, task)):
                raise Error("fit: a data set has its targets, test rows and task\n  help: pass it alone")
            data, classes, validated = x._data, None, True
        else:
            data, classes, _ = self._dataset(x, t, sample_weight, validation, loss, task, learn=True)
            validated = validation is not None
        epochs = 10 if epochs is None and steps is None else epochs
        settings = {
            "optimizer": json.loads(optimizer.settings()),
            "loss": loss,
            "patience": _whole("patience", patience, 1),
            "keep_best": bool(keep_best),
            "epochs": _whole("epochs", epochs, 0),
            "steps": _whole("steps", steps, 0),
            "batch": _whole("batch", batch, 1),
            "accumulate": _whole("accumulate", accumulate, 1),
            "validation_fraction": None if validation_fraction is None else float(validation_fraction),
            "seed": _whole("seed", seed, 0),
            "threads": _whole("threads", threads, 1),
            "precision": _precision(dtype),
            "sampling": "with_replacement" if replacement else "without_replacement",
        }
        see = _Watch(callback, progress, epochs, validated)
        try:
            found = self._net.fit(data, json.dumps(settings), None if folder is None else os.fspath(folder), resume, see)
        finally:
            see.close()
        self._classes, self._loss = classes, loss
        history = History(found, validated)
        if history.interrupted and interrupt == "raise":
            raise KeyboardInterrupt
        return history

    def predict(self, x):
        """The most probable class of each row, ``[N]``; of a regression the numbers, ``[N]`` with one output and ``[N, outputs]``
        otherwise; of a multi-label task zeros and ones, ``[N, outputs]``. ``x``: rows, or the path of a table with the columns of the
        :class:`Dataset` of the training."""
        outputs = self._outputs(x)
        task = self._task()
        if task == tasks.CLASSIFICATION:
            return self.classes[outputs.argmax(axis=1)]
        if task == tasks.MULTI_LABEL:
            return (outputs > 0).astype(np.int64)
        mean, deviation = self._net.scale
        outputs = outputs * deviation + mean
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict_proba(self, x):
        """The probability of each class, in the order of :attr:`classes`, or of each label: ``[N, outputs]``."""
        task = self._task()
        if task == tasks.REGRESSION:
            raise Error("predict_proba: a regression has no classes\n  help: net.predict(x)")
        return (tasks.softmax if task == tasks.CLASSIFICATION else tasks.sigmoid)(self._outputs(x))

    def score(self, x, t=None, sample_weight=None):
        """The accuracy, or R² of a regression: 1 at best. Of a :class:`Dataset` that on its test rows."""
        if isinstance(x, Dataset):
            x, t = x.x_test, x.y_test
        predicted, task = self.predict(x), self._task()
        found, count = tasks.targets(t), len(predicted)
        weights = arrays.weights(sample_weight, count)
        if task == tasks.CLASSIFICATION:
            # Labels that are all known, or an error that names the classes.
            index, classes = tasks.labels(found, count, self.outputs, self.classes)
            right = np.array([str(one) for one in classes])[index] == predicted.astype(str)
            return float(np.average(right, weights=weights))
        found = tasks.numbers(found, count, self.outputs)
        if task == tasks.MULTI_LABEL:
            return float(np.average((found > 0.5) == predicted.reshape(found.shape), axis=0, weights=weights).mean())
        return tasks.r2(predicted, found, weights)

    def accuracy(self, x, t):
        """The fraction of rows whose most probable class is the right one; of a multi-label task that of all labels."""
        if self._task() == tasks.REGRESSION:
            raise Error("accuracy: a regression has none\n  help: net.score(x, t) is its R²")
        return self.score(x, t)

    def loss(self, x, t, loss=None, sample_weight=None):
        """The loss, as in evaluation: that of the last training, or of this name, or of the task."""
        return self._with_loss(self._net.loss, x, t, loss, sample_weight)

    def gradient(self, x, t, loss=None, sample_weight=None):
        """The gradient of the loss by each parameter, as in training: the book's ``network.gradient``."""
        return self._with_loss(self._net.gradient, x, t, loss, sample_weight)

    def graph(self, x, t, loss=None, sample_weight=None):
        """The graph of the loss on these rows: a :class:`Var` that notebooks draw; ``.page('net.html')`` to explore it."""
        return self._with_loss(self._net.graph, x, t, loss, sample_weight)

    def check(self, x, t=None, *, loss=None, sample_weight=None, budget=20.0, lang=None):
        """Checks the gradient of the loss on these rows, a few, by finite differences: a :class:`Report`. Of a :class:`Dataset` that on
        its first ten training rows."""
        loss = loss or self._loss
        if isinstance(x, Dataset):
            data, rows = x.first(_CHECKED), min(_CHECKED, len(x.y_train))
        else:
            data, _, rows = self._dataset(x, t, sample_weight, None, loss, self._given_task(loss))
        with shown(budget, type(self).__name__):
            forms = self._net.check(data, loss, _limits())
        languages = {}
        for code, own in (("en", forms), ("ko", forms["ko"])):
            written = {"text": own["text"], "markdown": own["markdown"], "html": forms["html"]}
            languages[code] = {**json.loads(own["json"]), "reading": [Text("own-network", rows=rows).said(code)]}, written
        return Report("en", languages).in_language(lang or _language.current())

    def _with_loss(self, run, x, t, loss, sample_weight):
        loss = loss or self._loss
        return run(self._dataset(x, t, sample_weight, None, loss, self._given_task(loss))[0], loss)

    def _given_task(self, loss):
        """The task of a training, unless a loss is given."""
        return self.task if loss is None else None

    def _outputs(self, x):
        if isinstance(x, (str, os.PathLike)):
            x = self._net.rows_of_table(os.fspath(x))
        self.outputs  # refuses a network whose outputs are no rows
        return self._net.outputs(self._rows(x, "x"))

    def _rows(self, x, what):
        of = arrays.indices if self._net.takes_indices else arrays.features
        return of(x, int(np.prod(self._net.input)), what)

    def _dataset(self, x, t, sample_weight, validation, loss, task, learn=False):
        """The data set of arrays, its classes, and the number of its rows. ``learn``: the labels may be others than before."""
        if t is None:
            raise Error("fit: targets are missing\n  help: pass x and t, or a Dataset")
        sets = [("x", "t", "sample_weight", x, t, sample_weight)]
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
                raise Error("validation: no pair of arrays\n  help: validation=(x, t) or (x, t, sample_weight)")
            sets.append((*(f"validation[{at}]" for at in range(3)), *validation, *([None] if len(validation) == 2 else [])))
        outputs, known = self.outputs, self.classes if self.task == tasks.CLASSIFICATION else None
        found, task, classes = [], task, None
        for what_x, what_t, what_weights, one_x, one_t, one_weights in sets:
            rows = self._rows(one_x, what_x)
            one_t = tasks.targets(one_t, what_t)
            task = tasks.task_of(one_t, outputs, loss, task)
            soft = loss is not None and task == tasks.CLASSIFICATION and one_t.ndim == 2 and one_t.dtype.kind == "f"
            if task == tasks.CLASSIFICATION and not soft:
                try:
                    answers, classes = tasks.labels(one_t, len(rows), outputs, known, what_t)
                except Error:
                    if known is None or not learn or found:
                        raise
                    answers, classes = tasks.labels(one_t, len(rows), outputs, None, what_t)
                known = classes
            else:
                answers = tasks.numbers(one_t, len(rows), outputs, what_t)
                mean, deviation = self._net.scale if task == tasks.REGRESSION and not learn else (0.0, 1.0)
                answers = (answers - mean) / deviation
            found.append((rows, answers, arrays.weights(one_weights, len(rows), what_weights)))
        if len({rows.dtype for rows, _, _ in found}) > 1:
            # Both sets are bytes, or none is.
            found = [(rows / 255.0 if rows.dtype == np.uint8 else rows, *rest) for rows, *rest in found]
        names = [] if classes is None or np.array_equal(classes, np.arange(outputs)) else [str(one) for one in classes]
        train, *test = found
        return _retrograde.Dataset.of_arrays(train, test[0] if test else None, outputs, task, names), classes, len(train[0])

    def __repr__(self):
        return f"<retrograde.{type(self).__name__} {self._net.description}>"


def load(path):
    """Reads a network, an :class:`Mlp` or a :class:`Network`, from a file of :meth:`Model.save` or a folder of ``retrograde train``."""
    return Model.load(path)


def _precision(dtype):
    name = np.dtype(dtype).name
    if name not in _PRECISIONS:
        raise Error(f"dtype: {name}\n  help: 'float32' or 'float64'")
    return _PRECISIONS[name]


def _whole(name, value, least):
    if value is None:
        return None
    try:
        whole = value.__index__()
    except AttributeError:
        whole = None
    if whole is None or whole < least or whole >= 2**63:
        raise Error(f"{name}: {value!r}\n  help: pass a whole number from {least}")
    return whole


def _limits():
    from .reading.forms import limits

    return limits.get()


class Parameters(Mapping):
    """The parameters and buffers of a network by name. A read value is a copy; an assigned array changes the network."""

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
            names = [f"{part}_{score}" for part in ("test", "train") for score in ("accuracy", "r2")]
            scores = [f"  {name.partition('_')[2]} {record[name]:.4f}" for name in names if name in record]
            self.line.show(f"epoch {record['epoch']:.1f}{of}  loss {record['loss']:.4f}{''.join(scores[:1])}")
        return None if self.callback is None else self.callback(record)

    def close(self):
        if self.line is not None:
            self.line.close()
