"""Data sets from tables."""

import functools
import json
import os

import numpy as np

from . import _retrograde, tasks


class Dataset:
    """Training rows and test rows of a table as arrays, with what makes numbers of new rows.

    ``x_train``, ``x_test``: ``[N, features]``: numbers with mean 0 and deviation 1, and a column for each category.
    ``y_train``, ``y_test``: the classes, or the numbers of the target in the unit of the table.
    """

    def __init__(self, data):
        self._data = data
        about = json.loads(data.description)
        #: ``'classification'`` or ``'regression'``.
        self.task = about["task"]
        #: The names of the columns of ``x_train``.
        self.feature_names = about["feature_names"]
        #: What was recognized and chosen, a sentence each.
        self.notes = about.get("notes", [])
        #: The classes by number; ``None`` in a regression.
        self.classes = tasks.classes_of(about["class_names"], data.outputs) if self.task == tasks.CLASSIFICATION else None
        self.y_train, self.y_test = (self._targets(training) for training in (True, False))

    @functools.cached_property
    def x_train(self):
        return self._data.features(True)

    @functools.cached_property
    def x_test(self):
        return self._data.features(False)

    @classmethod
    def from_csv(
        cls,
        path,
        target,
        *,
        task=None,
        features=None,
        exclude=(),
        test_fraction=0.2,
        seed=0,
        standardize=True,
        missing="fill",
        unseen="refuse",
        encoding=None,
        delimiter=None,
        decimal_mark=None,
        header=None,
        in_pieces=False,
    ):
        """Reads a table, ``.csv``, ``.tsv`` or ``.txt``, recognizes its delimiter, encoding, decimal mark and types, and splits its rows.

        target: the column that is predicted, by name or number from 1.
        task: ``'classification'`` or ``'regression'``; by default by the values of the target.
        features, exclude: the columns that are used, or not; by default all of numbers and categories.
        test_fraction, seed: the share of the test rows, and the seed of the split, which is stratified by classes.
        standardize: whether numbers, and the target of a regression, get mean 0 and deviation 1.
        missing: ``'fill'`` missing values, with the mean of the training rows, or ``'refuse'`` them.
        unseen: ``'refuse'`` categories that only new rows have, or make them ``'zeros'``.
        encoding, delimiter, decimal_mark, header: what is not to be recognized; ``decimal_mark``: ``'point'`` or ``'comma'``.
        in_pieces: whether the features stay in a file, and ``fit`` reads them as it needs them, with the same results. So it is
            also where they might take more than half of the available memory. ``x_train`` and ``x_test`` read them all.
        """
        options = {
            "target": str(target),
            "task": task,
            "features": None if features is None else [str(one) for one in features],
            "excluded": [str(one) for one in exclude],
            "test_fraction": float(test_fraction),
            "split_seed": int(seed),
            "standardize": bool(standardize),
            "missing": missing,
            "unseen": unseen,
            "encoding": encoding,
            "delimiter": delimiter,
            "decimal_mark": decimal_mark,
            "header": header,
            "in_pieces": bool(in_pieces),
        }
        return cls(_retrograde.Dataset.read(os.fspath(path), json.dumps(options)))

    @property
    def outputs(self):
        """The outputs of a network for it: its classes, or 1."""
        return self._data.outputs

    def first(self, rows):
        """The first training rows, as the engine takes them."""
        targets = self._data.targets(True)[:rows]
        targets = targets.astype(np.uint32) if self.classes is not None else targets
        return _retrograde.Dataset.of_arrays((self.x_train[:rows], targets, None), None, self.outputs, self.task, [])

    def _targets(self, training):
        found = self._data.targets(training)
        if self.classes is not None:
            return self.classes[found]
        mean, deviation = self._data.scale
        found = np.asarray(found) * deviation + mean
        return found[:, 0] if found.shape[1] == 1 else found

    def __repr__(self):
        return "\n".join([f"<retrograde.Dataset of {len(self.y_train)} and {len(self.y_test)} rows>", *(f"  {note}" for note in self.notes)])
