"""Rules of differentiation for JAX and for HIPS autograd: ``jax.custom_vjp``, ``defvjp`` (C26). Called through the library that
the user has imported; none is imported here."""

import sys

import numpy as np

from .._language import Names, Text
from ..errors import ReadingError
from .forms import check_vjp, real
from .notices import finding
from .reading import Reading
from .subject import arity, is_number, kind_of


def read(subject):
    """Reads a function with its own rule, or returns ``None``."""
    if len(subject.things) != 1 or not subject.example:
        return None
    thing = subject.thing
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(thing, (jax.custom_vjp, jax.custom_jvp)):
        return _reading(subject, Jax(jax, subject), "jax", getattr(thing, "fun", None), getattr(thing, "bwd", None))
    if "autograd.core" in sys.modules and getattr(thing, "_is_autograd_primitive", False):
        return _reading(subject, Hips(subject), "autograd", thing.fun, None)
    return None


def is_rule(thing):
    """Whether it has such a rule."""
    jax = sys.modules.get("jax")
    return getattr(thing, "_is_autograd_primitive", False) or jax is not None and isinstance(thing, (jax.custom_vjp, jax.custom_jvp))


def _reals(example):
    """The arguments with real numbers."""
    return [at for at, one in enumerate(example) if is_number(one) and not isinstance(one, int) or getattr(one, "dtype", np.dtype(int)).kind == "f"]


class Jax:
    """A function that is differentiated by ``jax.vjp``."""

    def __init__(self, jax, subject):
        self.jax, self.subject, self.function = jax, subject, subject.thing
        # JAX does not know a copy of this function: it is pure, so that copying is unnecessary.
        self.function = subject.originals[0]
        self.compared = False
        held = getattr(self.function, "nondiff_argnums", ()) or ()
        self.moved = [at for at in _reals(subject.example) if at not in held]

    def wide(self):
        """Enables 64-bit floats, which JAX has only on request."""
        enable = getattr(self.jax, "enable_x64", None)
        if not callable(enable):
            enable = self.jax.experimental.enable_x64
        return enable(True)

    def _arguments(self, values):
        arguments = list(self.subject.example)
        for at, value in zip(self.moved, values):
            arguments[at] = self.jax.numpy.asarray(value)
        return arguments

    def forward(self, values):
        """The outputs, as one list."""
        self.subject.isolation.reset()
        with self.wide():
            return [real(one) for one in self.jax.tree_util.tree_leaves(self.function(*self._arguments(values)))]

    def backward(self, values, douts):
        """The gradients of the perturbed arguments."""
        with self.wide():
            arguments = self._arguments(values)

            def of(*moved):
                for at, value in zip(self.moved, moved):
                    arguments[at] = value
                return self.function(*arguments)

            out, pull = self.jax.vjp(of, *[arguments[at] for at in self.moved])
            leaves, tree = self.jax.tree_util.tree_flatten(out)
            self._compare(values, leaves)
            douts = [self.jax.numpy.asarray(dout, dtype=leaf.dtype) for dout, leaf in zip(douts, leaves)]
            return [real(one) for one in pull(self.jax.tree_util.tree_unflatten(tree, douts))]


    def _compare(self, values, leaves):
        """Whether the rule's forward returns the same as the function; reported once."""
        if self.compared:
            return
        self.compared = True
        own = self.forward(values)
        if len(own) != len(leaves) or any(np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=1e-9, equal_nan=True) for a, b in zip(own, leaves)):
            name = self.subject.name
            self.subject.found.append(finding("fault", name, [], "rule_of_another_function", {"name": name}))


class Hips:
    """A primitive that is differentiated by ``autograd.make_vjp``."""

    def __init__(self, subject):
        self.subject, self.function = subject, subject.originals[0]
        self.make_vjp = sys.modules["autograd.core"].make_vjp
        self.moved = []
        missing = []
        for at in _reals(subject.example):
            try:
                vjp, out = self._of(at, subject.example)
                vjp(np.ones_like(out))
            except NotImplementedError:
                missing.append(at)
            else:
                self.moved.append(at)
        if not self.moved:
            name = kind_of(self.function)
            raise ReadingError(Text("error-primitive", name=name), Text("missing-rule"), f"defvjp({name}, lambda ans, x: lambda g: …)")
        if missing:
            _, names = arity(self.function.fun)
            subject.notes.append(Text("note-no-rule", names=Names(names[at] for at in missing)))

    def _of(self, at, arguments):
        def of(value):
            return self.function(*arguments[:at], value, *arguments[at + 1 :])

        return self.make_vjp(of, arguments[at])

    def _arguments(self, values):
        arguments = list(self.subject.example)
        for at, value in zip(self.moved, values):
            arguments[at] = float(value) if is_number(arguments[at]) else value
        return arguments

    def forward(self, values):
        """The output, as a list."""
        self.subject.isolation.reset()
        return [real(self.function(*self._arguments(values)))]

    def backward(self, values, douts):
        """The gradients of the perturbed arguments."""
        arguments, gradients = self._arguments(values), []
        for at in self.moved:
            vjp, _ = self._of(at, arguments)
            gradients.append(real(vjp(douts[0] if douts[0].ndim else float(douts[0]))))
        return gradients


def _reading(subject, calls, library, forward, backward):
    _, names = arity(forward or subject.thing)
    by_name = [names[at] if at < len(names) else f"input{at}" for at in calls.moved]
    if not by_name:
        raise ReadingError(Text("error-no-reals", name=f"{subject.name}({', '.join(names)})"), Text("missing-moved"), Text("help-floats"))
    if forward is not None and backward is not None:
        subject.sources.add(subject.name, forward, backward)
    values = [(own, np.asarray(subject.example[at], dtype=np.float64)) for own, at in zip(by_name, calls.moved)]
    held = [name for at, name in enumerate(names[: len(subject.example)]) if at not in calls.moved]
    convention = Text("is-rule", name=subject.name, call=f"{subject.name}({', '.join(names)})", library=library)
    return Reading(
        subject,
        convention,
        Text("of", names=Names(by_name)),
        Text("held", names=Names(held)) if held else None,
        lambda: check_vjp(subject.name, values, calls.forward, calls.backward),
    )
