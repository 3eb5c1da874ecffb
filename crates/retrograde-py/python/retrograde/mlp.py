"""Multi-layer perceptrons of the engine."""

import json

from . import _retrograde
from .model import Model


class Mlp(Model):
    """A multi-layer perceptron: affine layers with activations between them; with one hidden layer the book's TwoLayerNet.

    >>> import retrograde as rg
    >>> x_train, t_train, x_test, t_test = rg.digits()
    >>> net = rg.Mlp([784, 50, 10])
    >>> run = net.fit(x_train, t_train, epochs=10, validation=(x_test, t_test))
    >>> net.accuracy(x_test, t_test) > 0.85
    True

    sizes: the widths: inputs, hidden layers, outputs: as many as classes, or as numbers of a regression.
    activation: ``'relu'``, ``'sigmoid'``, ``'tanh'``, ``'leaky_relu'``, ``'elu'``, ``'gelu'``, ``'silu'``, ``'mish'`` or ``'softplus'``.
    init: the standard deviation of the weights, or ``'he'``, ``'xavier'``, ``'zero'``.
    seed: the seed of the weights.
    """

    def __init__(self, sizes, activation="relu", init=0.01, seed=0):
        init = init if isinstance(init, str) else f"normal:{float(init)!r}"
        config = {"sizes": [int(size) for size in sizes], "activation": activation}
        super().__init__(_retrograde.Model(json.dumps(config), init, seed))

    @property
    def sizes(self):
        """The widths: inputs, hidden layers, outputs."""
        return json.loads(self._net.config)["sizes"]
