"""Estimators for scikit-learn: pipelines, grid searches, cross-validation. They need the package scikit-learn.

>>> from sklearn.datasets import load_iris
>>> from sklearn.model_selection import cross_val_score
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from retrograde.sklearn import MLPClassifier
>>> x, t = load_iris(return_X_y=True)
>>> net = make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=(20,), learning_rate_init=0.01, random_state=0))
>>> bool(cross_val_score(net, x, t).mean() > 0.9)
True
"""

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.class_weight import compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise ImportError(f"retrograde.sklearn needs scikit-learn 1.6 or newer ({error}): pip install scikit-learn") from error

from . import tasks
from .mlp import Mlp
from .optim import AdaGrad, Adam, AdamW, Momentum, Nesterov, RmsProp, Sgd

__all__ = ["MLPClassifier", "MLPRegressor"]

_SOLVERS = {
    "adam": Adam,
    "adamw": AdamW,
    "adagrad": AdaGrad,
    "rmsprop": RmsProp,
    "sgd": Sgd,
    "momentum": Momentum,
    "nesterov": Nesterov,
}


class _Estimator(BaseEstimator):
    """What both estimators have. The arguments are those of scikit-learn's estimators of the same name where they have one."""

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate_init=0.001,
        max_iter=200,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        loss=None,
        dtype="float64",
        threads=None,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.loss = loss
        self.dtype = dtype
        self.threads = threads
        self.random_state = random_state

    def _train(self, x, t, outputs, task, weights):
        """Trains on rows whose targets are class numbers, or numbers."""
        if self.solver not in _SOLVERS:
            raise ValueError(f"solver: {self.solver!r}\n  help: use one of {', '.join(_SOLVERS)}")
        random = check_random_state(self.random_state)
        seed = int(random.randint(np.iinfo(np.int32).max))
        validation = None
        if self.early_stopping:
            by_class = t if task == tasks.CLASSIFICATION else None
            train, test = train_test_split(np.arange(len(x)), test_size=self.validation_fraction, random_state=random, stratify=by_class)
            of = lambda rows: (x[rows], t[rows], None if weights is None else weights[rows])
            validation, (x, t, weights) = of(test), of(train)
        hidden = np.atleast_1d(np.asarray(self.hidden_layer_sizes, dtype=int)).tolist()
        batch = 200 if self.batch_size == "auto" else self.batch_size
        # The penalty of scikit-learn is divided by the rows of a batch: a row of weight 2 is two rows.
        rows = min(batch, len(x)) * (1.0 if weights is None else float(np.mean(weights)))
        init = "he" if self.activation not in ("sigmoid", "tanh") else "xavier"
        net = Mlp([x.shape[1], *hidden, outputs], activation=self.activation, init=init, seed=seed)
        self.history_ = net.fit(
            x,
            t,
            sample_weight=weights,
            epochs=self.max_iter,
            batch=batch,
            optimizer=_SOLVERS[self.solver](self.learning_rate_init, weight_decay=self.alpha / rows if rows > 0 else 0.0),
            loss=self.loss,
            task=task,
            validation=validation,
            patience=self.n_iter_no_change,
            keep_best=self.early_stopping,
            replacement=False,
            seed=seed,
            threads=self.threads,
            dtype=self.dtype,
            progress=False,
            interrupt="raise",
        )
        self.network_ = net
        self.n_iter_ = max(1, round(float(self.history_.epoch[-1])))
        self.n_outputs_ = outputs
        self.loss_curve_ = self.history_.loss.tolist()
        self.loss_ = float(self.history_.loss[-1])
        names = [name for name in net.params if name.endswith("weight")]
        self.coefs_ = [net.params[name] for name in names]
        self.intercepts_ = [net.params[name.replace("weight", "bias")] for name in names]
        return self

    def _new_rows(self, X):
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)


class MLPClassifier(ClassifierMixin, _Estimator):
    """A multi-layer perceptron for classes, as scikit-learn's ``MLPClassifier``, trained by the engine.

    hidden_layer_sizes: the widths of the hidden layers.
    activation: as of :class:`retrograde.Mlp`.
    solver: ``'adam'``, ``'adamw'``, ``'adagrad'``, ``'rmsprop'``, ``'sgd'``, ``'momentum'`` or ``'nesterov'``.
    alpha: the L2 penalty, divided by the batch size as in scikit-learn; here of biases, too.
    batch_size: ``'auto'``: 200, or all rows if they are fewer.
    max_iter: the most epochs; fewer if the loss has not been below its lowest for ``n_iter_no_change`` of them.
    early_stopping: whether that is the loss of ``validation_fraction`` of the rows, and the best epoch is kept.
    loss: ``'cross-entropy'``, also with options: ``'cross-entropy+smoothing:0.1'``.
    class_weight: ``None``, ``'balanced'``, or a dictionary of weights.
    dtype: the precision of the training; ``'float32'`` is faster.

    After ``fit``: ``classes_``, ``network_`` (an :class:`retrograde.Mlp`), ``history_``, ``n_iter_``, ``loss_curve_``, ``coefs_``,
    ``intercepts_``.
    """

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate_init=0.001,
        max_iter=200,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        loss=None,
        class_weight=None,
        dtype="float64",
        threads=None,
        random_state=None,
    ):
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate_init=learning_rate_init,
            max_iter=max_iter,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            loss=loss,
            dtype=dtype,
            threads=threads,
            random_state=random_state,
        )
        self.class_weight = class_weight

    def fit(self, X, y, sample_weight=None):
        """Trains on rows and their classes."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        if self.class_weight is not None:
            of_class = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
            weights = of_class[index] * (1.0 if weights is None else weights)
        return self._train(X, index, len(self.classes_), tasks.CLASSIFICATION, weights)

    def predict(self, X):
        """The most probable class of each row."""
        X = self._new_rows(X)
        return self.classes_[self.network_.predict(X)]

    def predict_proba(self, X):
        """The probability of each class, in the order of ``classes_``."""
        X = self._new_rows(X)
        return self.network_.predict_proba(X)

    def predict_log_proba(self, X):
        """The logarithm of :meth:`predict_proba`."""
        return np.log(self.predict_proba(X))


class MLPRegressor(RegressorMixin, _Estimator):
    """A multi-layer perceptron for numbers, as scikit-learn's ``MLPRegressor``, trained by the engine. Targets may have several
    columns.

    The arguments are those of :class:`MLPClassifier` without ``class_weight``. ``loss``: ``'squared-error'``, ``'absolute-error'`` or
    ``'huber:1'``.
    """

    def fit(self, X, y, sample_weight=None):
        """Trains on rows and their numbers, ``[N]`` or ``[N, outputs]``."""
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        y = column_or_1d(y, warn=True).reshape(-1, 1) if y.ndim == 1 or y.shape[1] == 1 else y
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        return self._train(X, y, y.shape[1], tasks.REGRESSION, weights)

    def predict(self, X):
        """The numbers of each row: ``[N]`` or ``[N, outputs]``."""
        X = self._new_rows(X)
        return self.network_.predict(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
