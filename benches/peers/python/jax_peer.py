"""The work in JAX: a compiled step (jit), or many of them in one compiled loop (scan)."""
import functools
import jax
import jax.numpy as jnp
import numpy as np
from work import arguments, deviation, load, measure

work = arguments()
regression = work.kind == "regression"
sets = [(jnp.asarray(x), jnp.asarray(t)) for x, t in load(work)]
x_train, t_train = sets[0]
rng = np.random.default_rng(0)
params = [(deviation(work, a) * jax.random.normal(jax.random.PRNGKey(i), (a, b)), jnp.zeros(b))
          for i, (a, b) in enumerate(zip(work.sizes, work.sizes[1:]))]
zeros = jax.tree.map(jnp.zeros_like, params)
state = (params, zeros, jax.tree.map(jnp.zeros_like, params), jnp.float32(0)) if work.optimizer == "adam" else (params,)


def forward(params, x):
    for w, b in params[:-1]:
        x = jnp.tanh(x @ w + b) if regression else jnp.maximum(x @ w + b, 0)
    return x @ params[-1][0] + params[-1][1]


def loss(params, x, t):
    if regression:
        return ((forward(params, x) - t) ** 2).mean()
    return -jnp.take_along_axis(jax.nn.log_softmax(forward(params, x)), t[:, None], 1).mean()


def train(state, pick, x_train, t_train):
    params, *moments = state
    batch = (x_train, t_train) if regression else (x_train[pick], t_train[pick])
    grads = jax.grad(loss)(params, *batch)
    if not moments:
        return (jax.tree.map(lambda p, g: p - work.rate * g, params, grads),)
    m, v, count = moments
    count += 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    one, two = 1 - 0.9 ** count, 1 - 0.999 ** count
    params = jax.tree.map(lambda p, m, v: p - work.rate * (m / one) / (jnp.sqrt(v / two) + 1e-8), params, m, v)
    return params, m, v, count


one_step = jax.jit(train, donate_argnums=0)


@functools.partial(jax.jit, donate_argnums=0)
def scan(state, picks, x_train, t_train):
    return jax.lax.scan(lambda state, pick: (train(state, pick, x_train, t_train), None), state, picks)[0]


def steps():
    global state
    picks = rng.integers(0, len(t_train), (work.chunk, 0 if regression else work.batch), np.int32)
    if work.mode == "scan":
        state = scan(state, picks, x_train, t_train)
    else:
        for pick in picks:
            state = one_step(state, pick, x_train, t_train)
    jax.block_until_ready(state)


@jax.jit
def accuracy(params, x, t):
    if regression:
        return loss(params, x, t)
    return (forward(params, x).argmax(1) == t).mean()


def evaluate():
    return [float(a) for a in [accuracy(state[0], x, t) for x, t in sets]]


measure(work, f"jax {work.mode}", jax.__version__, steps, evaluate)
