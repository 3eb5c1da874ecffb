"""Whole networks without layers, in one class or some functions (C9 to C12, and classes of one's own); own code."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


class Fc:
    """C9: the loss and a dictionary of gradients with the parameters' keys; scores without labels."""

    def __init__(self, sizes=(5, 6, 4), reg=0.1):
        r = np.random.default_rng(1)
        i, h, o = sizes
        self.params = {"W1": r.standard_normal((i, h)), "b1": r.standard_normal(h), "W2": r.standard_normal((h, o)), "b2": np.zeros(o)}
        self.reg = reg

    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[key] for key in ("W1", "b1", "W2", "b2"))
        hidden = np.maximum(0, X @ W1 + b1)
        scores = hidden @ W2 + b2
        if y is None:
            return scores
        n = X.shape[0]
        p = softmax(scores)
        loss = -np.mean(np.log(p[np.arange(n), y])) + 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))
        d = p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        grads = {"W2": hidden.T @ d + self.reg * W2, "b2": d.sum(axis=0)}
        d = (d @ W2.T) * (hidden > 0)
        grads["W1"], grads["b1"] = X.T @ d + self.reg * W1, d.sum(axis=0)
        return loss, grads


class Nielsen:
    """C12: one sample in a column, lists of biases and weights, no cost computed."""

    def __init__(self, sizes):
        r = np.random.default_rng(2)
        self.num_layers, self.sizes = len(sizes), sizes
        self.biases = [r.standard_normal((y, 1)) for y in sizes[1:]]
        self.weights = [r.standard_normal((y, x)) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation, activations, zs = x, [x], []
        for b, w in zip(self.biases, self.weights):
            zs.append(np.dot(w, activation) + b)
            activation = sigmoid(zs[-1])
            activations.append(activation)
        slope = sigmoid(zs[-1]) * (1 - sigmoid(zs[-1]))
        delta = self.cost_derivative(activations[-1], y) * slope
        nabla_b[-1], nabla_w[-1] = delta, np.dot(delta, activations[-2].T)
        for at in range(2, self.num_layers):
            slope = sigmoid(zs[-at]) * (1 - sigmoid(zs[-at]))
            delta = np.dot(self.weights[-at + 1].T, delta) * slope
            nabla_b[-at], nabla_w[-at] = delta, np.dot(delta, activations[-at - 1].T)
        return (nabla_b, nabla_w)

    def cost_derivative(self, output_activations, y):
        return output_activations - y


class Updating:
    """One class that goes forward, goes back and updates itself; the loss is a method of prediction and truth."""

    def __init__(self, sizes=(5, 6, 4)):
        r = np.random.default_rng(3)
        i, h, o = sizes
        self.W1, self.b1 = r.standard_normal((i, h)), np.zeros((1, h))
        self.W2, self.b2 = r.standard_normal((h, o)), np.zeros((1, o))

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.tanh(self.z1)
        self.a2 = softmax(self.a1 @ self.W2 + self.b2)
        return self.a2

    def compute_loss(self, y, y_hat):
        return -np.mean(np.sum(y * np.log(y_hat), axis=1))

    def backward(self, X, y, learning_rate=0.01):
        m = X.shape[0]
        d2 = (self.a2 - y) / m
        d1 = d2 @ self.W2.T * (1 - self.a1**2)
        self.W2 -= learning_rate * self.a1.T @ d2
        self.b2 -= learning_rate * d2.sum(axis=0, keepdims=True)
        self.W1 -= learning_rate * X.T @ d1
        self.b1 -= learning_rate * d1.sum(axis=0, keepdims=True)


class Storing(Updating):
    """Leaves its gradients under their names."""

    def backward(self, X, y):
        m = X.shape[0]
        d2 = (self.a2 - y) / m
        d1 = d2 @ self.W2.T * (1 - self.a1**2)
        self.dW2, self.db2 = self.a1.T @ d2, d2.sum(axis=0, keepdims=True)
        self.dW1, self.db1 = X.T @ d1, d1.sum(axis=0, keepdims=True)


class Returning(Updating):
    """Returns a tuple in an order of its own, and computes no loss."""

    compute_loss = None

    def backward(self, X, y, output):
        d2 = (output - y) / X.shape[0]
        d1 = d2 @ self.W2.T * (1 - self.a1**2)
        dW1, db1, dW2, db2 = X.T @ d1, d1.sum(axis=0, keepdims=True), self.a1.T @ d2, d2.sum(axis=0, keepdims=True)
        return dW2, db2, dW1, db1


# Functions, samples in columns (C10, C11).


def initialize(sizes=(4, 5, 1)):
    r = np.random.default_rng(4)
    parameters = {}
    for at in range(1, len(sizes)):
        parameters[f"W{at}"] = 0.5 * r.standard_normal((sizes[at], sizes[at - 1]))
        parameters[f"b{at}"] = np.zeros((sizes[at], 1))
    return parameters


def L_model_forward(X, parameters):
    A, caches = X, []
    L = len(parameters) // 2
    for at in range(1, L + 1):
        W, b = parameters[f"W{at}"], parameters[f"b{at}"]
        Z = W @ A + b
        caches.append((A, W, b, Z))
        A = np.maximum(0, Z) if at < L else sigmoid(Z)
    return A, caches


def compute_cost(AL, Y):
    m = Y.shape[1]
    return np.squeeze(-(np.dot(Y, np.log(AL).T) + np.dot(1 - Y, np.log(1 - AL).T)) / m)


def L_model_backward(AL, Y, caches, of_loss=1.0):
    grads, m = {}, AL.shape[1]
    dA = -of_loss * (np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    for at in reversed(range(len(caches))):
        A_prev, W, b, Z = caches[at]
        if at == len(caches) - 1:
            s = sigmoid(Z)
            dZ = dA * s * (1 - s)
        else:
            dZ = np.array(dA, copy=True)
            dZ[Z <= 0] = 0
        grads[f"dW{at + 1}"] = dZ @ A_prev.T / m
        grads[f"db{at + 1}"] = dZ.sum(axis=1, keepdims=True) / m
        dA = W.T @ dZ
        grads[f"dA{at}"] = dA
    return grads


def forward_propagation(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    A2 = sigmoid(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2, db2 = dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    dW1, db1 = dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def forward_prop(W1, b1, W2, b2, X):
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    A2 = softmax(Z2, axis=0)
    return Z1, A1, Z2, A2


def backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y):
    m = X.shape[1]
    one_hot = np.eye(A2.shape[0])[:, Y]
    dZ2 = A2 - one_hot
    dW2, db2 = dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m
    dZ1 = W2.T @ dZ2 * (Z1 > 0)
    dW1, db1 = dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2


def model_loss(parameters, X, Y):
    return compute_cost(forward_propagation(X, parameters)[0], Y)


def model_grads(parameters, X, Y):
    return backward_propagation(parameters, forward_propagation(X, parameters)[1], X, Y)


class Quadratic:
    """C12: a cost as a class, with its error at the output."""

    @staticmethod
    def fn(a, y):
        return 0.5 * np.linalg.norm(a - y) ** 2

    @staticmethod
    def delta(z, a, y):
        return (a - y) * sigmoid(z) * (1 - sigmoid(z))


class NielsenWithCost(Nielsen):
    """The network keeps its cost as a class."""

    def __init__(self, sizes, cost=Quadratic):
        super().__init__(sizes)
        self.cost = cost


class EndsInItsLoss:
    """Gives gradients of its parameters, and none of its input (book 2)."""

    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, x, t):
        self.x, self.t = x, t
        e = np.exp(x @ self.params[0])
        self.y = e / e.sum(axis=1, keepdims=True)
        return -np.mean(np.log(self.y[np.arange(len(t)), t]))

    def backward(self, dout=1):
        d = self.y.copy()
        d[np.arange(len(self.t)), self.t] -= 1
        self.grads[0][...] = self.x.T @ d * dout / len(self.t)
