"""A whole network in three functions: forward, cost, backward (C10, C11)."""

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .arguments import Arguments, is_function, is_scalar
from .forms import check_function, real
from .matching import leaves, match
from .reading import Reading, compared_with
from .resolve import plan, returned, role
from .subject import described, kind_of


#: The role of an argument with an unknown name: forward takes no labels before its data and its parameters.
_ORDER = {"forward": ("x", "parameters", "t")}


class _Place:
    """A parameter among the arguments."""

    def __init__(self, at, key, name, array):
        self.at, self.key, self.array, self.name = at, key, array, name
        self.path = ((".", name),)

    def get(self):
        return self.array


def read(subject):
    """Reads three functions, or returns ``None``."""
    if len(subject.things) != 3 or not all(is_function(one) for one in subject.things):
        return None
    return ThreeFunctions(subject).reading()


class ThreeFunctions:
    """Forward, cost and backward, called by the names of their arguments."""

    def __init__(self, subject):
        self.subject = subject
        self.forward, self.cost, self.backward = subject.things
        self.names = [kind_of(one) for one in subject.originals]
        self.example = Arguments(subject, self.forward, subject.example).example
        self.pool = {}
        self._name_example()
        self.plans, self.meant = {}, {}
        given = self.run()
        self._find(given)

    def _name_example(self):
        """The names of the example's arguments: x and t, the dictionary of parameters, names of forward."""
        dictionaries = [at for at, one in enumerate(self.example) if isinstance(one, dict)]
        arrays = [at for at, one in enumerate(self.example) if not isinstance(one, dict)]
        if len(arrays) < 2:
            raise ReadingError(Text("error-arrays", count=len(arrays)), "x, t", f"rg.check(({', '.join(self.names)}), parameters, X, Y)")
        self.roles = {arrays[-2]: "x", arrays[-1]: "t", **{at: "parameters" for at in dictionaries}}
        _, names = _arity(self.forward)
        loose = [at for at in arrays[:-2]]
        free = [name for name in names if role(name) not in ("x", "parameters")]
        self.loose = dict(zip(loose, free))

    def values(self):
        """The available values of arguments."""
        known, roles = {}, {}
        for at, value in enumerate(self.example):
            value = {key: one.copy() for key, one in value.items()} if isinstance(value, dict) else value.copy() if isinstance(value, np.ndarray) else value
            if at in self.roles:
                roles[self.roles[at]] = value
            elif at in self.loose:
                known[self.loose[at]] = value
        return known, roles

    def run(self):
        """Runs all three; the loss and the gradients."""
        self.subject.isolation.reset()
        known, roles = self.values()
        answer = self._call("forward", self.forward, known, roles)
        outputs = list(answer) if isinstance(answer, tuple) else [answer]
        words = returned(self.forward)
        for at, value in enumerate(outputs):
            word = words[at] if at < len(words) and words[at] else None
            if word is not None:
                known[word] = value
        roles["output"] = outputs[0] if isinstance(outputs[-1], (dict, list, tuple)) else outputs[-1]
        if isinstance(outputs[-1], (dict, list, tuple)):
            roles["cache"] = outputs[-1]
        roles["count"] = np.shape(roles["x"])[-1]
        loss = self._call("cost", self.cost, known, roles)
        if not is_scalar(loss):
            raise ReadingError(Text("error-gives-kind", name=self.names[1], kind=described(loss)), Text("missing-number"), Text("help-mean"))
        self.loss_now = float(np.asarray(loss).reshape(()))
        return self._call("backward", self.backward, known, roles)

    def _call(self, which, function, known, roles):
        if which not in self.plans:
            order = [("role", one) for one in _ORDER.get(which, ("output", "t", "cache", "x", "parameters")) if one in roles]
            # A name of forward's arguments has the same meaning in the others.
            known = {**{name: roles[key[1]] for name, key in self.meant.items()}, **known}
            self.plans[which] = [self.meant.get(key, key) for key in plan(function, known, set(roles), order)]
            if which == "forward":
                names = _arity(function)[1]
                self.meant = {name: key for name, key in zip(names, self.plans[which]) if isinstance(key, tuple)}
        return function(*[roles[key[1]] if isinstance(key, tuple) else known[key] for key in self.plans[which]])

    def _find(self, given):
        places = []
        for at, value in enumerate(self.example):
            if isinstance(value, dict):
                places += [_Place(at, key, str(key), one) for key, one in value.items() if np.asarray(one).dtype.kind == "f"]
            elif at in self.loose:
                places.append(_Place(at, None, self.loose[at], value))
        found = list(leaves(given, returned(self.backward)))
        chosen, guessed = match(found, places)
        self.pairs = [(place, leaf) for leaf, place in zip(found, chosen) if place is not None]
        self.guessed = guessed
        if not self.pairs:
            raise ReadingError(
                Text("error-gives", name=self.names[2], names=Names(leaf.name for leaf in found)), Text("missing-parameters"), Text("help-keys")
            )

    def put(self, values):
        """Sets the values of the parameters."""
        for (place, _), value in zip(self.pairs, values):
            if place.key is None:
                self.example[place.at] = value
            else:
                self.example[place.at][place.key] = value

    def reading(self):
        """The description of the reading."""

        def loss(values):
            self.put(values)
            self.run()
            return self.loss_now

        def gradients(values):
            self.put(values)
            given = self.run()
            return [real(leaf.get(given)) for _, leaf in self.pairs]

        arguments = [(place.name, real(place.array)) for place, _ in self.pairs]
        convention = Text("is-three", names=" → ".join(self.names))
        moved = compared_with((place.name for place, _ in self.pairs), self.guessed)
        return Reading(self.subject, convention, moved, Text("held", names=Names(["x", "t"])), lambda: check_function(self.subject.name, arguments, loss, gradients, self.subject.data()))


def _arity(function):
    from .subject import arity

    return arity(function)
