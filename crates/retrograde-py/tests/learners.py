"""Networks, layers and losses as learners of courses write them; own code in their styles. Wrong ones differ from right ones in a line."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def char_rnn(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    """The loss of a few characters and its gradients; ``hprev`` and ``bh`` have one shape."""
    xs, hs, ps, loss = {}, {-1: hprev}, {}, 0.0
    for t, at in enumerate(inputs):
        xs[t] = np.zeros((Wxh.shape[1], 1))
        xs[t][at] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        y = Why @ hs[t] + by
        ps[t] = np.exp(y) / np.exp(y).sum()
        loss -= np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(one) for one in (Wxh, Whh, Why, bh, by))
    dnext = np.zeros_like(bh)
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dz = (1 - hs[t] ** 2) * (Why.T @ dy + dnext)
        dWxh += dz @ xs[t].T
        dWhh += dz @ hs[t - 1].T
        dbh += dz
        dnext = Whh.T @ dz
    return loss, dWxh, dWhh, dWhy, dbh, dby


def clipped_rnn(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    """The same with the gradients clipped against explosions, and a state returned beside them."""
    loss, dWxh, dWhh, dWhy, dbh, dby = char_rnn(inputs, targets, hprev, Wxh, Whh, Why, bh, by)
    for one in (dWxh, dWhh, dWhy, dbh, dby):
        np.clip(one, -0.5, 0.5, out=one)
    return loss, dWxh, dWhh, dWhy, dbh, dby, np.tanh(hprev)


def wrong_clipped_rnn(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    loss, dWxh, dWhh, dWhy, dbh, dby, state = clipped_rnn(inputs, targets, hprev, Wxh, Whh, Why, bh, by)
    return loss, dWxh, -dWhh, dWhy, dbh, dby, state


class Dense:
    """Parameters and gradients in dictionaries."""

    def __init__(self, inputs, outputs, random):
        self.params = {"weight": random.standard_normal((inputs, outputs)), "bias": np.zeros(outputs)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x @ self.params["weight"] + self.params["bias"]

    def backward(self, dout):
        self.grads["weight"] = self.x.T @ dout
        self.grads["bias"] = dout.sum(axis=0)
        return dout @ self.params["weight"].T


class MeanDense(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.grads["bias"] = dout.mean(axis=0)
        return dx


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dout):
        return dout * (1 - self.y**2)


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        return dout


class Autoencoder:
    def __init__(self, random, dense=Dense):
        self.encoder, self.decoder = Sequential(dense(5, 3, random), Tanh()), Sequential(Dense(3, 5, random))

    def forward(self, x):
        return self.decoder.forward(self.encoder.forward(x))

    def backward(self, dout):
        return self.encoder.backward(self.decoder.backward(dout))


class SquaredLoss:
    def forward(self, y, t):
        self.difference = y - t
        return np.mean(self.difference**2)

    def backward(self):
        return 2 * self.difference / self.difference.size


class Model:
    """``loss(x, t)``, then ``backward()``."""

    def __init__(self, random, dense=Dense):
        self.net, self.criterion = Sequential(dense(4, 5, random), Tanh(), Dense(5, 2, random)), SquaredLoss()

    def forward(self, x):
        return self.net.forward(x)

    def loss(self, x, t):
        return self.criterion.forward(self.forward(x), t)

    def backward(self):
        self.net.backward(self.criterion.backward())


class Projections:
    """Parameters as attributes, their gradients in a dictionary."""

    def __init__(self, random):
        self.Wq, self.Wk = random.standard_normal((3, 3)), random.standard_normal((3, 3))
        self.grads = {}

    def forward(self, x):
        self.x, self.q, self.k = x, x @ self.Wq, x @ self.Wk
        return self.q * self.k

    def backward(self, dout):
        dq, dk = dout * self.k, dout * self.q
        self.grads["Wq"], self.grads["Wk"] = self.x.T @ dq, self.x.T @ dk
        return dq @ self.Wq.T + dk @ self.Wk.T


class WrongProjections(Projections):
    def backward(self, dout):
        dx = super().backward(dout)
        self.grads["Wk"] *= -1
        return dx


class Written:
    """Gradients in buffers that were made before, under names that say nothing."""

    factor = 1.0

    def __init__(self, random):
        self.W, self.b = random.standard_normal((3, 2)), np.zeros(2)
        self.of_W, self.of_b = np.zeros((3, 2)), np.zeros(2)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.of_W[...] = self.x.T @ dout
        self.of_b[...] = self.factor * dout.sum(axis=0)
        return dout @ self.W.T


def clipped_loss(y, t):
    """Of probabilities: elsewhere the clip has no slope, and the gradient has one."""
    y = np.clip(y, 1e-7, 1 - 1e-7)
    return -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))


def clipped_loss_gradient(y, t):
    y = np.clip(y, 1e-7, 1 - 1e-7)
    return (y - t) / (y * (1 - y)) / t.size


class Logistic:
    """Logistic regression whose bias is a plain number."""

    factor = 1.0

    def __init__(self):
        self.w, self.b, self.lr = np.array([0.3, -0.2, 0.5]), 0.0, 0.1

    def forward(self, X):
        return sigmoid(X @ self.w + self.b)

    def loss(self, X, y):
        p = self.forward(X)
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def slopes(self, X, y):
        d = self.forward(X) - y
        return X.T @ d / len(y), self.factor * np.mean(d)


class Returned(Logistic):
    def gradient(self, X, y):
        return self.slopes(X, y)


class Named(Logistic):
    def gradient(self, X, y):
        return dict(zip(("dw", "db"), self.slopes(X, y)))


class Left(Logistic):
    def gradient(self, X, y):
        self.dw, self.db = self.slopes(X, y)


class Updated(Logistic):
    def backward(self, X, y):
        dw, db = self.slopes(X, y)
        self.w -= self.lr * dw
        self.b -= self.lr * db


class ThreeLayers:
    """Forward under a name of its own, and a method that trains by one step."""

    slope = True

    def __init__(self):
        random = np.random.default_rng(0)
        self.wih, self.who, self.lr = random.standard_normal((4, 3)), random.standard_normal((2, 4)), 0.3

    def query(self, inputs_list):
        self.hidden = sigmoid(self.wih @ inputs_list)
        return sigmoid(self.who @ self.hidden)

    def train(self, inputs_list, targets_list):
        out = self.query(inputs_list)
        errors = (targets_list - out) * (out * (1 - out) if self.slope else 1.0)
        back = self.who.T @ errors
        self.who += self.lr * errors @ self.hidden.T
        self.wih += self.lr * (back * self.hidden * (1 - self.hidden)) @ inputs_list.T


class Line:
    """One layer without a bias, trained by some steps at once."""

    def __init__(self, steps):
        self.W, self.eta, self.steps = np.array([[0.3, -0.2, 0.5], [1.0, 0.4, -0.7]]), 0.1, steps

    def predict(self, x):
        return self.W @ x

    def train(self, x, target):
        for _ in range(self.steps):
            self.W -= self.eta * (self.predict(x) - target) @ x.T


class Two:
    """Two networks, of which one is trained: a loss and gradients under names of their own."""

    sign = 1.0

    def __init__(self, random):
        self.G, self.D = Dense(3, 4, random), Dense(4, 1, random)

    def g_loss(self, z):
        return -np.mean(np.log(sigmoid(self.D.forward(self.G.forward(z)))))

    def g_gradients(self, z):
        p = sigmoid(self.D.forward(self.G.forward(z)))
        self.G.backward(self.D.backward(self.sign * (p - 1) / len(z)))
        return self.G.grads["weight"], self.G.grads["bias"]

    def both(self, z):
        return self.g_loss(z), dict(zip(("weight", "bias"), self.g_gradients(z)))


class Sampling:
    """Word vectors: ends in its loss, takes indices, draws numbers, and has no upstream gradient."""

    def __init__(self, random):
        self.Win, self.Wout = random.standard_normal((6, 3)), random.standard_normal((6, 3))

    def forward(self, center, context):
        self.center, self.ids = center, np.concatenate([context[:, None], np.random.randint(0, 6, (len(center), 2))], axis=1)
        self.is_true = np.zeros(self.ids.shape)
        self.is_true[:, 0] = 1
        self.h = self.Win[center]
        self.p = sigmoid(np.einsum("nd,nkd->nk", self.h, self.Wout[self.ids]))
        return -np.mean(np.sum(self.is_true * np.log(self.p) + (1 - self.is_true) * np.log(1 - self.p), axis=1))

    def backward(self):
        d = (self.p - self.is_true) / len(self.center)
        self.dWin, self.dWout = np.zeros_like(self.Win), np.zeros_like(self.Wout)
        np.add.at(self.dWout, self.ids, d[:, :, None] * self.h[:, None, :])
        np.add.at(self.dWin, self.center, np.einsum("nk,nkd->nd", d, self.Wout[self.ids]))


def forward(X, p):
    A1 = np.maximum(0, p["W1"] @ X + p["b1"])
    A2 = sigmoid(p["W2"] @ A1 + p["b2"])
    return A2, (A1, A2)


def cost(A2, Y):
    return -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))


def backward(X, Y, cache, p):
    A1, A2 = cache
    dZ2 = (A2 - Y) / Y.shape[1]
    dZ1 = p["W2"].T @ dZ2 * (A1 > 0)
    return {"dW1": dZ1 @ X.T, "db1": dZ1.sum(axis=1, keepdims=True), "dW2": dZ2 @ A1.T, "db2": dZ2.sum(axis=1, keepdims=True)}


def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)


def doubled_linear_backward(dZ, cache):
    """The parameters' gradients are means, as is the convention; that of the input is twice what it should be."""
    A, W, b = cache
    m = A.shape[1]
    return 2 * W.T @ dZ, dZ @ A.T / m, dZ.sum(axis=1, keepdims=True) / m


class Node:
    """A value of an engine whose steps go through ``_backward``."""

    def __init__(self, data, parents=(), op=""):
        self.data, self.grad, self._prev, self._op, self._backward = data, 0.0, parents, op, lambda: None

    def __mul__(self, other):
        out = Node(self.data * other.data, (self, other), "*")

        def step():
            self.collect(other.data * out.grad)
            other.collect(self.data * out.grad)

        out._backward = step
        return out

    def tanh(self):
        out = Node(np.tanh(self.data), (self,), "tanh")
        out._backward = lambda: self.collect((1 - out.data**2) * self.upstream(out))
        return out

    def upstream(self, out):
        return out.grad

    def collect(self, grad):
        self.grad += grad

    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                for one in node._prev:
                    visit(one)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()


class Replacing(Node):
    def __mul__(self, other):
        out = Node.__mul__(self, other)
        out.__class__ = Replacing
        return out

    def collect(self, grad):
        self.grad = grad


class Ignoring(Node):
    def __mul__(self, other):
        out = Node.__mul__(self, other)
        out.__class__ = Ignoring
        return out

    def upstream(self, out):
        return 1.0


class Optimiser:
    """Hands back the moved array; ``kind`` says what it makes of the gradient."""

    def __init__(self, kind, learning_rate=0.01):
        self.kind, self.learning_rate, self.m, self.v = kind, learning_rate, 0.0, 0.0

    def update(self, w, grad_wrt_w):
        self.m = 0.9 * self.m + 0.1 * grad_wrt_w
        self.v = 0.9 * self.v + 0.1 * grad_wrt_w**2
        return w - self.learning_rate * (self.m / (np.sqrt(self.v) + 1e-8) if self.kind == "adam" else self.m)


class OptimisedDense:
    sign = 1.0

    def __init__(self, random, kind):
        self.W, self.W_opt = random.standard_normal((3, 2)), Optimiser(kind)

    def forward(self, X):
        self.X = X
        return X @ self.W

    def backward(self, accum_grad):
        W = self.W
        self.W = self.W_opt.update(self.W, self.sign * self.X.T @ accum_grad)
        return accum_grad @ W.T


class Momentum(OptimisedDense):
    """The step is in the layer itself."""

    def __init__(self, random):
        self.W, self.velocity, self.lr = random.standard_normal((3, 2)), np.zeros((3, 2)), 0.1

    def backward(self, accum_grad):
        dX = accum_grad @ self.W.T
        self.velocity = 0.9 * self.velocity - self.lr * self.sign * self.X.T @ accum_grad
        self.W += self.velocity
        return dX


class Normalised(Momentum):
    """Adam's step, from which the gradient cannot be seen."""

    def backward(self, accum_grad):
        dX, grad = accum_grad @ self.W.T, self.X.T @ accum_grad
        self.velocity = 0.9 * self.velocity + 0.1 * grad
        self.W -= self.lr * self.velocity / (np.abs(self.velocity) + 1e-8)
        return dX


class Product:
    """Gradients in a list, under no names; ``A`` and ``B`` have one shape."""

    def __init__(self, random):
        self.A, self.B = random.standard_normal((3, 3)), random.standard_normal((3, 3))

    def loss(self, x, t):
        return np.mean((x @ self.A @ self.B - t) ** 2)

    def gradient(self, x, t):
        d = 2 * (x @ self.A @ self.B - t) / t.size
        found = [(x @ self.A).T @ d, x.T @ d @ self.B.T]
        return found


class Listed:
    """The second book's layer: parameters and gradients in lists, the gradients written in place."""

    def __init__(self, W, b):
        self.params, self.grads = [W, b], [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        self.grads[0][...], self.grads[1][...] = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.params[0].T


class ListedNet:
    """``forward(x, t)`` ends in the loss, ``backward()`` gives the gradient of x and leaves those of the parameters."""

    factor = 1.0

    def __init__(self, random):
        self.layer = Listed(random.standard_normal((3, 4)), np.zeros(4))
        self.params, self.grads = self.layer.params, self.layer.grads

    def forward(self, x, t):
        scores = self.layer.forward(x)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.mean(np.log(self.y[np.arange(len(t)), t]))

    def backward(self, dout=1):
        d = self.y.copy()
        d[np.arange(len(self.t)), self.t] -= 1
        dx = self.layer.backward(dout * d / len(self.t))
        self.grads[1] *= self.factor
        return dx
