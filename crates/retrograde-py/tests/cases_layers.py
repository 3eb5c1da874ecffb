"""Published cases of layers and pairs of functions that went wrong; own code in the styles of their authors."""

import random as system
from collections import OrderedDict

import book1
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# A11: Coursera's LSTM, samples in columns. What the askers' code was is not published; these have its fingerprints.

INPUTS, HIDDEN, SAMPLES, STEPS = 3, 4, 2, 4


def lstm_parameters():
    r = np.random.default_rng(11)
    parameters = {f"W{gate}": r.standard_normal((HIDDEN, HIDDEN + INPUTS)) for gate in "fico"}
    parameters |= {f"b{gate}": r.standard_normal((HIDDEN, 1)) for gate in "fico"}
    return {**parameters, "Wy": r.standard_normal((2, HIDDEN)), "by": r.standard_normal((2, 1))}


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    concat = np.concatenate([a_prev, xt])
    ft = sigmoid(parameters["Wf"] @ concat + parameters["bf"])
    it = sigmoid(parameters["Wi"] @ concat + parameters["bi"])
    cct = np.tanh(parameters["Wc"] @ concat + parameters["bc"])
    c_next = ft * c_prev + it * cct
    ot = sigmoid(parameters["Wo"] @ concat + parameters["bo"])
    a_next = ot * np.tanh(c_next)
    e = np.exp(parameters["Wy"] @ a_next + parameters["by"])
    yt_pred = e / e.sum(axis=0)
    return a_next, c_next, yt_pred, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)


def cell_backward(of_gates):
    def lstm_cell_backward(da_next, dc_next, cache):
        a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
        n_a = a_next.shape[0]
        through = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
        gates = dc_next + da_next * ot * of_gates(c_next)
        dot = da_next * np.tanh(c_next) * ot * (1 - ot)
        dcct = gates * it * (1 - cct**2)
        dit = gates * cct * it * (1 - it)
        dft = gates * c_prev * ft * (1 - ft)
        concat = np.concatenate([a_prev, xt])
        d, gradients = {"f": dft, "i": dit, "c": dcct, "o": dot}, {}
        for gate, da in d.items():
            gradients[f"dW{gate}"] = da @ concat.T
            gradients[f"db{gate}"] = da.sum(axis=1, keepdims=True)
        back = sum(parameters[f"W{gate}"].T @ da for gate, da in d.items())
        return {"dxt": back[n_a:], "da_prev": back[:n_a], "dc_prev": through * ft, **gradients}

    return lstm_cell_backward


def slope_of_tanh(c):
    return 1 - np.tanh(c) ** 2


def slope_without_tanh(c):
    return 1 - c**2


lstm_cell_backward = cell_backward(slope_of_tanh)


def lstm_forward(x, a0, parameters):
    a, c, caches = a0, np.zeros_like(a0), []
    every = np.zeros((*a0.shape, x.shape[2]))
    for t in range(x.shape[2]):
        a, c, _, cache = lstm_cell_forward(x[:, :, t], a, c, parameters)
        every[:, :, t] = a
        caches.append(cache)
    return every, (caches, x)


def sequence_backward(hand_back):
    def lstm_backward(da, caches):
        caches, x = caches
        dx, da_prev, dc_prev, total = np.zeros_like(x), 0.0, 0.0, {}
        for t in reversed(range(x.shape[2])):
            gradients = lstm_cell_backward(da[:, :, t] + da_prev, dc_prev + np.zeros_like(da[:, :, t]), caches[t])
            dx[:, :, t] = gradients["dxt"]
            da_prev, dc_prev = hand_back(t, gradients["da_prev"], gradients["dc_prev"])
            for key in gradients:
                if key[1] in "Wb":
                    total[key] = total.get(key, 0.0) + gradients[key]
        return {"dx": dx, "da0": da_prev, **total}

    return lstm_backward


def all_of_it(t, da, dc):
    return da, dc


def no_activation(t, da, dc):
    return 0.0 * da, dc


def no_cell_for_the_first(t, da, dc):
    return da, (0.0 * dc if t == 1 else dc)


class Reversed:
    """A15: a kernel moved along each row, without padding; the arguments of the correlation for dk are exchanged."""

    flipped = True

    def __init__(self, kernel):
        self.k = kernel

    def forward(self, x):
        self.x = x
        n = x.shape[1] - self.k.size + 1
        return np.stack([x[:, at : at + self.k.size] @ self.k for at in range(n)], axis=1)

    def backward(self, dout):
        self.dk = np.array([np.sum(dout * self.x[:, at : at + dout.shape[1]]) for at in range(self.k.size)])
        if self.flipped:
            self.dk = self.dk[::-1].copy()
        dx = np.zeros_like(self.x)
        for at in range(dout.shape[1]):
            dx[:, at : at + self.k.size] += dout[:, at : at + 1] * self.k
        return dx


class Forwards(Reversed):
    flipped = False


# A17: a convolution with SAME padding, [N, H, W, C] and [kh, kw, C, K].


def same(size, kernel, stride):
    out = -(-size // stride)
    return out, max((out - 1) * stride + kernel - size, 0)


def conv2d(x, w, stride):
    (h, more_h), (width, more_w) = same(x.shape[1], w.shape[0], stride), same(x.shape[2], w.shape[1], stride)
    padded = np.pad(x, ((0, 0), (more_h // 2, more_h - more_h // 2), (more_w // 2, more_w - more_w // 2), (0, 0)))
    out = np.zeros((x.shape[0], h, width, w.shape[3]))
    for i in range(h):
        for j in range(width):
            part = padded[:, i * stride : i * stride + w.shape[0], j * stride : j * stride + w.shape[1]]
            out[:, i, j] = np.tensordot(part, w, 3)
    return out, (x, w, stride, padded)


def conv2d_backward(from_height):
    def backward(dout, cache):
        x, w, stride, padded = cache
        dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
        for i in range(dout.shape[1]):
            for j in range(dout.shape[2]):
                rows, columns = slice(i * stride, i * stride + w.shape[0]), slice(j * stride, j * stride + w.shape[1])
                g = dout[:, i, j]
                dw += np.tensordot(padded[:, rows, columns], g, ((0,), (0,)))
                dpadded[:, rows, columns] += np.tensordot(g, w, ((1,), (3,)))
        h, more = same(x.shape[1], w.shape[0], stride)
        top, left = more // 2, same(x.shape[2], w.shape[1], stride)[1] // 2
        if from_height:
            left = max((h - 1) * stride + w.shape[1] - x.shape[2], 0) // 2
        dx = np.zeros_like(x)
        part = dpadded[:, top : top + x.shape[1], left : left + x.shape[2]]
        dx[:, : part.shape[1], : part.shape[2]] = part
        return dx, dw

    return backward


# A21, B13: batch normalisation as a pair.


def batchnorm_forward(x, gamma, beta):
    mu, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + 1e-5)
    xhat = (x - mu) / std
    return gamma * xhat + beta, (xhat, std, gamma)


def batchnorm_backward(dy, cache):
    xhat, std, gamma = cache
    return through(gamma * dy, xhat, std), np.sum(dy * xhat, axis=0), dy.sum(axis=0)


def batchnorm_backward_without_gamma(dy, cache):
    xhat, std, gamma = cache
    return through(dy, xhat, std), np.sum(dy * xhat, axis=0), dy.sum(axis=0)


def through(d, xhat, std):
    return (d - d.mean(axis=0) - xhat * np.mean(d * xhat, axis=0)) / std


def single(function):
    """The same in 32 bits."""
    return lambda *given: function(*[np.asarray(one, dtype=np.float32) for one in given])


@single
def summed_in_single(x, gamma, beta):
    return np.sum(batchnorm_forward(x, gamma, beta)[0])


def summed(x, gamma, beta):
    return np.sum(batchnorm_forward(x, gamma, beta)[0])


def summed_gradients(x, gamma, beta):
    return batchnorm_backward(np.ones_like(x), batchnorm_forward(x, gamma, beta)[1])


# B15: layer normalisation in 32 bits.


def layernorm_forward(x, gamma, beta):
    x, gamma, beta = (np.asarray(one, dtype=np.float32) for one in (x, gamma, beta))
    std = np.sqrt(x.var(axis=1, keepdims=True) + np.float32(1e-5))
    xhat = (x - x.mean(axis=1, keepdims=True)) / std
    return gamma * xhat + beta, (xhat, std, gamma)


def layernorm_backward(dout, cache):
    xhat, std, gamma = cache
    dout = dout.astype(np.float32)
    d = dout * gamma
    dx = (d - d.mean(axis=1, keepdims=True) - xhat * np.mean(d * xhat, axis=1, keepdims=True)) / std
    return dx, np.sum(dout * xhat, axis=0), dout.sum(axis=0)


class FullyConnected:
    """A layer with dictionaries of parameters and gradients."""

    def __init__(self, W):
        self.parameters, self.gradients = {"W": W, "b": np.zeros(W.shape[1])}, {}

    def forward(self, X):
        self.X = X
        return X @ self.parameters["W"] + self.parameters["b"]

    def backward(self, dLdY):
        self.gradients["W"], self.gradients["b"] = self.X.T @ dLdY, dLdY.sum(axis=0)
        return dLdY @ self.parameters["W"].T


class DropoutWrapper:
    """A23: dropout before a layer: the upstream gradient is scaled in place, and the mask is left out of dX."""

    masked, in_place = False, True

    def __init__(self, base, p):
        self._base, self.p = base, p

    @property
    def parameters(self):
        return self._base.parameters

    @property
    def gradients(self):
        return self._base.gradients

    def forward(self, X):
        self.scaler = 1.0 / (1.0 - self.p)
        self._mask = np.random.rand(*X.shape) >= self.p
        return self.scaler * self._base.forward(self._mask * X)

    def backward(self, dLdY):
        if self.in_place:
            dLdY *= self.scaler
        else:
            dLdY = dLdY * self.scaler
        dX = self._base.backward(dLdY)
        return dX * self._mask if self.masked else dX


class DropoutMended(DropoutWrapper):
    masked, in_place = True, False


class Convolution:
    """B11: channels moved over images, [N, C, H, W], without padding."""

    def __init__(self, W, b):
        self.W, self.b = W, b
        self.dW = self.db = None

    def forward(self, x):
        _, _, kh, kw = self.W.shape
        self.x = x
        out = np.zeros((x.shape[0], self.W.shape[0], x.shape[2] - kh + 1, x.shape[3] - kw + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = np.tensordot(x[:, :, i : i + kh, j : j + kw], self.W, ((1, 2, 3), (1, 2, 3))) + self.b
        return out

    def backward(self, dout):
        _, _, kh, kw = self.W.shape
        dx, self.dW, self.db = np.zeros_like(self.x), np.zeros_like(self.W), dout.sum(axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                g = dout[:, :, i, j]
                self.dW += np.tensordot(g, self.x[:, :, i : i + kh, j : j + kw], ((0,), (0,)))
                dx[:, :, i : i + kh, j : j + kw] += np.tensordot(g, self.W, 1)
        return dx


class Pooling:
    """Windows of 2 by 2; the first of several largest takes the gradient."""

    def forward(self, x):
        n, c, h, w = x.shape
        self.shape = x.shape
        windows = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
        self.at = windows.argmax(axis=-1)
        return windows.max(axis=-1)

    def backward(self, dout):
        n, c, h, w = self.shape
        windows = np.where(np.arange(4) == self.at[..., None], dout[..., None], 0.0)
        return windows.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(self.shape)


class ConvNet:
    """B11: right, with many kinks under each weight of the first kernel."""

    def __init__(self):
        n = np.random.default_rng(3).standard_normal
        self.params = {
            "W1": 0.5 * n((2, 1, 3, 3)), "b1": 0.1 * n(2), "W2": 0.5 * n((3, 2, 2, 2)), "b2": 0.1 * n(3), "W3": n((12, 4)), "b3": np.zeros(4),
        }  # fmt: skip
        p = self.params
        self.layers = OrderedDict(
            Conv1=Convolution(p["W1"], p["b1"]), Relu1=book1.Relu(), Pool1=Pooling(),
            Conv2=Convolution(p["W2"], p["b2"]), Relu2=book1.Relu(), Affine=book1.Affine(p["W3"], p["b3"]),
        )  # fmt: skip
        self.last_layer = book1.SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        of = self.layers
        return {
            "W1": of["Conv1"].dW, "b1": of["Conv1"].db, "W2": of["Conv2"].dW, "b2": of["Conv2"].db, "W3": of["Affine"].dW, "b3": of["Affine"].db,
        }  # fmt: skip


# B21: a new mask with each evaluation. NumPy's random state can be put back; the system's cannot.


def forward_with_dropout(x, w):
    mask = np.random.rand(*x.shape) < 0.5
    return (x * mask / 0.5) @ w, (x, w, mask)


def forward_with_dropout_of_the_system(x, w):
    draw = system.SystemRandom()
    mask = np.array([draw.random() < 0.5 for _ in range(x.size)]).reshape(x.shape)
    return (x * mask / 0.5) @ w, (x, w, mask)


def backward_with_dropout(dout, cache):
    x, w, mask = cache
    return dout @ w.T * mask / 0.5, (x * mask / 0.5).T @ dout
