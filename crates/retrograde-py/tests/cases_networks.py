"""Published cases of whole networks, scripts and functions that went wrong; own code in the styles of their authors."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


class OwnOutput:
    """A1: one class of sigmoids, samples in columns; the list of activations is read one place too late."""

    late = 1

    def __init__(self, w, b):
        self.weights, self.biases = [np.array([[w]])], [np.array([[b]])]

    def forward(self, X):
        self.activations = [X]
        for W, b in zip(self.weights, self.biases):
            self.activations.append(sigmoid(W @ self.activations[-1] + b))
        return self.activations[-1]

    def cost(self, X, Y):
        h = self.forward(X)
        return -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / X.shape[1]

    def gradient(self, X, Y):
        m = X.shape[1]
        self.forward(X)
        dz = self.activations[-1] - Y
        dW, db = [], []
        for at in reversed(range(len(self.weights))):
            dW.insert(0, dz @ self.activations[at + self.late].T / m)
            db.insert(0, dz.sum(axis=1, keepdims=True) / m)
            if at:
                dz = self.weights[at].T @ dz * self.activations[at] * (1 - self.activations[at])
        return dW, db


class OwnInput(OwnOutput):
    late = 0


class ThreeLayers:
    """A2: one image at a time in a vector, a dictionary for parameters and activations, no loss computed."""

    def __init__(self, sizes=(6, 5, 4, 3)):
        r = np.random.default_rng(1)
        self.params = {f"W{at + 1}": r.standard_normal((n, m)) * np.sqrt(1 / n) for at, (m, n) in enumerate(zip(sizes, sizes[1:]))}

    def forward_pass(self, x_train):
        p = self.params
        p["A0"] = x_train
        for at in (1, 2, 3):
            p[f"Z{at}"] = np.dot(p[f"W{at}"], p[f"A{at - 1}"])
            p[f"A{at}"] = sigmoid(p[f"Z{at}"]) if at < 3 else softmax(p[f"Z{at}"])
        return p["A3"]

    def through_softmax(self, error):
        a = self.params["A3"]
        return error * a * (1 - a)

    def of_weights(self, error, own, before):
        return np.dot(error, own)

    def backward_pass(self, y_train, output):
        p, change_w = self.params, {}
        error = self.through_softmax(2 * (output - y_train) / output.shape[0])
        change_w["W3"] = self.of_weights(error, p["A3"], p["A2"])
        error = np.dot(p["W3"].T, error) * p["A2"] * (1 - p["A2"])
        change_w["W2"] = self.of_weights(error, p["A2"], p["A1"])
        error = np.dot(p["W2"].T, error) * p["A1"] * (1 - p["A1"])
        change_w["W1"] = self.of_weights(error, p["A1"], p["A0"])
        return change_w


class ThreeLayersMerged(ThreeLayers):
    """A2, as it was mended: with softmax's diagonal alone."""

    def of_weights(self, error, own, before):
        return np.outer(error, before)


class ThreeLayersRight(ThreeLayersMerged):
    def through_softmax(self, error):
        a = self.params["A3"]
        return a * (error - np.sum(error * a))


def squares(net, x, y):
    return np.mean((net.forward_pass(x) - y) ** 2)


# A3: free functions, an image in each row; Python's sum adds the rows.


def softmax_of_columns(z):
    return np.exp(z) / sum(np.exp(z))


def forward_prop(W1, b1, W2, b2, X):
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2 + b2
    A2 = softmax_of_columns(Z2)
    return Z1, A1, Z2, A2


def forward_prop_right(W1, b1, W2, b2, X):
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2 + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2


def cross_entropy(A2, Y):
    return -np.sum(np.log(A2[np.arange(Y.size), Y])) / Y.size


def back_prop(Z1, A1, Z2, A2, W1, W2, X, Y):
    m = Y.size
    dZ2 = A2 - np.eye(A2.shape[1])[Y]
    dW2, db2 = A1.T @ dZ2 / m, dZ2.sum(axis=0) / m
    dZ1 = dZ2 @ W2.T * (Z1 > 0)
    dW1, db1 = X.T @ dZ1 / m, dZ1.sum(axis=0) / m
    return dW1, db1, dW2, db2


class ColumnsLoss:
    """A3 as a layer at the end of a network."""

    softmax = staticmethod(softmax_of_columns)

    def forward(self, x, t):
        self.y, self.t = self.softmax(x), t
        return cross_entropy(self.y, t)

    def backward(self, dout=1):
        return (self.y - np.eye(self.y.shape[1])[self.t]) / self.t.size


class RowsLoss(ColumnsLoss):
    softmax = staticmethod(softmax)


class Script:
    """A5: a script of 3-4-1 without biases, put into two functions: both rectifiers' slopes and 1/10 are left out."""

    def __init__(self):
        r = np.random.default_rng(5)
        self.x, self.y = r.standard_normal((10, 3)), r.uniform(size=(10, 1))
        self.w1, self.w2 = r.uniform(size=(3, 4)), r.uniform(size=(4, 1))

    def forward(self, w1, w2):
        s1 = self.x @ w1
        s2 = np.maximum(0, s1) @ w2
        return s1, s2

    def loss(self, w1, w2):
        _, s2 = self.forward(w1, w2)
        return np.sum((np.maximum(0, s2) - self.y) ** 2) / (2 * 10)

    def published(self, w1, w2):
        s1, s2 = self.forward(w1, w2)
        error = np.maximum(0, s2) - self.y
        return self.x.T @ (error @ w2.T), np.maximum(0, s1).T @ error

    def right(self, w1, w2):
        s1, s2 = self.forward(w1, w2)
        error = (np.maximum(0, s2) - self.y) * (s2 > 0) / 10
        return self.x.T @ (error @ w2.T * (s1 > 0)), np.maximum(0, s1).T @ error


# A7: the planar exercise, samples in columns.


def planar_parameters():
    r = np.random.default_rng(7)
    return {"W1": r.standard_normal((4, 2)), "b1": r.standard_normal((4, 1)), "W2": r.standard_normal((1, 4)), "b2": r.standard_normal((1, 1))}


def forward_propagation(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    A2 = sigmoid(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def compute_cost(A2, Y):
    return float(np.squeeze(-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]))


def planar_backward(slope, twice):
    def backward_propagation(parameters, cache, X, Y):
        m = X.shape[1]
        dZ2 = cache["A2"] - Y
        dW2 = (1 / m) * dZ2 @ cache["A1"].T
        db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
        dZ1 = (1 / m if twice else 1) * parameters["W2"].T @ dZ2 * slope(cache)
        dW1 = (1 / m) * dZ1 @ X.T
        db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
        return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}

    return backward_propagation


def slope_of_cache(cache):
    return 1 - cache["A1"] ** 2


def slope_computed_again(cache):
    """B17: tanh(Z1) is computed again; right, as long as the cache belongs together."""
    return 1 - np.tanh(cache["Z1"]) ** 2


# A8: the exercise with planted factors; forward gives the cost.


def exercise_example():
    """The course's own numbers."""
    r = np.random.RandomState(1)
    sizes, parameters = (4, 5, 3, 1), {}
    x = r.randn(4, 3)
    for at in (1, 2, 3):
        parameters[f"W{at}"] = r.randn(sizes[at], sizes[at - 1])
        parameters[f"b{at}"] = r.randn(sizes[at], 1)
    return x, np.array([[1, 1, 0]]), parameters


def forward_propagation_n(X, Y, parameters):
    m = X.shape[1]
    W1, b1, W2, b2, W3, b3 = (parameters[key] for key in ("W1", "b1", "W2", "b2", "W3", "b3"))
    Z1 = np.dot(W1, X) + b1
    A1 = np.maximum(0, Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = np.maximum(0, Z2)
    Z3 = np.dot(W3, A2) + b3
    A3 = sigmoid(Z3)
    cost = 1.0 / m * np.sum(-np.log(A3) * Y - np.log(1 - A3) * (1 - Y))
    return cost, (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)


def saturated_example():
    """At some of the inputs that are tried the sigmoid is so near 1 that log(1 − a) has few digits."""
    r = np.random.default_rng(8)
    sizes, parameters = (4, 5, 3, 1), {}
    for at in (1, 2, 3):
        parameters[f"W{at}"] = r.standard_normal((sizes[at], sizes[at - 1]))
        parameters[f"b{at}"] = r.standard_normal((sizes[at], 1))
    return np.random.default_rng(9).standard_normal((4, 3)), np.array([[1, 1, 0]]), parameters


def exercise_backward(of_W2, of_b1):
    def backward_propagation_n(X, Y, cache):
        m = X.shape[1]
        (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
        dZ3 = A3 - Y
        dW3, db3 = 1.0 / m * np.dot(dZ3, A2.T), 1.0 / m * np.sum(dZ3, axis=1, keepdims=True)
        dA2 = np.dot(W3.T, dZ3)
        dZ2 = np.multiply(dA2, np.int64(A2 > 0))
        dW2, db2 = 1.0 / m * np.dot(dZ2, A1.T) * of_W2, 1.0 / m * np.sum(dZ2, axis=1, keepdims=True)
        dA1 = np.dot(W2.T, dZ2)
        dZ1 = np.multiply(dA1, np.int64(A1 > 0))
        dW1, db1 = 1.0 / m * np.dot(dZ1, X.T), of_b1 / m * np.sum(dZ1, axis=1, keepdims=True)
        return {
            "dZ3": dZ3, "dW3": dW3, "db3": db3, "dA2": dA2, "dZ2": dZ2, "dW2": dW2, "db2": db2,
            "dA1": dA1, "dZ1": dZ1, "dW1": dW1, "db1": db1,
        }  # fmt: skip

    return backward_propagation_n


def tagger(handed_back):
    """A9: tags for words, rows, h = tanh(x Wx + h Wh + b); what is handed to the step before is ``handed_back(Wh)``."""

    def lossFun(inputs, targets, Wx, Wh, b, Wy):
        hs, ps, loss = [np.zeros((1, Wh.shape[0]))], [], 0.0
        for x, t in zip(inputs, targets):
            hs.append(np.tanh(x[None, :] @ Wx + hs[-1] @ Wh + b))
            ps.append(softmax(hs[-1] @ Wy))
            loss -= np.log(ps[-1][0, t])
        dWx, dWh, db, dWy = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b), np.zeros_like(Wy)
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(len(targets))):
            dy = ps[t].copy()
            dy[0, targets[t]] -= 1
            dWy += hs[t + 1].T @ dy
            da = (dy @ Wy.T + dhnext) * (1 - hs[t + 1] ** 2)
            db += da[0]
            dWx += inputs[t][:, None] @ da
            dWh += hs[t].T @ da
            dhnext = da @ handed_back(Wh)
        return loss, dWx, dWh, db, dWy

    return lossFun


def tagger_example(size=1.0):
    Wx, Wh = np.array([[0.4, -0.6]]), np.array([[0.5, -0.3], [0.8, 0.1]])
    Wy, b = np.array([[0.7, -0.2], [0.3, 0.9]]), np.array([0.1, 0.0])
    return np.array([[1.0], [-0.5], [2.0]]), np.array([0, 1, 0]), Wx, size * Wh, size * b, Wy


class Neuron:
    """B1: a linear neuron with half a square for its loss; its output was differenced in place of the loss."""

    def __init__(self, target, times=lambda o: 1.0):
        self.x, self.target, self.times = np.array([1.0, 0.0]), target, times
        self.w, self.b = np.array([0.34, 0.56]), 0.54

    def output(self, w, b):
        return float(w @ self.x + b)

    def loss(self, w, b):
        return (self.target - self.output(w, b)) ** 2 / 2

    def gradients(self, w, b):
        o = self.output(w, b)
        delta = (o - self.target) * self.times(o)
        return delta * self.x, delta


class Quarter:
    """B3: one sample; ``len`` gives the number of classes."""

    z, y = np.array([1.1, 2.2, 0.3, -1.7]), np.array([0, 0, 1, 0])

    def cost(self, z):
        return -np.sum(self.y * np.log(softmax(z))) / len(self.y)

    def right_cost(self, z):
        return -np.sum(self.y * np.log(softmax(z)))

    def gradient(self, z):
        return softmax(z) - self.y


# B5: J = θ x; the check called backward with the numerical gradient for its first argument.


def forward_of_theta(x, theta):
    return theta * x


def backward_of_theta(x, theta):
    return x


def compared_with_itself(x, theta):
    eps = 1e-7
    gradapprox = forward_of_theta(x, theta + eps) - forward_of_theta(x, theta - eps) / (2 * eps)
    return backward_of_theta(gradapprox, theta)


# B9: the rounding of a difference grows with the numbers that are summed.


def waves(x):
    return np.sum(np.sin(3 * x) * np.cos(np.arange(x.size)))


def waves_slope(x):
    return 3 * np.cos(3 * x) * np.cos(np.arange(x.size))


def waves_slope_off(x):
    return 1.0005 * waves_slope(x)
