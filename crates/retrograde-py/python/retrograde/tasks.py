"""The tasks of a network: what its outputs are, and how targets become numbers."""

import numpy as np

from . import arrays
from .errors import Error

CLASSIFICATION, MULTI_LABEL, REGRESSION = TASKS = ("classification", "multi_label", "regression")

_LOSSES = {
    "cross-entropy": CLASSIFICATION,
    "binary-cross-entropy": MULTI_LABEL,
    "bce": MULTI_LABEL,
    "squared-error": REGRESSION,
    "mse": REGRESSION,
    "absolute-error": REGRESSION,
    "mae": REGRESSION,
    "huber": REGRESSION,
}


def of_loss(loss):
    """The task of a loss by its name, as ``cross-entropy+smoothing:0.1`` or ``huber:1``."""
    name = str(loss).partition("+")[0].partition(":")[0]
    if name not in _LOSSES:
        raise Error(f"loss: unknown value {loss!r}\n  help: use one of {', '.join(_LOSSES)}")
    return _LOSSES[name]


def targets(t, what="t"):
    """Targets as an array of numbers or of texts. Objects become what they all are."""
    found = arrays.array(t, what)
    if found.dtype.kind == "O":
        for at in np.ndindex(found.shape):
            one = found[at]
            if one is None or one != one or not isinstance(one, (str, bytes, bool, int, float, np.generic)):
                raise Error(f"{what}: {what}{arrays.place(at)} is {one!r}\n  help: pass numbers, or texts for classes")
        kinds = {isinstance(one, (str, bytes)) for one in found.flat}
        if len(kinds) > 1:
            raise Error(f"{what}: texts and numbers\n  help: pass either")
        found = np.array(found.tolist())
    if found.dtype.kind == "S":
        found = np.char.decode(found, "utf-8", "replace")
    if found.dtype.kind not in "buifU":
        raise Error(f"{what}: elements of type {found.dtype}\n  help: pass numbers, or texts for classes")
    return found


def task_of(t, outputs, loss=None, task=None):
    """The task of a network with so many outputs on these targets, unless it or a loss is given."""
    if task is not None:
        if task not in TASKS:
            raise Error(f"task: unknown value {task!r}\n  help: use one of {', '.join(TASKS)}")
        return task
    if loss is not None:
        return of_loss(loss)
    if t.dtype.kind in "bU":
        return CLASSIFICATION
    if outputs == 1:
        return REGRESSION
    if t.ndim == 2 and t.shape[1] == outputs and t.dtype.kind == "f" and not np.isin(t, (0, 1)).all():
        return REGRESSION
    return CLASSIFICATION


def numbers(t, count, outputs, what="t"):
    """Rows of 64-bit floats: the targets of a regression, labels, or probabilities."""
    found = arrays.reals(t, what)
    found = found.reshape(len(found), -1)
    _one_each(found, count, what)
    if found.shape[1] != outputs:
        raise Error(
            f"{what}: {found.shape[1]} numbers for each row, and a network with {outputs} outputs\n"
            "  help: give the network an output for each number"
        )
    return found


def _one_each(found, count, what):
    if len(found) != count:
        raise Error(f"{what}: {len(found)} labels for {count} rows of x\n  help: pass a label for each row")


def labels(t, count, outputs, classes=None, what="t"):
    """The number of the class of each row, and the classes by number: the whole numbers below ``outputs``, or as many different
    labels of any kind. ``classes``: those that the network knows, which are kept if they have all labels."""
    if t.ndim == 2 and t.shape[1] == outputs and outputs > 1 and t.dtype.kind in "buif":
        chosen = t.argmax(axis=1)
        if not np.array_equal(t, np.eye(outputs, dtype=t.dtype)[chosen]):
            raise Error(
                f"{what}: rows that are not a single 1 among zeros\n  help: pass classes, or one-hot rows; rows of several labels with "
                "task='multi_label', of probabilities with loss='cross-entropy', of other numbers with task='regression'"
            )
        t, classes = chosen, np.arange(outputs)
    if t.ndim == 2 and t.shape[1] == 1:
        t = t[:, 0]
    if t.ndim != 1:
        raise Error(f"{what}: shape {t.shape}\n  help: pass a label for each row, or one-hot rows of {outputs}")
    _one_each(t, count, what)
    if t.dtype.kind == "f":
        whole = np.rint(arrays.reals(t, what))
        if not np.array_equal(whole, t):
            at = int(np.argmax(whole != t))
            raise Error(
                f"{what}: {what}[{at}] is {t[at]:g}, and the network has {outputs} classes\n"
                "  help: pass whole numbers or texts for classes; for a regression, a network with one output"
            )
        t = whole.astype(np.int64)
    different, index = np.unique(t, return_inverse=True)
    if classes is not None and (known := _known(different, classes)) is not None:
        return known[index], classes
    if t.dtype.kind in "iu" and different[0] >= 0 and different[-1] < outputs:
        return t.astype(np.uint32), np.arange(outputs)
    if len(different) != outputs:
        shown = ", ".join(str(one) for one in different[:5]) + (", …" if len(different) > 5 else "")
        raise Error(
            f"{what}: {len(different)} different labels ({shown}) for {outputs} classes\n"
            f"  help: give the network {len(different)} outputs, or pass whole numbers from 0 to {outputs - 1}"
        )
    return index.reshape(-1).astype(np.uint32), different


def _known(different, classes):
    """The numbers of these labels among classes, by their names: a model file has names alone. ``None`` if one is unknown."""
    numbers = {str(one): number for number, one in enumerate(classes)}
    found = [numbers.get(str(one)) for one in different]
    return None if None in found else np.array(found, dtype=np.uint32)


def classes_of(names, outputs):
    """The classes by their names in a file: whole numbers and truth values come back as such."""
    if not names:
        return np.arange(outputs)
    if names == ["False", "True"]:
        return np.array([False, True])
    try:
        whole = [int(name) for name in names]
    except ValueError:
        return np.array(names)
    return np.array(whole) if [str(one) for one in whole] == names else np.array(names)


def softmax(logits):
    """The probability of each class, along the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def sigmoid(logits):
    """1 / (1 + e⁻ˣ), without an overflow."""
    return np.where(logits >= 0, 1.0, np.exp(-np.abs(logits))) / (1.0 + np.exp(-np.abs(logits)))


def r2(predicted, t, weights=None):
    """The coefficient of determination, its mean over the outputs: 1 at best, and 0 where the mean of the targets is as good. Of
    targets that are all equal, 1 if they are met and 0 otherwise."""
    predicted, t = predicted.reshape(len(t), -1), t.reshape(len(t), -1)
    mean = np.average(t, axis=0, weights=weights)
    left = np.average((t - predicted) ** 2, axis=0, weights=weights)
    spread = np.average((t - mean) ** 2, axis=0, weights=weights)
    met = np.where(left == 0, 1.0, 0.0)
    return float(np.mean(np.where(spread > 0, 1.0 - left / np.where(spread > 0, spread, 1.0), met)))
