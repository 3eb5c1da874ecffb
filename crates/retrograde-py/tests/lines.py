"""Code of ours in which one line is wrong, in styles of public code."""

import engines
import numpy as np


def cell_forward(x, h, Wx, Wh, b):
    out = np.tanh(x @ Wx + h @ Wh + b)
    return out, (x, h, Wx, Wh, out)


def cell_without_slope(dout, cache):
    x, h, Wx, Wh, out = cache
    da = dout
    return da @ Wx.T, da @ Wh.T, x.T @ da, h.T @ da, da.sum(axis=0)


def cell_with_two_faults(dout, cache):
    x, h, Wx, Wh, out = cache
    da = dout
    return da @ Wx.T, da @ Wh.T, x.T @ da * h.mean(), h.T @ da, da.sum(axis=0)


class Gate:
    """A product of two gates; the slope of the first lacks ``1 - a``."""

    def __init__(self, W, V):
        self.W, self.V = W, V

    def forward(self, x):
        self.x = x
        self.a, self.g = 1 / (1 + np.exp(-x @ self.W)), np.tanh(x @ self.V)
        return self.a * self.g

    def backward(self, dout):
        da = dout * self.g * self.a
        dg = dout * self.a * (1 - self.g**2)
        self.dW = self.x.T @ da
        self.dV = self.x.T @ dg
        return da @ self.W.T + dg @ self.V.T


class Standardised:
    """A batch normalisation; the share through the variance takes the place of what was there."""

    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta

    def forward(self, x):
        self.xc = x - x.mean(axis=0)
        self.std = np.sqrt((self.xc**2).mean(axis=0) + 1e-7)
        self.xn = self.xc / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        self.dbeta = dout.sum(axis=0)
        self.dgamma = (self.xn * dout).sum(axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -(dxn * self.xc / self.std**2).sum(axis=0)
        dxc = self.xc * dstd / self.std / len(dout)
        return dxc - dxc.mean(axis=0)


class Kept(Standardised):
    """The standard deviation is kept of the first batch."""

    def forward(self, x):
        self.xc = x - x.mean(axis=0)
        std = np.sqrt((self.xc**2).mean(axis=0) + 1e-7)
        self.std = std if getattr(self, "std", None) is None else self.std
        self.xn = self.xc / std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        self.dbeta = dout.sum(axis=0)
        self.dgamma = (self.xn * dout).sum(axis=0)
        dxn = self.gamma * dout
        return (dxn - dxn.mean(axis=0) - self.xn * (dxn * self.xn).mean(axis=0)) / self.std


class Channels:
    """A product for each place of an image; the gradient is not turned before it is read as rows."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        n, c, h, w = x.shape
        self.rows, self.shape = x.transpose(0, 2, 3, 1).reshape(-1, c), x.shape
        return (self.rows @ self.W).reshape(n, h, w, -1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        n, c, h, w = self.shape
        dout = dout.reshape(-1, self.W.shape[1])
        self.dW = self.rows.T @ dout
        return (dout @ self.W.T).reshape(n, h, w, c).transpose(0, 3, 1, 2)


class ForgetfulValue(engines.Value):
    """A value whose tanh forgets the upstream gradient, which is 1 where a graph begins."""

    def tanh(self):
        t = np.tanh(self.data)
        out = ForgetfulValue(float(t), (self,), "tanh")

        def _backward():
            self.grad += 1 - t * t

        out._backward = _backward
        return out


class LazyNarrow:
    """A layer that makes its parameters in 32 bits when it first sees its input."""

    def __init__(self, out):
        self.out, self.params, self.grads = out, {"w": None, "b": None}, {}

    def forward(self, x):
        if self.params["w"] is None:
            self.params["w"] = np.random.randn(x.shape[1], self.out).astype(np.float32)
            self.params["b"] = np.zeros(self.out, np.float32)
        self.x = x
        return x @ self.params["w"] + self.params["b"]

    def backward(self, grad):
        self.grads["w"], self.grads["b"] = self.x.T @ grad, grad.sum(axis=0)
        return grad @ self.params["w"].T


class WholeIndices:
    """An embedding that makes its indices whole itself, and has no gradient of them to give."""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        self.rows = np.eye(len(self.w))[x.astype(np.int32)]
        return self.rows @ self.w

    def backward(self, error):
        self.grad_w = np.tensordot(self.rows, error, axes=(range(x := self.rows.ndim - 1), range(x)))
        return None


class WeightedLoss:
    """A loss of two methods that keeps an array of weights."""

    def __init__(self):
        self._weights = np.ones(2, np.float32)

    def loss(self, logits, labels):
        low, high = self._weights
        p = 1 / (1 + np.exp(-logits))
        return -np.sum(high * labels * np.log(p) + low * (1 - labels) * np.log(1 - p)) / len(labels)

    def grad(self, logits, labels):
        low, high = self._weights
        p = 1 / (1 + np.exp(-logits))
        return (low * (1 - labels) * p - high * labels * (1 - p)) / len(labels)


def logged(function):
    """A decorator that keeps no signature."""

    def wrap(*args, **kwargs):
        return function(*args, **kwargs)

    return wrap


class Logged:
    """A layer whose methods are wrapped so that their arguments have no names."""

    @logged
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    @logged
    def backward(self, dout):
        return dout * (1 - self.y**2)


def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)


def linear_backward(fault):
    """The backward of samples in columns, with the division by their number in the parameters' gradients."""

    def backward(dZ, cache):
        A, W, _ = cache
        m = A.shape[1]
        dW, db = dZ @ A.T / m, dZ.sum(axis=1, keepdims=True) / m
        return W.T @ dZ, -dW if fault == "sign" else dW, db / m if fault == "mean of a mean" else db

    return backward
