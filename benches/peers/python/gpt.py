"""Trains the GPT of `retrograde train --data TEXT.txt` in PyTorch, to compare the loss on the test characters.

    python benches/peers/python/gpt.py TEXT.txt [steps] [seeds]

The network, its initial weights, AdamW and the split are the same; batches and weights are drawn by PyTorch. A line for each
seed: steps, loss in nats a character on all windows of the test part, seconds.
"""
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

CONTEXT, WIDTH, HEADS, BLOCKS, BATCH = 64, 128, 4, 4, 12


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.project = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, context, width = x.shape
        q, k, v = (t.view(batch, context, HEADS, width // HEADS).transpose(1, 2) for t in self.qkv(self.norm1(x)).split(width, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.project(y.transpose(1, 2).reshape(batch, context, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, tokens):
        super().__init__()
        self.token, self.position = nn.Embedding(tokens, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(BLOCKS)])
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, tokens)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * BLOCKS) if "down" in name else 0.02)

    def forward(self, x):
        return self.out(self.norm(self.blocks(self.token(x) + self.position.weight)))


def main():
    text = open(sys.argv[1], encoding="utf-8").read()
    steps, seeds = (int(word) for word in (sys.argv[2:] + ["2000", "3"][len(sys.argv) - 2:]))
    numbers = {character: number for number, character in enumerate(sorted(set(text)))}
    tokens = torch.tensor([numbers[character] for character in text])
    train, test = tokens.split([round(len(tokens) * 0.9), len(tokens) - round(len(tokens) * 0.9)])
    torch.set_num_threads(2)
    for seed in range(seeds):
        torch.manual_seed(seed)
        net = Gpt(len(numbers))
        optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.01, fused=True)
        start = time.perf_counter()
        for _ in range(steps):
            at = torch.randint(len(train) - CONTEXT - 1, (BATCH, 1)) + torch.arange(CONTEXT + 1)
            rows = train[at]
            loss = F.cross_entropy(net(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        seconds = time.perf_counter() - start
        count = (len(test) - 1) // CONTEXT
        x, t = test[: count * CONTEXT].view(count, CONTEXT), test[1 : count * CONTEXT + 1].view(count, CONTEXT)
        with torch.no_grad():
            losses = [F.cross_entropy(net(x).flatten(0, 1), t.flatten(), reduction="sum") for x, t in zip(x.split(64), t.split(64))]
        print(f"seed {seed}: {steps} steps, test loss {sum(losses).item() / t.numel():.4f}, {seconds:.0f} s", flush=True)


main()
