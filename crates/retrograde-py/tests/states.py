"""Layers that keep inputs, take indices or give their state; own code."""

import numpy as np


class ListedDense:
    """Keeps every input until it is flushed: a backward takes the first."""

    def __init__(self, W):
        self.parameters, self.gradients, self.X = {"W": W}, {"W": np.zeros_like(W)}, []
        self.derived = {"halves": []}

    def forward(self, X):
        self.X.append(X)
        self.derived["halves"].append(X / 2)
        return X @ self.parameters["W"]

    def backward(self, dLdy):
        given = []
        for dy, X, half in zip([dLdy], self.X, self.derived["halves"]):
            self.gradients["W"] += (half + X / 2).T @ dy
            given.append(dy @ self.parameters["W"].T)
        return given[0] if len(self.X) == 1 else given

    def flush_gradients(self):
        self.X, self.gradients = [], {"W": np.zeros_like(self.parameters["W"])}


class IndexedDot:
    """Takes indices beside its input, and gives a number for each row."""

    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, h, idx):
        self.cache = h, idx
        return np.sum(self.params[0][idx] * h, axis=1)

    def backward(self, dout):
        h, idx = self.cache
        self.grads[0][...] = 0
        np.add.at(self.grads[0], idx, dout[:, None] * h)
        return dout[:, None] * self.params[0][idx]


class Cell:
    """Gives its state as well, and takes an upstream gradient of its output alone."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x, state = x, x @ self.W
        self.out = np.tanh(state)
        return self.out, state

    def backward(self, dout):
        d = dout * (1 - self.out**2)
        self.dW = self.x.T @ d
        return d @ self.W.T
