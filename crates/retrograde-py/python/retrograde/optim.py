"""The optimizers, with the defaults of the book and of PyTorch."""

import json
from dataclasses import dataclass

__all__ = ["AdaGrad", "Adam", "AdamW", "Momentum", "Nesterov", "RmsProp", "Sgd"]


@dataclass(frozen=True)
class Optimizer:
    """The common settings: a learning rate, a weight decay added to the gradient, a largest norm of the gradient."""

    learning_rate: float
    weight_decay: float = 0.0
    clip: float | None = None

    def settings(self):
        """The optimizer and its settings as JSON, as the library reads them."""
        return json.dumps({"optimizer": type(self).__name__.lower(), **self.__dict__})


@dataclass(frozen=True)
class Sgd(Optimizer):
    """Stochastic gradient descent."""

    learning_rate: float = 0.1


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Stochastic gradient descent with momentum."""

    learning_rate: float = 0.01
    momentum: float = 0.9


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Momentum with the gradient at the next position."""


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """A learning rate for each weight, by the sum of its squared gradients. ``epsilon`` is added to the root of the sum."""

    learning_rate: float = 0.01
    epsilon: float = 1e-10


@dataclass(frozen=True)
class RmsProp(Optimizer):
    """A learning rate for each weight, by a moving average of its squared gradients. ``epsilon`` is added to its root."""

    learning_rate: float = 0.01
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Adam(Optimizer):
    """RMSProp with momentum and bias correction."""

    learning_rate: float = 0.001
    epsilon: float = 1e-8


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay."""

    learning_rate: float = 0.001
    weight_decay: float = 0.01
    epsilon: float = 1e-8
