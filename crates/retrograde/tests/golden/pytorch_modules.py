"""Modules of PyTorch whose state_dict has the names of Retrograde's layers: those of docs/PYTORCH.md that PyTorch lacks."""
import torch
from torch import nn


class Residual(nn.Sequential):
    """Layers, and their input added to their output."""

    def forward(self, x):
        return x + super().forward(x)


class PositionEmbedding(nn.Module):
    """A learned row added at each position."""

    def __init__(self, positions, width):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(positions, width))

    def forward(self, x):
        return x + self.weight


def states(kind):
    """A recurrent layer, nn.RNN, nn.LSTM or nn.GRU, that returns its states alone."""

    class States(kind):
        def __init__(self, inputs, width):
            super().__init__(inputs, width, batch_first=True)

        def forward(self, x):
            return super().forward(x)[0]

    return States


class SelfAttention(nn.MultiheadAttention):
    """Self-attention of one argument."""

    def __init__(self, width, heads, causal=False):
        super().__init__(width, heads, batch_first=True)
        self.causal, self.padding = causal, None

    def forward(self, x):
        length = x.shape[1]
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1) if self.causal else None
        return super().forward(x, x, x, attn_mask=mask, key_padding_mask=self.padding, need_weights=False)[0]


def padded(index, embedding, *layers):
    """An embedding, and layers whose attention does not attend to positions with this index."""

    class Padded(nn.Sequential):
        def forward(self, x):
            for module in self.modules():
                if isinstance(module, SelfAttention):
                    module.padding = x == index
            return super().forward(x)

    return Padded(embedding, *layers)
