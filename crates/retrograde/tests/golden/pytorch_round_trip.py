"""Weights of Retrograde in PyTorch and back, with the command line, for networks of every kind of layer that takes images.

    cargo build --bin retrograde
    python pytorch_round_trip.py PROGRAM     # needs torch and safetensors

For each network, `retrograde export` writes the weights of a short training, and the same network of PyTorch takes them with
load_state_dict(strict=True): its probabilities are compared with those of `retrograde predict`. Then `retrograde train --weights`
takes other weights of PyTorch, and `export` gives them back with the same bits.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
from collections import OrderedDict

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from pytorch_modules import Residual, SelfAttention, states

IMAGES = """input = [1, 28, 28]
layers = [
    { layer = "conv2d", channels = 4, kernel = [3, 5], stride = 2, padding = 1, groups = 1 },
    { layer = "batch_norm" },
    { layer = "mish" },
    { layer = "conv_transpose2d", channels = 6, kernel = 3, groups = 2, bias = false },
    { layer = "group_norm", groups = 3 },
    { layer = "gelu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "residual", layers = [
        { layer = "conv2d", channels = 6, kernel = 3, padding = 1 },
        { layer = "batch_norm", momentum = 0.3 },
        { layer = "silu" },
    ] },
    { layer = "avg_pool2d", kernel = 2 },
    { layer = "dropout", rate = 0.3 },
    { layer = "flatten" },
    { layer = "linear", outputs = 10 },
]
"""
SEQUENCES = """input = [28, 28]
layers = [
    { layer = "conv1d", channels = 28, kernel = 3, padding = 1, dilation = 1 },
    { layer = "rnn", width = 12 },
    { layer = "layer_norm" },
    { layer = "lstm", width = 9 },
    { layer = "rms_norm" },
    { layer = "gru", width = 8 },
    { layer = "residual", layers = [{ layer = "multi_head_attention", heads = 2, causal = true }] },
    { layer = "multi_head_attention", heads = 4 },
    { layer = "flatten" },
    { layer = "linear", outputs = 10, bias = false },
]
"""


def images():
    return nn.Sequential(
        nn.Conv2d(1, 4, (3, 5), stride=2, padding=1),
        nn.BatchNorm2d(4),
        nn.Mish(),
        nn.ConvTranspose2d(4, 6, 3, groups=2, bias=False),
        nn.GroupNorm(3, 6),
        nn.GELU(),
        nn.MaxPool2d(2),
        Residual(nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6, momentum=0.3), nn.SiLU()),
        nn.AvgPool2d(2),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.LazyLinear(10),
    )


def sequences():
    return nn.Sequential(
        nn.Conv1d(28, 28, 3, padding=1),
        states(nn.RNN)(28, 12),
        nn.LayerNorm(12),
        states(nn.LSTM)(12, 9),
        nn.RMSNorm(9, eps=1e-5),
        states(nn.GRU)(9, 8),
        Residual(SelfAttention(8, 2, causal=True)),
        SelfAttention(8, 4),
        nn.Flatten(),
        nn.Linear(28 * 8, 10, bias=False),
    )


def perceptron():
    layers = [("affine1", nn.Linear(784, 20)), ("relu1", nn.ReLU()), ("affine2", nn.Linear(20, 10))]
    return nn.Sequential(OrderedDict(layers))


def retrograde(*arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


program = str(pathlib.Path(sys.argv[1]).resolve())
random.seed(0)
torch.manual_seed(0)
folder = pathlib.Path(tempfile.mkdtemp())
pictures = [bytes(random.randrange(256) for _ in range(784)) for _ in range(5)]
for index, picture in enumerate(pictures):
    (folder / str(index)).write_bytes(picture)
batch = torch.tensor([list(picture) for picture in pictures], dtype=torch.float64) / 255
for name, text, shape, make in [
    ("images", IMAGES, (1, 28, 28), images),
    ("sequences", SEQUENCES, (28, 28), sequences),
    ("perceptron", None, (784,), perceptron),
]:
    model = folder / f"{name}.toml"
    network = ["--hidden", "20"]
    if text:
        model.write_text(text)
        network = ["--model", model]
    retrograde("train", *network, "--optimizer", "adam", "--steps", 20, "--out", folder / name, "--quiet")
    weights = folder / f"{name}.safetensors"
    retrograde("export", "--model", folder / name, "--format", "pytorch", "--precision", "f64", "-o", weights)
    module = make().double().eval()
    x = batch.reshape(len(batch), *shape)
    module(x)
    module.load_state_dict(load_file(weights), strict=True)
    with torch.no_grad():
        expected = module(x).softmax(1)
    lines = retrograde("predict", "--model", folder / name, "--json", *(folder / str(i) for i in range(len(batch))))
    found = torch.tensor([json.loads(line)["probabilities"] for line in lines.splitlines()], dtype=torch.float64)
    difference = (found - expected).abs().max().item()
    assert found.shape == expected.shape and difference < 1e-9, f"{name}: {difference}"

    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.1)
    state = {key: value.contiguous() for key, value in module.state_dict().items()}
    save_file(state, folder / f"{name}-torch.safetensors")
    arguments = ["--weights", folder / f"{name}-torch.safetensors", "--precision", "f64", "--steps", 0]
    retrograde("train", *network, *arguments, "--out", folder / f"{name}-back", "--quiet")
    back = folder / f"{name}-back.safetensors"
    retrograde("export", "--model", folder / f"{name}-back", "--precision", "f64", "-o", back)
    again = load_file(back)
    assert again.keys() == state.keys(), name
    for key, value in state.items():
        assert again[key].dtype == value.dtype and torch.equal(again[key], value), f"{name}: {key}"
    print(f"{name}: {len(state)} tensors, outputs within {difference:.1e}")
