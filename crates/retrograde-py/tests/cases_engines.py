"""Published cases of operations and engines that went wrong; own code in the styles of their authors."""

import random as system

import engines
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# A13: softmax as a pair.


def softmax_forward(z):
    p = softmax(z)
    return p, (p,)


def softmax_backward(g, cache):
    (p,) = cache
    return p * (g - np.sum(g * p, axis=-1, keepdims=True))


def softmax_backward_without_the_dot(g, cache):
    (p,) = cache
    return p * g


def softmax_backward_diagonal(g, cache):
    (p,) = cache
    return g * p * (1 - p)


class AddBias:
    """A19: x + b in an own engine; b has one number for each column."""

    @staticmethod
    def of_bias(grad):
        return grad.sum(axis=0)

    def forward(self, x, b):
        return x + b

    def backward(self, grad):
        return grad, self.of_bias(grad)


class AddBiasBroadcast(AddBias):
    @staticmethod
    def of_bias(grad):
        return grad


class AddBiasMean(AddBias):
    @staticmethod
    def of_bias(grad):
        return grad.mean(axis=0)


class Max:
    """A25: the largest of each row; what is tied gets ``share``."""

    @staticmethod
    def share(tied):
        return tied.astype(float)

    def forward(self, x):
        self.x, self.y = x, x.max(axis=1)
        return self.y

    def backward(self, g):
        return self.share(self.x == self.y[:, None]) * g[:, None]


class MaxEqual(Max):
    @staticmethod
    def share(tied):
        return tied / tied.sum(axis=1, keepdims=True)


class MaxFirst(Max):
    @staticmethod
    def share(tied):
        return (np.arange(tied.shape[1]) == tied.argmax(axis=1)[:, None]).astype(float)


class ValuePerUse(engines.Value):
    """A27: the recursion calls the backward of a node once for each use."""

    def __add__(self, other):
        return self._of(super().__add__(other))

    def __mul__(self, other):
        return self._of(super().__mul__(other))

    def _of(self, out):
        out.__class__ = type(self)
        return out

    def backward(self):
        self.grad = 1.0
        self._walk()

    def _walk(self):
        self._backward()
        for one in self._prev:
            one._walk()


def cubic(x, a):
    shared = x * a
    return x * shared + (x * x) * a + x * shared


class Gather:
    """A29: rows of a table by their indices."""

    add = False

    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, idx):
        self.idx = idx
        return self.params[0][idx]

    def backward(self, g):
        G = self.grads[0]
        G[...] = 0
        if self.add:
            np.add.at(G, self.idx, g)
        else:
            G[self.idx] += g


class GatherAdd(Gather):
    add = True


class SavedGradient:
    """A31: forward computes the gradient of each sample's loss and saves it; backward returns it."""

    @staticmethod
    def forward(ctx, activations, labels):
        p = softmax(activations)
        saved = p.copy()
        saved[np.arange(len(labels)), labels] -= 1
        ctx.save_for_backward(saved)
        return -np.log(p[np.arange(len(labels)), labels])

    @staticmethod
    def backward(ctx, grad_output):
        (saved,) = ctx.saved_values
        return saved, None


class SavedTimesUpstream(SavedGradient):
    @staticmethod
    def backward(ctx, grad_output):
        (saved,) = ctx.saved_values
        return saved * grad_output[:, None], None


# A33: y = x · 2^o.


def power_forward(x, o):
    return x * 2.0**o, (x, o)


def power_backward(g, cache):
    x, o = cache
    return g * 2.0**o, g * x * 2.0**o * np.log(2.0)


def power_backward_published(g, cache):
    x, o = cache
    return np.exp(o) * np.log(2.0), x * np.exp(o) * np.log(2.0) ** 2


class LogSigmoid:
    """A35: made of max and |x|, whose slopes are taken for 0 at 0; the function is smooth there."""

    def forward(self, x):
        self.x = x
        return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))

    def backward(self, g):
        t = -self.x
        e = np.exp(-np.abs(t))
        return g * ((t > 0) - np.sign(t) * e / (1 + e))


class LogSigmoidSmooth(LogSigmoid):
    def backward(self, g):
        return g * sigmoid(-self.x)


# A37: a slope of ReLU that cannot run.


def relu(x):
    return np.maximum(0, x)


def relu_grad_published(x):
    grad = np.zeros(x)
    grad[x >= 0] = 1
    return grad


def relu_grad(x):
    grad = np.zeros_like(x)
    grad[x >= 0] = 1
    return grad


class FusedSoftmax:
    """A39: a fused softmax without a backward: no gradient, and no error."""

    @staticmethod
    def forward(ctx, x):
        p = softmax(x)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, grad_output):
        return None


class FusedSoftmaxMended(FusedSoftmax):
    @staticmethod
    def backward(ctx, grad_output):
        (p,) = ctx.saved_values
        return p * (grad_output - np.sum(grad_output * p, axis=-1, keepdims=True))


# A41: labels that are indices, taken for weights. The gradient is right for the loss that is computed.


def flattened_cross_entropy(logits, labels):
    weights = np.zeros(logits.size)
    weights[: labels.size] = labels
    weights = weights.reshape(logits.shape)
    powers = np.exp(logits - logits.max())
    loss = weights.sum() * (logits.max() + np.log(powers.sum())) - np.sum(weights * logits)
    return loss, weights.sum() * powers / powers.sum() - weights


def cross_entropy(logits, labels):
    p, rows = softmax(logits), np.arange(labels.size)
    dx = p.copy()
    dx[rows, labels] -= 1
    return -np.mean(np.log(p[rows, labels])), dx / labels.size


# B7: a sum in single precision, in an order that differs from call to call.


def scatter_forward(x, w):
    return np.sin(x) @ w, (x, w)


def scatter_backward(g, cache):
    x, w = cache
    rows = list(range(g.shape[0]))
    system.SystemRandom().shuffle(rows)
    dw = np.zeros(w.shape, dtype=np.float32)
    for at in rows:
        dw += (np.sin(x[at])[:, None] * g[at]).astype(np.float32)
    return g @ w.T * np.cos(x), dw


class ReluAtTie:
    """B19: the slope at 0 is a convention."""

    def __init__(self, at_tie):
        self.at_tie = at_tie

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, g):
        return g * np.where(np.abs(self.x) < 1.2e-38, self.at_tie, self.x > 0)


class Maximum:
    """B19: of two equal arguments of a maximum, the shares sum to 1."""

    def __init__(self, of_a, of_b):
        self.of_a, self.of_b = of_a, of_b

    def forward(self, a, b):
        self.a, self.b = a, b
        return np.maximum(a, b)

    def backward(self, g):
        tied = self.a == self.b
        return g * np.where(tied, self.of_a, self.a > self.b), g * np.where(tied, self.of_b, self.b > self.a)
