"""Retrograde checks gradients: whether a gradient is right, and if not, the location and the cause of the fault.

>>> import numpy as np, retrograde as rg
>>> class Square:
...     def forward(self, x):
...         self.x = x
...         return x ** 2
...     def backward(self, dout):
...         return dout * self.x
>>> report = rg.check(Square(), np.array([[1.0, -2.0, 3.0]]))
>>> report.verdict
'wrong'
"""

from . import _keywords, _language, nn, testing
from ._language import language
from ._progress import shown as _shown
from ._retrograde import Gradients, Graph, Var, __version__, concatenate, digits
from ._tracebacks import without_ours as _without_ours
from .dataset import Dataset
from .errors import Error, GradientError, InternalError, ReadingError, ShapeError
from .reading import read as _read
from .reading.reading import Reading
from .history import History
from .mlp import Mlp
from .model import Model, load
from .network import Network
from .optim import AdaGrad, Adam, AdamW, Momentum, Nesterov, RmsProp, Sgd
from .report import Report
from .watch import Diagnosis, Watch, watch

__all__ = [
    "AdaGrad",
    "Adam",
    "AdamW",
    "Dataset",
    "Diagnosis",
    "Error",
    "GradientError",
    "Gradients",
    "Graph",
    "History",
    "InternalError",
    "Mlp",
    "Model",
    "Momentum",
    "Nesterov",
    "Network",
    "Reading",
    "ReadingError",
    "Report",
    "RmsProp",
    "Sgd",
    "ShapeError",
    "Var",
    "Watch",
    "__version__",
    "check",
    "concatenate",
    "describe",
    "digits",
    "language",
    "load",
    "nn",
    "testing",
    "watch",
]


def check(thing, *example, params=None, labels=None, wrt=None, lr=None, loss=None, name=None, budget=20.0, lang=None):
    """Checks the gradient of a piece of code as it is: a layer, a loss, a network, a function.

    ``thing`` and ``example`` are your own objects and arrays: ``rg.check(layer, x)``, ``rg.check(loss, y, t)``,
    ``rg.check(network, x, t)``, ``rg.check(forward, backward, x, w, b)``, ``rg.check(f, grad_f, theta)``. The check runs
    on copies; your objects, arrays, random state and output do not change.

    params: the parameters and their gradients by name, ``{'W': 'dW'}``.
    labels: the arguments that are never perturbed.
    wrt: the arguments with a gradient: names or positions.
    lr: the learning rate, if ``backward`` updates the parameters itself.
    loss: the loss, ``lambda thing, *example: …``, if the code has none.
    name: its name in the report.
    budget: the approximate time limit for slow code in seconds, on an idle machine.
    lang: the language of the report, ``en`` or ``ko``; by default that of :func:`language`.

    Raises :class:`ReadingError` for code that cannot be read: what was found, what is missing, and the keyword that resolves it.
    """
    try:
        _keywords.limits(budget, lang)
        if isinstance(thing, Model):
            return thing.check(*example, budget=budget, lang=lang)
        subject, reading = _read(thing, example, _keywords.said(params, labels, wrt, lr, loss, name))
        with _shown(budget, subject.name), subject.isolation:
            return reading.run().in_language(lang or _language.current())
    except Exception as error:
        raise _without_ours(error)


def describe(thing, *example, params=None, labels=None, wrt=None, lr=None, loss=None, name=None):
    """How :func:`check` would read the code, without a check."""
    try:
        return _read(thing, example, _keywords.said(params, labels, wrt, lr, loss, name))[1]
    except Exception as error:
        raise _without_ours(error)
