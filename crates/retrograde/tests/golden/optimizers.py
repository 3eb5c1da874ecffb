"""Writes optimizers.json: what PyTorch's update rules make of a small network's parameters in 100 steps, in f64.

    python optimizers.py > optimizers.json
"""
import json
import torch

torch.set_default_dtype(torch.float64)
STEPS = 100


def numbers(rows, columns, phase):
    return torch.sin(phase + 1.7 * torch.arange(rows * columns, dtype=torch.float64)).reshape(rows, columns)


def train(make, clip=None):
    x, t = numbers(5, 3, 0.3), numbers(5, 2, 0.9)
    w, b = numbers(3, 2, 0.1).requires_grad_(), torch.zeros(2, requires_grad=True)
    optimizer = make([w, b])
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = ((torch.tanh(x @ w + b) - t) ** 2).mean()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([w, b], clip)
        optimizer.step()
        losses.append(loss.item())
    return {"w": w.detach().flatten().tolist(), "b": b.detach().tolist(), "losses": losses}


o = torch.optim
print(json.dumps({
    "torch": torch.__version__,
    "sgd": train(lambda p: o.SGD(p, 0.1)),
    "sgd, weight decay": train(lambda p: o.SGD(p, 0.1, weight_decay=0.01)),
    "sgd, clipped": train(lambda p: o.SGD(p, 0.1), clip=0.1),
    "momentum": train(lambda p: o.SGD(p, 0.1, momentum=0.9)),
    "nesterov": train(lambda p: o.SGD(p, 0.1, momentum=0.9, nesterov=True)),
    "adagrad": train(lambda p: o.Adagrad(p, 0.01)),
    "rmsprop": train(lambda p: o.RMSprop(p, 0.01)),
    "adam": train(lambda p: o.Adam(p, 0.01)),
    "adamw": train(lambda p: o.AdamW(p, 0.01, weight_decay=0.01)),
    "adagrad, other epsilon": train(lambda p: o.Adagrad(p, 0.01, eps=0.01)),
    "rmsprop, other epsilon": train(lambda p: o.RMSprop(p, 0.01, eps=0.01)),
    "adam, other epsilon": train(lambda p: o.Adam(p, 0.01, eps=0.01)),
    "adamw, other epsilon": train(lambda p: o.AdamW(p, 0.01, weight_decay=0.01, eps=0.01)),
    "adam, other betas": train(lambda p: o.Adam(p, 0.01, betas=(0.8, 0.99))),
}, indent=1))
