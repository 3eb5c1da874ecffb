"""Whole networks whose methods go together in another way: ``loss(x, t)`` and then ``backward()``; a loss and a gradient under names of
their own; one step of training that updates the parameters."""

import numpy as np

from .._language import Text
from ..errors import ReadingError
from .objects import method
from .rates import rates_of
from .subject import arity
from .whole_objects import BackwardOfExample, LossWithGradients, WithGradient
from .words import BACKWARD, LOSS, TRAIN_STEP


class LossThenBackward(WithGradient):
    """``loss(x, t)`` stores what ``backward()`` needs, which sets the gradients or returns them."""

    @classmethod
    def fits(cls, subject):
        loss, backward = method(subject.thing, LOSS)[1], method(subject.thing, BACKWARD)[1]
        if loss is None or backward is None or arity(backward)[0]:
            return False
        try:
            subject.isolation.reset()
            answer = loss(*[one.copy() if isinstance(one, np.ndarray) else one for one in subject.example])
            backward()
        except Exception:
            return False
        return np.size(answer) == 1

    def __init__(self, subject):
        super().__init__(subject, gradient_name=method(subject.thing, BACKWARD)[0])

    def run(self):
        self.loss()
        return getattr(self.thing, self.gradient_name)()

    def convention(self):
        return Text("calls-then", loss=self.loss_name, backward=self.gradient_name)


class OneStep(BackwardOfExample):
    """``train(x, t)`` runs forward and backward, and updates the parameters once."""

    BACKWARD = TRAIN_STEP

    def _search(self, search, state, rates, given):
        super()._search(search, state, rates, given)
        if not self.held.updated:
            raise ReadingError(Text("error-no-update", name=self.backward_name), Text("missing-gradient"), Text("help-step"))
        # One step over its rate is the same for every rate; of several steps the later ones begin elsewhere.
        rate, kept = self.rate, bool(rates)
        half, whole = (self._at(one, kept) for one in (rate / 2, rate))
        if any(not np.allclose(a, b, rtol=1e-6, atol=1e-9) for a, b in zip(half, whole)):
            raise ReadingError(Text("error-steps", name=self.backward_name), Text("missing-gradient"), Text("help-step"))

    def _at(self, rate, kept):
        """The gradients by the step over this rate."""
        self.rate = rate
        for parameter in self.held.updated:
            parameter.gradient.rate = rate
        for holder, name in rates_of(self.thing) if kept else ():
            setattr(holder, name, rate)
        return self.gradients()


def of_methods(subject, methods):
    """An object by its own methods: a loss and its gradients, in one method or in two."""
    if len(methods) == 2:
        return WithGradient(subject, *(one.__name__ for one in methods)).reading()
    return LossWithGradients(subject, methods[0].__name__).reading() if len(methods) == 1 else None
