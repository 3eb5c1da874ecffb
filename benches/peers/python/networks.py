"""Training steps, or outputs, of the networks beyond the perceptron in PyTorch: those of retrograde/src/networks.rs."""
import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--mode", choices=["torch-eager", "torch-compile"], required=True)
parser.add_argument("--kind", choices=["network", "inference"], required=True)
parser.add_argument("--network", required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--seconds", type=float, required=True)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--data")
work = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(work.threads)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, context, width = x.shape
        q, k, v = (t.view(batch, context, self.heads, -1).transpose(1, 2) for t in self.qkv(self.norm1(x)).split(width, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.project(y.transpose(1, 2).reshape(batch, context, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, tokens=65, width=128, context=64):
        super().__init__()
        self.token, self.position = nn.Embedding(tokens, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, 4) for _ in range(4)])
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, tokens)

    def forward(self, x):
        return self.out(self.norm(self.blocks(self.token(x) + self.position.weight))).flatten(0, 1)


class LastState(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])


image = torch.rand(work.batch, 1, 28, 28)
make, x, targets, classes = ({
    "simple-conv-net": (lambda: nn.Sequential(
        nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4320, 100), nn.ReLU(), nn.Linear(100, 10)),
        image, work.batch, 10),
    "mnist-example": (lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)), image, work.batch, 10),
    "lenet5": (lambda: nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)), image, work.batch, 10),
} | {
    f"gpt{suffix}": (
        lambda context=context: Gpt(context=context), torch.randint(0, 65, (work.batch, context)), work.batch * context, 65)
    for suffix, context in [("", 64), ("-256", 256), ("-1024", 1024)]
} | {
    "lstm": (LastState, torch.rand(work.batch, 64, 64), work.batch, 10),
})[work.network]
net, t = make(), torch.randint(0, classes, (targets,))
is_compiled = work.mode == "torch-compile"

if work.kind == "inference":
    net.eval()
    run = torch.compile(net) if is_compiled else net

    def once():
        with torch.inference_mode():
            run(x)
else:
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=True)
    loss = lambda x, t: F.cross_entropy(net(x), t)
    run = torch.compile(loss) if is_compiled else loss

    def once():
        optimizer.zero_grad(set_to_none=True)
        run(x, t).backward()
        optimizer.step()

for _ in range(5):
    once()
seen, start = [], time.perf_counter()
while len(seen) < 10 or time.perf_counter() - start < work.seconds:
    begin = time.perf_counter()
    once()
    seen.append(time.perf_counter() - begin)
print(json.dumps({"version": torch.__version__, "seconds": sorted(seen)[len(seen) // 2], "accuracy": 0}))
