"""The normal forms of the check: a layer, a loss, a sequence of layers, a function of its parameters."""

import contextvars

import numpy as np

from .. import _retrograde
from .clipping import unclipped

#: The time limit of the check in seconds, and the progress callback.
limits = contextvars.ContextVar("limits", default=(None, None))


def real(value):
    """The result of user code, as a new array of 64-bit floats."""
    return np.array(value, dtype=np.float64, order="C")


class LayerForm:
    """A layer: one input, one output, parameters."""

    kind = "layer"

    def __init__(self, kind, parameters, forward, backward, gradients=dict, input="x"):
        self.kind, self.parameters = kind, list(parameters)
        # Blocks need unique names.
        self.input = input if all(name != input for name, _ in self.parameters) else "x"
        self.forward, self.backward, self.gradients = forward, backward, gradients

    def check(self, x):
        return _retrograde.check_layer(self, real(x), limits.get())


class LossForm:
    """A loss: from logits and labels to a number."""

    parameters = ()

    def __init__(self, kind, forward, backward):
        self.kind, self.forward, self.backward = kind, forward, backward

    def check(self, x, labels):
        return _retrograde.check_loss(self, real(x), labels, limits.get())


def check_network(layers, loss, x, labels, names, decay):
    """A sequence of named layers, and a loss; with weight decay by name, in the loss and in the gradient."""
    return _retrograde.check_network(list(layers), loss, real(x), labels, dict(names), dict(decay), limits.get())


def check_function(name, arguments, loss, gradients, data=()):
    """A loss of its arguments, and a function that returns all its gradients; ``data`` are the other arrays of the loss."""
    named = [(own, real(value)) for own, value in arguments]
    moved = lambda one: any(np.array_equal(one, value) for _, value in named)
    data = [one for one in map(real, data) if not moved(one)]
    return _retrograde.check_function(name, named, data, loss, unclipped(loss, gradients), limits.get())


def check_vjp(name, arguments, forward, backward):
    """A function with several arguments and outputs, and its vector-Jacobian product."""
    named = [(own, real(value)) for own, value in arguments]
    return _retrograde.check_vjp(name, named, forward, backward, limits.get())
