"""The work in NumPy, by hand: float32 throughout, results written into arrays that are kept."""
import numpy as np
from work import arguments, deviation, load, measure

work = arguments()
(x_train, t_train), test = sets = load(work)
rng = np.random.default_rng(0)
pairs = list(zip(work.sizes, work.sizes[1:]))
weights = [(deviation(work, a) * rng.standard_normal((a, b))).astype(np.float32) for a, b in pairs]
biases = [np.zeros(b, np.float32) for _, b in pairs]
parameters = weights + biases
gradients = [np.empty_like(p) for p in parameters]
d_weights, d_biases = gradients[:len(pairs)], gradients[len(pairs):]
spare = [np.empty_like(p) for p in parameters]
means, squares = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
values = [np.empty((work.batch, size), np.float32) for size in work.sizes]
upstream = [np.empty((work.batch, size), np.float32) for size in work.sizes]
rows = np.arange(work.batch)
count = 0


def sgd():
    for p, g in zip(parameters, gradients):
        g *= np.float32(work.rate)
        p -= g


def adam(first=np.float32(0.9), second=np.float32(0.999)):
    rate = np.float32(work.rate * (1 - 0.999 ** count) ** 0.5 / (1 - 0.9 ** count))
    epsilon = np.float32(1e-8 * (1 - 0.999 ** count) ** 0.5)
    for p, g, m, v, s in zip(parameters, gradients, means, squares, spare):
        m *= first
        np.multiply(g, 1 - first, out=s)
        m += s
        v *= second
        g *= g
        g *= 1 - second
        v += g
        np.sqrt(v, out=s)
        s += epsilon
        np.divide(m, s, out=s)
        s *= rate
        p -= s


update = adam if work.optimizer == "adam" else sgd


def step():
    global count
    count += 1
    pick = rng.integers(0, len(t_train), work.batch)
    # With the mode "clip" the rows go straight into the array; "raise" would go through another one.
    np.take(x_train, pick, axis=0, out=values[0], mode="clip")
    for i, (w, b) in enumerate(zip(weights, biases)):
        np.matmul(values[i], w, out=values[i + 1])
        values[i + 1] += b
        if i + 1 < len(pairs):
            np.maximum(values[i + 1], 0, out=values[i + 1])
    logits, d = values[-1], upstream[-1]
    np.subtract(logits, logits.max(1, keepdims=True), out=d)
    np.exp(d, out=d)
    d /= d.sum(1, keepdims=True)
    d[rows, t_train[pick]] -= 1
    d /= np.float32(work.batch)
    for i in reversed(range(len(pairs))):
        np.matmul(values[i].T, upstream[i + 1], out=d_weights[i])
        np.sum(upstream[i + 1], 0, out=d_biases[i])
        if i > 0:
            np.matmul(upstream[i + 1], weights[i].T, out=upstream[i])
            upstream[i] *= values[i] > 0
    update()


def steps():
    for _ in range(work.chunk):
        step()


def forward(x):
    for i, (w, b) in enumerate(zip(weights, biases)):
        x = x @ w
        x += b
        if i + 1 < len(pairs):
            np.maximum(x, 0, out=x)
    return x


def evaluate(part=1000):
    """A part at a time, so that its activations stay in the cache."""
    def right(x, t):
        return sum(int((forward(x[i:i + part]).argmax(1) == t[i:i + part]).sum()) for i in range(0, len(t), part))
    return [right(x, t) / len(t) for x, t in sets]


measure(work, "numpy", np.__version__, steps, evaluate)
