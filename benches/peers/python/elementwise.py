"""Twelve elementwise operations in one compiled function, of one array and one number: JAX, PyTorch, and a copy by NumPy."""
import argparse
import json
import time
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--mode", choices=["jax-jit", "torch-compile", "numpy-copy"], required=True)
parser.add_argument("--kind")
parser.add_argument("--data")
parser.add_argument("--chain", choices=["arithmetic", "mixed"], required=True)
parser.add_argument("--elements", type=int, required=True)
parser.add_argument("--seconds", type=float, required=True)
parser.add_argument("--threads", type=int, required=True)
work = parser.parse_args()
numbers = ((np.arange(work.elements) * 7919 % 4001 - 2000) / 700).astype(np.float32)


def chain(library):
    """The functions have the same names in both libraries."""
    def arithmetic(x, w):
        y = (x * w + x) * x - w
        y = (y * w + x) * w - x
        return (y * w + x) * w - w

    def mixed(x, w):
        inner = (x + x * x * x * 0.044715) * 0.79788456
        gelu = x * 0.5 * (library.tanh(inner) + 1)
        gated = library.where(x > 0, gelu * w, 0)
        return (library.maximum(gated, library.zeros_like(x)) + library.exp(-library.abs(x))) * w + library.tanh(x)

    return {"arithmetic": arithmetic, "mixed": mixed}[work.chain]


if work.mode == "jax-jit":
    import jax
    import jax.numpy as jnp
    version, function, x, w = jax.__version__, jax.jit(chain(jnp)), jnp.asarray(numbers), jnp.float32(0.7)
    once = lambda: function(x, w).block_until_ready()
elif work.mode == "torch-compile":
    import torch
    torch.set_num_threads(work.threads)
    torch.set_grad_enabled(False)
    version, function, x, w = torch.__version__, torch.compile(chain(torch), dynamic=False), torch.from_numpy(numbers), torch.tensor(0.7)
    once = lambda: function(x, w)
else:
    version, into = np.__version__, np.empty_like(numbers)
    once = lambda: np.copyto(into, numbers)

for _ in range(3):
    result = once()
seen, start = [], time.perf_counter()
while len(seen) < 5 or time.perf_counter() - start < work.seconds:
    begin = time.perf_counter()
    once()
    seen.append(time.perf_counter() - begin)
total = 0.0 if result is None else float(np.asarray(result, np.float64).sum())
print(json.dumps({"peer": work.mode, "version": version, "seconds": sorted(seen)[len(seen) // 2], "accuracy": total}))
