"""Layer objects in the styles of many courses and books; own code. Each is right."""

import numpy as np


class NnfsDense:
    """C14: nothing is returned, everything is left on the object."""

    def __init__(self, inputs, outputs):
        random = np.random.default_rng(1)
        self.weights = 0.5 * random.standard_normal((inputs, outputs))
        self.biases = np.zeros((1, outputs))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)


class NnfsReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class NnfsLoss:
    """A loss for each row; the gradient is that of the mean."""

    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def forward(self, y_pred, y_true):
        return -np.log(np.clip(y_pred, 1e-7, 1 - 1e-7)[range(len(y_pred)), y_true])

    def backward(self, dvalues, y_true):
        self.dinputs = -np.eye(dvalues.shape[1])[y_true] / dvalues / len(dvalues)


class RateDropout:
    """C14: the ratio is called a rate."""

    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs):
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.binary_mask


class UpdatingDense:
    """C13: the parameters are updated inside backward."""

    def __init__(self, inputs, outputs):
        random = np.random.default_rng(2)
        self.weights = random.standard_normal((inputs, outputs))
        self.bias = np.zeros((1, outputs))

    def forward(self, input):
        self.input = input
        return input @ self.weights + self.bias

    def backward(self, output_gradient, learning_rate):
        input_gradient = output_gradient @ self.weights.T
        self.weights -= learning_rate * self.input.T @ output_gradient
        self.bias -= learning_rate * output_gradient.sum(axis=0, keepdims=True)
        return input_gradient


class RebindingDense(UpdatingDense):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.lr = 0.1

    def backward(self, grad):
        dx = grad @ self.weights.T
        self.weights = self.weights - self.lr * self.input.T @ grad
        self.bias = self.bias - self.lr * grad.sum(axis=0, keepdims=True)
        return dx


class Linear7:
    """C15: the input is given again, gradients add up."""

    def __init__(self, inputs, outputs):
        random = np.random.default_rng(3)
        self.W, self.b = random.standard_normal((outputs, inputs)), random.standard_normal(outputs)
        self.gradW, self.gradb = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, input):
        return self.updateOutput(input)

    def backward(self, input, gradOutput):
        self.updateGradInput(input, gradOutput)
        self.accGradParameters(input, gradOutput)
        return self.gradInput

    def updateOutput(self, input):
        self.output = input @ self.W.T + self.b
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = gradOutput @ self.W
        return self.gradInput

    def accGradParameters(self, input, gradOutput):
        self.gradW += gradOutput.T @ input
        self.gradb += gradOutput.sum(axis=0)

    def zeroGradParameters(self):
        self.gradW.fill(0)
        self.gradb.fill(0)


class Param:
    def __init__(self, value):
        self.value, self.grad = value, np.zeros_like(value)


class ParamDense:
    """C16: parameters are objects; gradients add up."""

    def __init__(self, inputs, outputs):
        random = np.random.default_rng(4)
        self.W, self.B = Param(random.standard_normal((inputs, outputs))), Param(np.zeros((1, outputs)))
        self.X = None

    def forward(self, X):
        self.X = X
        return X @ self.W.value + self.B.value

    def backward(self, d_out):
        self.W.grad += self.X.T @ d_out
        self.B.grad += d_out.sum(axis=0, keepdims=True)
        return d_out @ self.W.value.T

    def params(self):
        return {"W": self.W, "B": self.B}


class DictDense:
    """C17: dictionaries on the layer."""

    def __init__(self, inputs, outputs):
        random = np.random.default_rng(5)
        self.params = {"w": random.standard_normal((inputs, outputs)), "b": random.standard_normal(outputs)}
        self.grads = {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]

    def backward(self, grad):
        self.grads["b"] = np.sum(grad, axis=0)
        self.grads["w"] = self.inputs.T @ grad
        return grad @ self.params["w"].T


class LazyDense:
    """C17: parameters are made at the first forward, inputs are kept in a list."""

    def __init__(self, outputs):
        self.outputs, self.parameters, self.gradients, self.X = outputs, {"W": None, "b": None}, {}, []

    def forward(self, X):
        if self.parameters["W"] is None:
            self.parameters["W"] = np.random.randn(X.shape[1], self.outputs)
            self.parameters["b"] = np.zeros((1, self.outputs))
            self.flush_gradients()
        self.X.append(X)
        return X @ self.parameters["W"] + self.parameters["b"]

    def backward(self, dLdy):
        X = self.X.pop()
        self.gradients["W"] += X.T @ dLdy
        self.gradients["b"] += dLdy.sum(axis=0, keepdims=True)
        return dLdy @ self.parameters["W"].T

    def flush_gradients(self):
        self.gradients = {key: np.zeros_like(value) for key, value in self.parameters.items()}
        self.X = []


class MytorchLinear:
    """C19: weights are (out, in), the bias is a column."""

    def __init__(self, inputs, outputs):
        random = np.random.default_rng(6)
        self.W, self.b = random.standard_normal((outputs, inputs)), random.standard_normal((outputs, 1))

    def forward(self, A):
        self.A, self.N = A, A.shape[0]
        self.Ones = np.ones((self.N, 1))
        return A @ self.W.T + self.Ones @ self.b.T

    def backward(self, dLdZ):
        self.dLdW = dLdZ.T @ self.A
        self.dLdb = dLdZ.T @ self.Ones
        return dLdZ @ self.W


class WeightMultiply:
    """C18: one parameter, ``param`` and ``param_grad``."""

    def __init__(self, inputs, outputs):
        self.param = np.random.default_rng(7).standard_normal((inputs, outputs))

    def forward(self, input_):
        self.input_ = input_
        self.output = input_ @ self.param
        return self.output

    def backward(self, output_grad):
        self.param_grad = self.input_.T @ output_grad
        self.input_grad = output_grad @ self.param.T
        return self.input_grad


class MSE:
    """A loss whose backward has no arguments."""

    def forward(self, prediction, target):
        self.prediction, self.target = prediction, target
        return np.sum((prediction - target) ** 2) / prediction.shape[0]

    def backward(self):
        return 2 * (self.prediction - self.target) / self.prediction.shape[0]


class ListMatMul:
    """C5: lists of parameters and gradients, gradients are written in place."""

    def __init__(self, W):
        self.params, self.grads, self.x = [W], [np.zeros_like(W)], None

    def forward(self, x):
        (W,) = self.params
        self.x = x
        return np.dot(x, W)

    def backward(self, dout):
        (W,) = self.params
        self.grads[0][...] = np.dot(self.x.T, dout)
        return np.dot(dout, W.T)


class ListEmbedding:
    """C5: indices in, no gradient of them."""

    def __init__(self, W):
        self.params, self.grads, self.idx = [W], [np.zeros_like(W)], None

    def forward(self, idx):
        self.idx = idx
        return self.params[0][idx]

    def backward(self, dout):
        (dW,) = self.grads
        dW[...] = 0
        np.add.at(dW, self.idx, dout)
        return None


class ListRNN:
    """C5: a cell with two inputs."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(one) for one in self.params]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - h_next**2)
        self.grads[0][...], self.grads[1][...], self.grads[2][...] = x.T @ dt, h_prev.T @ dt, dt.sum(axis=0)
        return dt @ Wx.T, dt @ Wh.T


class TimeRNN:
    """C5: keeps its hidden state from call to call, and makes its cells in forward."""

    def __init__(self, Wx, Wh, b, stateful=True):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(one) for one in self.params]
        self.layers, self.h, self.dh, self.stateful = None, None, None, stateful

    def forward(self, xs):
        n, t, _ = xs.shape
        self.layers, hs = [], np.empty((n, t, self.params[1].shape[0]), dtype="f")
        if not self.stateful or self.h is None:
            self.h = np.zeros((n, self.params[1].shape[0]))
        for at in range(t):
            layer = ListRNN(*self.params)
            self.h = layer.forward(xs[:, at], self.h)
            hs[:, at] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        dxs, dh, grads = np.empty((*dhs.shape[:2], self.params[0].shape[0])), 0, [0, 0, 0]
        for at in reversed(range(dhs.shape[1])):
            dxs[:, at], dh = self.layers[at].backward(dhs[:, at] + dh)
            grads = [a + b for a, b in zip(grads, self.layers[at].grads)]
        for own, grad in zip(self.grads, grads):
            own[...] = grad
        self.dh = dh
        return dxs


class TiedNet:
    """C5: one array in two places, once transposed; each place shows its own contribution."""

    def __init__(self, W):
        self.first, self.last = ListMatMul(W), ListMatMul(W.T)
        self.params = self.first.params + self.last.params
        self.grads = self.first.grads + self.last.grads
        self.calls = None

    def forward(self, x):
        start = 0.0 if self.calls is None else 0.1
        self.calls = 1
        return self.last.forward(np.tanh(self.first.forward(x))) + start

    def backward(self, dout):
        return self.first.backward(self.last.backward(dout) * (1 - np.tanh(self.first.x @ self.first.params[0]) ** 2))


class TrainingDense(NnfsDense):
    def forward(self, inputs, training):
        super().forward(inputs if training else 0 * inputs)


class TwoMatMuls:
    """Keeps another name for its first parameter (book 2)."""

    def __init__(self, first, second):
        self.layers = ListMatMul(first), ListMatMul(second)
        self.params = [one.params[0] for one in self.layers]
        self.grads = [one.grads[0] for one in self.layers]
        self.word_vecs = first

    def forward(self, x, t):
        self.difference = self.layers[1].forward(self.layers[0].forward(x)) - t
        return 0.5 * np.sum(self.difference**2)

    def backward(self, dout=1):
        self.layers[0].backward(self.layers[1].backward(dout * self.difference))
