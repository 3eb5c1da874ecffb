"""Whole networks in one object: a loss, and a gradient for each parameter (C4, C9, C12, C16, and classes of one's own)."""

import numpy as np

from .._language import Names, Parts, Text
from ..errors import ReadingError
from .forms import check_function, real
from .matching import Leaf, leaves, match
from .notices import rebound
from .objects import method
from .parameters import Held, Search
from .rates import LARGE, plain_optimisers, set_rates
from .reading import Reading, compared_with
from .resolve import plan, returned
from .row import Row
from .slots import is_array, numbers_as_arrays, slots
from .sums import check_whole
from .subject import arity, described, kind_of
from .words import BACKWARD, GRADIENT, LOSS, OUTPUT, PREDICT, RATE, TARGET, TRAIN


def read(subject):
    """Reads an object that has a loss with gradients for its parameters, or returns ``None``."""
    thing = subject.thing
    if len(subject.things) != 1 or isinstance(thing, type) or callable(getattr(thing, "__array__", None)):
        return None
    if len(subject.example) < 2:
        return None
    from .whole_methods import LossThenBackward, OneStep

    for kind in (WithGradient, LossWithGradients, BackwardOfExample, LossThenBackward, OneStep):
        if kind.fits(subject):
            whole = kind(subject)
            return whole.reading()
    return None


class Whole:
    """The object as a function of its parameters."""

    #: Whether the object itself has the loss.
    loss_is = None

    def __init__(self, subject):
        self.subject, self.thing = subject, subject.thing
        self.example = [_lifted(one) if at == 0 else one for at, one in enumerate(subject.example)]
        self.guessed, self.held, self.parameters, self.given = [], Held([]), [], None
        self.rate = float(subject.said.get("lr") or LARGE)
        self.find()

    def arguments(self):
        """Copies of the example."""
        return [one.copy() if isinstance(one, np.ndarray) else one for one in self.example]

    def number(self, value):
        """A loss that is one number."""
        if np.size(value) != 1:
            raise ReadingError(
                Text("error-loss-is", name=self.subject.name, kind=described(np.asarray(value))), Text("missing-number"), Text("help-loss-mean")
            )
        return float(np.asarray(value).reshape(()))

    # Overridden by each kind of object.

    def loss(self):
        """The loss, as a number."""
        raise NotImplementedError

    def run(self):
        """One backward pass; its result."""
        raise NotImplementedError

    def names(self):
        """The names of a backward pass's results, if its source shows them."""
        return []

    # Parameters.

    def find(self):
        """The parameters: by the results of the backward pass, or by the arrays that it sets on the object."""
        numbers_as_arrays(self.thing)
        plain_optimisers(self.thing)
        self.loss()
        rates = set_rates(self.thing, self.rate, lambda: [self.loss()])
        search = Search(self.thing, self.subject.name, self.subject.said)
        self.loss()
        search.after_forward()
        state = {id(slot.get()): slot.get().copy() for slot in slots(self.thing) if isinstance(slot.get(), np.ndarray)}
        given = self.run()
        search.after_backward()
        found = [leaf for leaf in leaves(self.only_gradients(given), self.names())] if self.gives_gradients(given) else []
        if found:
            self._match(found, search.changed)
        else:
            self._search(search, state, rates, given)

    def only_gradients(self, given):
        """The gradients in a backward pass's result."""
        return given

    def gives_gradients(self, given):
        """Whether the gradients are returned."""
        return isinstance(given, (dict, list, tuple))

    def _match(self, found, changed=()):
        told = dict(self.subject.said.get("params") or {})
        single = [leaf.names[-1] for leaf in found if np.size(leaf.value) == 1]
        if single:
            numbers_as_arrays(self.thing, single)
        everything = slots(self.thing)
        for leaf in found:
            own = next((name for name, gradient in told.items() if gradient in (leaf.name, leaf.names[-1])), None)
            if own is not None:
                leaf.names = (own,)
                del told[own]
        if told:
            gives = Text("error-gives", name=self.subject.name, names=Names(leaf.name for leaf in found))
            raise ReadingError(gives, Names(told.values()), f"params={{'W1': {found[0].name!r}, …}}")
        # Arrays created by the backward pass are gradients, including unused ones.
        chosen, guessed = match(found, [place for place in everything if place.name not in changed])
        if not any(chosen):
            chosen, guessed = match(found, everything)
        pairs = [(leaf, place) for leaf, place in zip(found, chosen) if place is not None]
        if not pairs:
            raise ReadingError(
                Text("error-gives", name=self.subject.name, names=Names(leaf.name for leaf in found)),
                Text("missing-parameters"),
                f"params={{{str(everything[0].path[-1][1]) if everything else 'W1'!r}: {found[0].name!r}, …}}",
            )
        missing = [leaf.name for leaf, place in zip(found, chosen) if place is None]
        if missing:
            self.subject.notes.append(Text("note-no-parameter", names=Names(missing)))
        self.guessed = guessed
        names = [str(place.path[-1][1]) if isinstance(place.path[-1][1], str) else place.name for _, place in pairs]
        self.parameters = [
            (name if names.count(name) == 1 else place.name, place.get(), leaf.get)
            for name, (leaf, place) in zip(names, pairs)
        ]

    def _search(self, search, state, rates, given):
        updates = search._updated(search.values(), 1.0)
        if updates and not (rates or self.takes_rate() or self.subject.said.get("lr") is not None):
            raise ReadingError(Text("error-updates", name=self.subject.name), Text("missing-rate"), "lr=0.01")
        found = search.find(self.rate if updates else None)
        if not found and is_array(given):
            # A model with one parameter returns its gradient directly.
            return self._match([Leaf((), [*filter(None, self.names()), "gradient"][:1], given)])
        if not found:
            raise ReadingError(
                Text("error-has", name=self.subject.name, names=Names(slot.name for slot in slots(self.thing))),
                Text("missing-each-parameter"),
                "params={'W1': 'dW1', …}",
            )
        self.held = Held(found)
        for one in self.held.updated:
            one.array[...] = state[id(one.array)]
            for place in one.places:
                if place.get() is not one.array:
                    place.set(one.array)
        if updates:
            self.subject.notes.append(Text("note-updates", backward=self.subject.name))
        self.subject.notes.extend(search.notes)
        self.parameters = [(one.name, one.array, lambda _, one=one: one.gradient.get()) for one in found]
        self.stored = found

    def takes_rate(self):
        """Whether the backward pass takes a learning rate."""
        return False

    stored = ()
    #: The divisor of the gradients before the comparison.
    divisor = 1.0

    def gradients(self):
        """The gradients in the order of the parameters."""
        for one in self.stored:
            # Accumulated gradients start at 0.
            value = one.gradient.get()
            if isinstance(value, np.ndarray) and not hasattr(one.gradient, "rate"):
                value[...] = 0
        before = self.held.before()
        given = self.only_gradients(self.run())
        self.held.after(before)
        return [real(real(get(given)) / self.divisor) for _, _, get in self.parameters]

    def check(self):
        """The check as a function of all parameters."""

        def put(values):
            for (_, array, _), value in zip(self.parameters, values):
                array[...] = value

        def loss(values):
            put(values)
            return self.loss()

        def gradients(values):
            put(values)
            return self.gradients()

        return check_function(self.subject.name, [(name, array) for name, array, _ in self.parameters], loss, gradients, self.subject.data())

    def _rebind(self, row):
        """Parameters that the layers no longer share are checked where the layers have them, and reported."""
        held = {id(one.array): (f"{name}.{one.name}", one.array) for name, layer in row.layers for one in layer.calls.parameters}
        loose = {key: one for key, one in held.items() if all(id(array) != key for _, array, _ in self.parameters)}
        pairs, before = [], self.loss()
        for at, (name, array, get) in enumerate(self.parameters):
            fits = [key for key, (_, other) in loose.items() if other.shape == array.shape]
            if id(array) in held or not fits:
                continue
            kept = array.copy()
            array += 1.0
            unfelt = self.loss() == before
            array[...] = kept
            if unfelt:
                place, other = loose.pop(fits[0])
                pairs.append((name, place))
                self.parameters[at] = (name, other, get)
        if pairs:
            self.subject.found.append(rebound(self.subject.name, pairs))

    # Descriptions.

    def convention(self):
        """The calls, in one line."""
        raise NotImplementedError

    def reading(self):
        """The description of the reading, with its layers if it has any."""
        row = Row.of(self.subject, self)
        if row is not None:
            self._rebind(row)
        backward = getattr(self.thing, getattr(self, "gradient_name", None) or getattr(self, "backward_name", None) or self.loss_name)
        self.subject.sources.add(self.subject.name, backward, backward)
        moved = compared_with((name for name, _, _ in self.parameters), self.guessed)
        kinds = [described(np.asarray(one)) for one in self.example]
        held = Text("held-x-and-t", x=kinds[0], t=kinds[1]) if len(kinds) == 2 else Text("held", names=Names(kinds))
        held = Parts([held, *([self.loss_is] if self.loss_is else [])])
        calls = {"name": self.subject.name, "calls": self.convention()}
        if row is None:
            return Reading(self.subject, Text("is-network", **calls), moved, held, lambda: check_whole(self, backward.__name__))
        layers = " → ".join([*(name for name, _ in row.layers), row.loss_kind])
        convention = Text("is-network-of", **calls, layers=layers)
        return Reading(self.subject, convention, moved, held, lambda: row.check_with(self))


class WithGradient(Whole):
    """``loss(x, t)`` and ``gradient(x, t)``: the book's network (C4)."""

    @classmethod
    def fits(cls, subject):
        return method(subject.thing, LOSS)[0] is not None and method(subject.thing, GRADIENT)[0] is not None

    def __init__(self, subject, loss_name=None, gradient_name=None):
        self.loss_name = loss_name or method(subject.thing, LOSS)[0]
        self.gradient_name = gradient_name or method(subject.thing, GRADIENT)[0]
        flags = [name for name in arity(getattr(subject.thing, self.loss_name))[1] if TRAIN.match(name)]
        self.training = dict.fromkeys(flags, True)
        if flags:
            subject.notes.append(Text("note-training", loss=self.loss_name, flag=flags[0]))
        super().__init__(subject)

    def loss(self):
        self.subject.isolation.reset()
        return self.number(getattr(self.thing, self.loss_name)(*self.arguments(), **self.training))

    def run(self):
        self.subject.isolation.reset()
        return getattr(self.thing, self.gradient_name)(*self.arguments())

    def names(self):
        return returned(getattr(self.thing, self.gradient_name))

    def convention(self):
        return Text("calls-gradient", loss=self.loss_name, gradient=self.gradient_name)


class LossWithGradients(Whole):
    """``loss(X, y)`` returns the loss and the gradients (C9), or sets them on the parameters (C16)."""

    @classmethod
    def fits(cls, subject):
        name, loss = method(subject.thing, LOSS)
        if loss is None:
            return False
        goes_back = method(subject.thing, BACKWARD)[0] is not None
        try:
            subject.isolation.reset()
            answer = loss(*[_lifted(one) if at == 0 else one for at, one in enumerate(subject.example)])
        except Exception:
            # A loss of predictions needs other arguments; without a backward it is the user's own exception.
            if goes_back:
                return False
            raise
        return isinstance(answer, tuple) and np.size(answer[0]) == 1 or "gradient" in name

    def __init__(self, subject, loss_name=None):
        self.loss_name = loss_name or method(subject.thing, LOSS)[0]
        super().__init__(subject)

    def loss(self):
        answer = self.run()
        return self.number(answer[0] if isinstance(answer, tuple) else answer)

    def run(self):
        self.subject.isolation.reset()
        for one in self.stored:
            value = one.gradient.get()
            if isinstance(value, np.ndarray):
                value[...] = 0
        return getattr(self.thing, self.loss_name)(*self.arguments())

    def gives_gradients(self, given):
        return isinstance(given, tuple)

    def only_gradients(self, given):
        if not isinstance(given, tuple):
            return given
        return given[1] if len(given) == 2 else given[1:]

    def names(self):
        return [] if not isinstance(self.given, tuple) else returned(getattr(self.thing, self.loss_name))[1:]

    def convention(self):
        return Text("calls-loss", loss=self.loss_name)


class BackwardOfExample(Whole):
    """``forward(x)``, and a backward pass that takes the example: ``backprop(x, y)`` (C12), ``backward(X, y, output)``."""

    #: The names of the backward method.
    BACKWARD = BACKWARD

    @classmethod
    def fits(cls, subject):
        backward = method(subject.thing, cls.BACKWARD)[1]
        if backward is None:
            return False
        required, names = arity(backward)
        forward = method(subject.thing, PREDICT)[1]
        if forward is None or arity(forward)[0] != 1:
            return False
        return any(TARGET.match(one) for one in names[: max(required, 1)])

    def __init__(self, subject):
        thing = subject.thing
        self.forward_name = method(thing, PREDICT)[0]
        self.backward_name, backward = method(thing, self.BACKWARD)
        self.output = None
        roles = {"x", "t", "output", "rate", "count"}
        order = [("role", "x"), ("role", "t"), ("role", "output")]
        self.plan = plan(backward, (), roles, order)
        self.loss_of = self._loss(subject)
        super().__init__(subject)

    def _loss(self, subject):
        """The loss: as the user states, a method of the object, or by its derivative."""
        thing, said = subject.thing, subject.said.get("loss")
        if said is not None:
            return lambda x, t: said(thing, x, t)
        cost = getattr(thing, "cost", None)
        if callable(getattr(cost, "fn", None)):
            self.loss_is = Text("loss-is", name=f"{kind_of(cost)}.fn")
            return lambda x, t: cost.fn(self.predict(x), t)
        name, loss = method(thing, LOSS)
        if loss is not None:
            names = arity(loss)[1]
            predicts = any(OUTPUT.match(one) for one in names) or len(names) == 2 and bool(TARGET.match(names[0]) or OUTPUT.match(names[0]))
            if not predicts:
                return lambda x, t: loss(x, t)
            swapped = bool(TARGET.match(names[0])) and not TARGET.match(names[1]) or OUTPUT.match(names[-1])
            return lambda x, t: loss(t, self.predict(x)) if swapped else loss(self.predict(x), t)
        derivative = getattr(thing, "cost_derivative", None)
        if derivative is not None:
            self.loss_is = Text("loss-is-squares")
            return lambda x, t: 0.5 * np.sum((self.predict(x) - t) ** 2)
        raise ReadingError(Text("error-loss", name=subject.name), Text("missing-loss"), "loss=lambda net, x, t: np.mean((net.forward(x) - t) ** 2)")

    def predict(self, x):
        """The result of forward."""
        return getattr(self.thing, self.forward_name)(x)

    def loss(self):
        self.subject.isolation.reset()
        return self.number(self.loss_of(*self.arguments()[:2]))

    def run(self):
        self.subject.isolation.reset()
        x, t = self.arguments()[:2]
        self.output = self.predict(x)
        values = {"x": x, "t": t, "output": self.output, "rate": self.rate, "count": np.shape(x)[0]}
        arguments = [values[role] for _, role in self.plan]
        rates = {name: self.rate for name in arity(getattr(self.thing, self.backward_name))[1][len(arguments) :] if RATE.match(name)}
        return getattr(self.thing, self.backward_name)(*arguments, **rates)

    def takes_rate(self):
        return any(RATE.match(name) for name in arity(getattr(self.thing, self.backward_name))[1])

    def names(self):
        return returned(getattr(self.thing, self.backward_name))

    def convention(self):
        given = ", ".join(role for _, role in self.plan)
        return f"{self.forward_name}(x), {self.backward_name}({given})"


def _lifted(value):
    return real(value) if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else value
