"""torch.autograd.gradcheck of the two-layer network (784-50-10, three rows), whole and in its fast mode, in float64.
Prints the seconds of three passes of each.

    benches/peers/local/venv/bin/python benches/peers/python/check_torch.py
"""
import time

import torch

torch.manual_seed(0)
x, t = torch.rand(3, 784, dtype=torch.float64), torch.tensor([5, 0, 4])
params = [(0.01 * torch.randn(784, 50, dtype=torch.float64)).requires_grad_(),
          torch.zeros(50, dtype=torch.float64, requires_grad=True),
          (0.01 * torch.randn(50, 10, dtype=torch.float64)).requires_grad_(),
          torch.zeros(10, dtype=torch.float64, requires_grad=True)]


def loss(w1, b1, w2, b2):
    return torch.nn.functional.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, t)


for fast in [False, True]:
    for _ in range(3):
        begun = time.perf_counter()
        right = torch.autograd.gradcheck(loss, params, fast_mode=fast, raise_exception=False)
        print(f"torch {torch.__version__} gradcheck, fast mode {fast}: {time.perf_counter() - begun:.4f} s, {right}")
