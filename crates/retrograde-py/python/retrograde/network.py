"""Networks of layers."""

import json
import operator
import os

from . import _retrograde, nn
from .errors import Error
from .model import Model


class Network(Model):
    """A network of layers (:mod:`retrograde.nn`), each of which gets the output of the one before.

    >>> import retrograde as rg
    >>> net = rg.Network(
    ...     input=(1, 28, 28),
    ...     layers=[rg.nn.Conv2d(8, 5), rg.nn.Relu(), rg.nn.MaxPool2d(2), rg.nn.Flatten(), rg.nn.Linear(10)],
    ... )
    >>> x_train, t_train, x_test, t_test = rg.digits()
    >>> run = net.fit(x_train, t_train, epochs=1, optimizer=rg.Adam(), progress=False)
    >>> net.accuracy(x_test, t_test) > 0.7
    True

    input: the shape of a row, as ``(channels, height, width)`` of images; a number for a row of so many numbers. ``x`` of
        ``fit`` and ``predict`` may have any shape with as many numbers for each row.
    layers: in order. Parameters are named by the position: ``net.params['0.weight']``.
    seed: the seed of the initial values.
    """

    def __init__(self, input, layers, seed=0):
        shape = [operator.index(one) for one in (input if hasattr(input, "__iter__") else (input,))]
        for at, one in enumerate(layers):
            if not isinstance(one, (nn.Layer, dict)):
                raise Error(f"layers[{at}]: {one!r}\n  help: pass layers of rg.nn, as rg.nn.Linear(10) or rg.nn.Relu()")
        config = {"input": shape, "layers": [one.config() if isinstance(one, nn.Layer) else one for one in layers]}
        lines = [getattr(one, "_line", None) for one in layers]
        super().__init__(_retrograde.Model(json.dumps(config), "zero", seed, lines))

    @classmethod
    def from_toml(cls, path, seed=0):
        """The network that a model file describes, with initial values: ``input = [1, 28, 28]`` and
        ``layers = [{ layer = "conv2d", channels = 30, kernel = 5 }, …]``."""
        net = cls.__new__(cls)
        Model.__init__(net, _retrograde.Model.from_toml(os.fspath(path), seed))
        return net

    @property
    def input(self):
        """The shape of a row of its input."""
        return tuple(self._net.input)

    @property
    def layers(self):
        """The layers as dictionaries, as in a model file."""
        return json.loads(self._net.config)["layers"]
