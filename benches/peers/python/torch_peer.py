"""The work in PyTorch, eager or compiled."""
import torch
from torch import nn
from torch.nn import functional as F
from work import arguments, deviation, load, measure

work = arguments()
regression = work.kind == "regression"
torch.set_num_threads(work.threads)
torch.set_num_interop_threads(1)
torch.manual_seed(0)
sets = [(torch.from_numpy(x), torch.from_numpy(t) if regression else torch.from_numpy(t).long()) for x, t in load(work)]
x_train, t_train = sets[0]
layers = []
for a, b in zip(work.sizes, work.sizes[1:]):
    layer = nn.Linear(a, b)
    nn.init.normal_(layer.weight, 0, deviation(work, a))
    nn.init.zeros_(layer.bias)
    layers += [layer, nn.Tanh() if regression else nn.ReLU()]
net = nn.Sequential(*layers[:-1])
rule = torch.optim.Adam if work.optimizer == "adam" else torch.optim.SGD
optimizer = rule(net.parameters(), lr=work.rate, fused=True)


def loss(x, t):
    return F.mse_loss(net(x), t) if regression else F.cross_entropy(net(x), t)


def right(x, t):
    return loss(x, t) * len(t) if regression else (net(x).argmax(1) == t).sum()


if work.mode == "compile":
    loss, right = torch.compile(loss), torch.compile(right)


def steps():
    for _ in range(work.chunk):
        x, t = x_train, t_train
        if not regression:
            pick = torch.randint(0, len(t), (work.batch,))
            x, t = x.index_select(0, pick), t.index_select(0, pick)
        optimizer.zero_grad(set_to_none=True)
        loss(x, t).backward()
        optimizer.step()


@torch.inference_mode()
def evaluate(part=1000):
    """A part at a time, so that its activations stay in the cache."""
    return [float(sum(right(a, b) for a, b in zip(x.split(part), t.split(part)))) / len(t) for x, t in sets]


measure(work, f"torch {work.mode}", torch.__version__, steps, evaluate)
