"""Retrograde: is a gradient right, and if not, where is the fault and what is it?

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

from . import _keywords, _language, testing
from ._language import language
from ._progress import shown as _shown
from ._retrograde import Gradients, Graph, Var, __version__, concatenate, digits
from ._tracebacks import without_ours as _without_ours
from .errors import Error, GradientError, InternalError, ReadingError, ShapeError
from .reading import read as _read
from .reading.reading import Reading
from .history import History
from .mlp import Mlp
from .optim import AdaGrad, Adam, AdamW, Momentum, Nesterov, RmsProp, Sgd
from .report import Report

__all__ = [
    "AdaGrad",
    "Adam",
    "AdamW",
    "Error",
    "GradientError",
    "Gradients",
    "Graph",
    "History",
    "InternalError",
    "Mlp",
    "Momentum",
    "Nesterov",
    "Reading",
    "ReadingError",
    "Report",
    "RmsProp",
    "Sgd",
    "ShapeError",
    "Var",
    "__version__",
    "check",
    "concatenate",
    "describe",
    "digits",
    "language",
    "testing",
]


def check(thing, *example, params=None, labels=None, wrt=None, lr=None, loss=None, name=None, budget=20.0, lang=None):
    """Checks the gradient of a piece of code as it is: a layer, a loss, a network, a function.

    ``thing`` and ``example`` are what you have: ``rg.check(layer, x)``, ``rg.check(loss, y, t)``,
    ``rg.check(network, x, t)``, ``rg.check(forward, backward, x, w, b)``, ``rg.check(f, grad_f, theta)``. Everything happens on
    copies; your objects, arrays, random state and output stay as they are.

    params: which array is the gradient of which, ``{'W': 'dW'}``.
    labels: what is never moved.
    wrt: by which arguments the gradient is: names or positions.
    lr: the learning rate, where ``backward`` updates the parameters itself.
    loss: the loss, ``lambda thing, *example: …``, where the code has none.
    name: what the report calls it.
    budget: about how many seconds the check of slow code may take, on a machine that does nothing else.
    lang: the language of the report, ``en`` or ``ko``; else that of :func:`language`.

    Raises :class:`ReadingError` for code that cannot be read: what was seen, what is missing, and the keyword that helps.
    """
    try:
        _keywords.limits(budget, lang)
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
