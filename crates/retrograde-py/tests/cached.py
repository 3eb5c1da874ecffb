"""Pairs of functions with a cache, losses that return their gradient, and f with its gradient (C7, C8, C10, C27); own code."""

import numpy as np


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T @ dout, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    n, d = x.shape
    mean = bn_param.get("running_mean", np.zeros(d))
    if bn_param["mode"] != "train":
        return gamma * (x - mean) + beta, None
    mu, var = x.mean(axis=0), x.var(axis=0)
    bn_param["running_mean"] = 0.9 * mean + 0.1 * mu
    inverse = 1 / np.sqrt(var + 1e-5)
    xhat = (x - mu) * inverse
    return gamma * xhat + beta, (xhat, inverse, gamma)


def batchnorm_backward(dout, cache):
    xhat, inverse, gamma = cache
    n = dout.shape[0]
    d = dout * gamma
    dx = inverse / n * (n * d - d.sum(axis=0) - xhat * np.sum(d * xhat, axis=0))
    return dx, np.sum(dout * xhat, axis=0), dout.sum(axis=0)


def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = (np.random.rand(*x.shape) < p) / p
    return x * mask, (dropout_param, mask)


def dropout_backward(dout, cache):
    return dout * cache[1]


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    n, f = x.shape[0], w.shape[0]
    rows = 1 + (padded.shape[2] - w.shape[2]) // stride
    columns = 1 + (padded.shape[3] - w.shape[3]) // stride
    out = np.zeros((n, f, rows, columns))
    for i in range(rows):
        for j in range(columns):
            part = padded[:, :, i * stride : i * stride + w.shape[2], j * stride : j * stride + w.shape[3]]
            out[:, :, i, j] = np.tensordot(part, w, ((1, 2, 3), (1, 2, 3))) + b
    return out, (x, w, b, conv_param)


def conv_backward(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + w.shape[2]), slice(j * stride, j * stride + w.shape[3])
            part = padded[:, :, rows, columns]
            dw += np.tensordot(dout[:, :, i, j], part, ((0,), (0,)))
            dpadded[:, :, rows, columns] += np.tensordot(dout[:, :, i, j], w, ((1,), (0,)))
    dx = dpadded[:, :, pad : dpadded.shape[2] - pad or None, pad : dpadded.shape[3] - pad or None]
    return dx, dw, dout.sum(axis=(0, 2, 3))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    d = dnext_h * (1 - next_h**2)
    return d @ Wx.T, d @ Wh.T, x.T @ d, prev_h.T @ d, d.sum(axis=0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    i, f, o, g = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def softmax_loss(x, y):
    shifted = x - x.max(axis=1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    n = x.shape[0]
    dx = np.exp(log)
    dx[np.arange(n), y] -= 1
    return -np.sum(log[np.arange(n), y]) / n, dx / n


def svm_loss(W, X, y, reg):
    scores = X @ W
    n = X.shape[0]
    margins = np.maximum(0, scores - scores[np.arange(n), y][:, None] + 1)
    margins[np.arange(n), y] = 0
    counts = (margins > 0).astype(float)
    counts[np.arange(n), y] = -counts.sum(axis=1)
    return margins.sum() / n + reg * np.sum(W * W), X.T @ counts / n + 2 * reg * W


def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)


def linear_backward(dZ, cache):
    A, W, b = cache
    m = A.shape[1]
    return W.T @ dZ, dZ @ A.T / m, dZ.sum(axis=1, keepdims=True) / m


def rosenbrock(theta):
    return np.sum(100 * (theta[1:] - theta[:-1] ** 2) ** 2 + (1 - theta[:-1]) ** 2)


def rosenbrock_gradient(theta):
    g = np.zeros_like(theta)
    g[:-1] += -400 * theta[:-1] * (theta[1:] - theta[:-1] ** 2) - 2 * (1 - theta[:-1])
    g[1:] += 200 * (theta[1:] - theta[:-1] ** 2)
    return g


def logistic(theta, X, y):
    h = sigmoid(X @ theta)
    return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h)), X.T @ (h - y) / y.size


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


def cell_forward(x, parameters):
    a = np.tanh(parameters["Wx"] @ x + parameters["by"])
    return a, a.sum(axis=0), (a, x, parameters)


def cell_backward(da, cache):
    a, x, parameters = cache
    d = da * (1 - a**2)
    return {"dx": parameters["Wx"].T @ d, "dWx": d @ x.T, "dby": d.sum(axis=1, keepdims=True)}


def activated_forward(x, w, activation):
    z = x @ w
    return (np.tanh(z) if activation == "tanh" else np.maximum(z, 0)), (x, w, z)


def activated_backward(dA, cache, activation):
    x, w, z = cache
    dz = dA * (1 - np.tanh(z) ** 2) if activation == "tanh" else dA * (z > 0)
    return dz @ w.T, x.T @ dz


def cost_forward(X, Y, parameters):
    Z = parameters["W1"] @ X
    return np.sum((Z - Y) ** 2) / X.shape[1], (Z, parameters["W1"])


def cost_backward(X, Y, cache):
    Z, _ = cache
    dZ = 2 * (Z - Y) / X.shape[1]
    return {"dZ1": dZ, "dW1": dZ @ X.T}


def propagate(w, b, X, Y):
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    cost = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return {"dw": X @ (A - Y).T / X.shape[1], "db": np.mean(A - Y)}, cost
