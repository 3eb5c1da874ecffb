"""Labels: never perturbed, and passed to the code in the user's own format."""

import numpy as np


class Labels:
    """The labels of an example: classes, rows of distributions, or targets of any other kind."""

    def __init__(self, given):
        self.given = np.asarray(given)

    def form(self, shape):
        """The labels for the check, for logits of this shape: an integer for each row, rows, or ``None`` for targets."""
        given = self.given
        classes, rows = (shape[-1], int(np.prod(shape[:-1]))) if shape else (1, 1)
        whole = given.dtype.kind in "iub" or (given.dtype.kind == "f" and bool(np.all(given == np.floor(given))))
        if given.ndim >= 1 and given.shape[-1:] == (classes,) and given.dtype.kind in "iubf" and given.ndim > 1:
            sums = given.sum(axis=-1)
            if np.all(given >= 0) and np.allclose(sums, 1, atol=1e-9):
                return given.astype(np.float64)
        if whole and given.dtype.kind in "iu" and given.size == rows and classes > 1 and given.min() >= 0 and given.max() < classes:
            return [int(one) for one in given.reshape(-1)]
        return None

    def back(self, labels, shape):
        """The check's labels in the format of the user's code."""
        labels = np.asarray(labels)
        given = self.given
        if labels.dtype.kind == "f":
            return labels.astype(given.dtype) if given.dtype.kind != "f" else labels
        leading = tuple(shape[:-1]) or (labels.size,)
        if given.ndim == len(leading) + 1 and given.shape[-1:] == (1,):
            leading = (*leading, 1)
        return labels.astype(given.dtype).reshape(leading if np.prod(leading) == labels.size else (-1,))

    def rows(self, count):
        """The requested number of rows, repeated cyclically: for targets that the check does not interpret."""
        given = self.given
        if given.ndim == 0 or given.shape[0] == count or given.shape[0] == 0:
            return given.copy()
        return given[np.arange(count) % given.shape[0]]
