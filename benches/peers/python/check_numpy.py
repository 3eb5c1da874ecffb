"""The notebook's gradient check in NumPy: every parameter of the two-layer network (784-50-10, three rows) moved to both
sides by 1e-4, the whole loss computed anew. Prints the seconds of three passes.

    benches/peers/local/venv/bin/python benches/peers/python/check_numpy.py
"""
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
import numpy as np

rng = np.random.default_rng(0)
x, t = rng.random((3, 784)), np.eye(10)[[5, 0, 4]]
params = {"w1": 0.01 * rng.standard_normal((784, 50)), "b1": np.zeros(50),
          "w2": 0.01 * rng.standard_normal((50, 10)), "b2": np.zeros(10)}


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward():
    h = np.maximum(x @ params["w1"] + params["b1"], 0)
    return h, softmax(h @ params["w2"] + params["b2"])


def loss():
    return -np.sum(t * np.log(forward()[1] + 1e-7)) / len(x)


def backward():
    h, y = forward()
    dz = (y - t) / len(x)
    dh = (dz @ params["w2"].T) * (h > 0)
    return {"w1": x.T @ dh, "b1": dh.sum(0), "w2": h.T @ dz, "b2": dz.sum(0)}


def numerical(array, step=1e-4):
    flat, gradient = array.reshape(-1), np.empty(array.size)
    for i in range(flat.size):
        value = flat[i]
        flat[i] = value + step
        above = loss()
        flat[i] = value - step
        gradient[i] = (above - loss()) / (2 * step)
        flat[i] = value
    return gradient.reshape(array.shape)


for _ in range(3):
    begun = time.perf_counter()
    gradients = backward()
    worst = max(np.abs(numerical(params[name]) - gradients[name]).max() for name in params)
    print(f"numpy {np.__version__}: {time.perf_counter() - begun:.3f} s, largest difference {worst:.1e}")
