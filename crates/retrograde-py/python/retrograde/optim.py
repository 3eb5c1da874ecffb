"""The rules by which a network learns, with the defaults of the book and of PyTorch."""

import json
from dataclasses import dataclass

__all__ = ["AdaGrad", "Adam", "AdamW", "Momentum", "Nesterov", "RmsProp", "Sgd"]


@dataclass(frozen=True)
class Optimizer:
    """What all rules have: a learning rate, a weight decay that is added to the gradient, a largest norm of the gradient."""

    learning_rate: float
    weight_decay: float = 0.0
    clip: float | None = None

    def settings(self):
        """The rule and its numbers as JSON, as the library reads them."""
        return json.dumps({"optimizer": type(self).__name__.lower(), **self.__dict__})


@dataclass(frozen=True)
class Sgd(Optimizer):
    """A step against the gradient."""

    learning_rate: float = 0.1


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Steps add up to a velocity."""

    learning_rate: float = 0.01
    momentum: float = 0.9


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Momentum that takes the gradient a step ahead."""


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """A learning rate for each weight, which shrinks with what the weight has moved."""

    learning_rate: float = 0.01


@dataclass(frozen=True)
class RmsProp(Optimizer):
    """A learning rate for each weight, by a fading mean of its squared gradients."""

    learning_rate: float = 0.01


@dataclass(frozen=True)
class Adam(Optimizer):
    """RMSProp with momentum, both corrected for beginning at zero."""

    learning_rate: float = 0.001


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam with a weight decay that stands beside the gradient."""

    learning_rate: float = 0.001
    weight_decay: float = 0.01
