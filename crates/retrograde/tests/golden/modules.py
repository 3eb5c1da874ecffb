"""Outputs and gradients of PyTorch's modules in f64, for tests/suite/modules.rs: writes modules.safetensors beside this file.

    python modules.py     # needs torch and safetensors

Each case is a module of PyTorch and the same as data of Retrograde, for an input of one odd shape. All parameters are drawn at
random, so that no two of them are alike. The loss is the sum of the outputs times random factors, `upstream`. Weights of
products are transposed, as in Retrograde. Batch normalization is in training mode, and its buffers are those after the step.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


class States(nn.Module):
    """A recurrent layer that returns its states alone."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


class Attention(nn.Module):
    """Self-attention of one argument."""

    def __init__(self, width, heads, causal):
        super().__init__()
        self.layer = nn.MultiheadAttention(width, heads, batch_first=True)
        self.causal = causal

    def forward(self, x):
        length = x.shape[1]
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1) if self.causal else None
        return self.layer(x, x, x, attn_mask=mask, need_weights=False)[0]


def name_of(name):
    """The name of a parameter in Retrograde."""
    name = name.removeprefix("layer.").removeprefix("layers.")
    return name.replace("in_proj_weight", "in_proj.weight").replace("in_proj_bias", "in_proj.bias")


def is_product(owner, name):
    """Whether a parameter is the weight of a product, which Retrograde keeps transposed."""
    recurrent = isinstance(owner, nn.RNNBase) and name.startswith("weight")
    return recurrent or name == "in_proj_weight" or (isinstance(owner, nn.Linear) and name == "weight")


def ours(module, tensors):
    """Tensors by PyTorch's names, with Retrograde's names and layouts."""
    owners = {}
    for path, owner in module.named_modules():
        for name, _ in owner.named_parameters(recurse=False):
            owners[f"{path}.{name}" if path else name] = is_product(owner, name)
    return {
        name_of(name): (tensor.t() if owners.get(name) else tensor).detach().clone().contiguous()
        for name, tensor in tensors.items()
    }


CASES = []


def case(layer, module, *shape, indices_below=None):
    CASES.append((layer, module, shape, indices_below))


odd = [1, 2, 3, 5, 7, 9, 11, 13, 17, 19]
for index, (a, b) in enumerate(zip(odd, odd[3:] + odd[:3])):
    rows, features = index % 4 + 2, a
    shape = (rows, features) if index % 2 else (rows, b % 5 + 1, features)
    case({"layer": "linear", "outputs": b, "bias": index % 3 != 0}, nn.Linear(a, b, bias=index % 3 != 0), *shape)
    case({"layer": "embedding", "count": a + 2, "width": b}, nn.Embedding(a + 2, b), rows, 3, indices_below=a + 2)
    spatial = [(), (4,), (3, 5)][index % 3]
    bn = [nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d][index % 3]
    momentum = [0.1, 0.25][index % 2]
    case({"layer": "batch_norm", "momentum": momentum}, bn(a, momentum=momentum), rows, a, *spatial)
    case({"layer": "layer_norm"}, nn.LayerNorm(b), *([rows, b] if index % 2 else [rows, 3, b]))
    case({"layer": "rms_norm"}, nn.RMSNorm(b, eps=1e-5), *([rows, b] if index % 2 else [rows, 3, b]))
    groups = index % 3 + 1
    channels = groups * (index % 4 + 1)
    case({"layer": "group_norm", "groups": groups}, nn.GroupNorm(groups, channels), rows, channels, 3, *spatial[:1])
    heads, width = index % 3 + 1, (index % 3 + 1) * (index % 4 + 1)
    causal = index % 2 == 1
    layer = {"layer": "multi_head_attention", "heads": heads, "causal": causal}
    case(layer, Attention(width, heads, causal), rows, index % 6 + 1, width)
    for name, kind in [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)]:
        case({"layer": name, "width": b % 8 + 1}, States(kind(a % 6 + 1, b % 8 + 1, batch_first=True)), rows, index % 5 + 1, a % 6 + 1)
    groups = index % 2 + 1
    inputs, channels, kernel = groups * (index % 3 + 1), groups * (index % 4 + 1), [index % 3 + 1, index % 4 + 1]
    stride, padding, dilation = [index % 2 + 1, index % 3 + 1], [index % 3, index % 2], [1, index % 2 + 1]
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "bias": index % 5 != 0}
    conv = nn.Conv2d(inputs, channels, kernel, **options)
    case({"layer": "conv2d", "channels": channels, "kernel": kernel} | options, conv, index % 2 + 1, inputs, 7, 6)
    extra = [0, index % 2 and stride[1] - 1]
    transposed = nn.ConvTranspose2d(inputs, channels, kernel, output_padding=extra, **options)
    layer = {"layer": "conv_transpose2d", "channels": channels, "kernel": kernel, "output_padding": extra} | options
    case(layer, transposed, index % 2 + 1, inputs, 4, 3)
    options = {"stride": index % 3 + 1, "padding": index % 4, "dilation": index % 2 + 1, "groups": groups}
    conv = nn.Conv1d(inputs, channels, index % 3 + 2, **options)
    case({"layer": "conv1d", "channels": channels, "kernel": index % 3 + 2} | options, conv, rows, inputs, 11)
    for name, kind in [("max_pool2d", nn.MaxPool2d), ("avg_pool2d", nn.AvgPool2d)]:
        window, options = [index % 3 + 2, index % 2 + 2], {"stride": stride, "padding": index % 2}
        case({"layer": name, "kernel": window} | options, kind(window, **options), 2, a % 3 + 1, 7, 6)
    kinds = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "gelu": nn.GELU}
    kinds |= {"gelu_tanh": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU, "mish": nn.Mish, "softplus": nn.Softplus}
    name = list(kinds)[index]
    case({"layer": name}, kinds[name](), 40, 3)
    layers = [{"layer": "linear", "outputs": b}, {"layer": "tanh"}, {"layer": "linear", "outputs": a}]
    case({"layer": "residual", "layers": layers}, Residual(nn.Linear(a, b), nn.Tanh(), nn.Linear(b, a)), rows, a)

tensors, descriptions = {}, []
for index, (layer, module, shape, below) in enumerate(CASES):
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    before = dict(module.named_parameters()) | dict(module.named_buffers())
    before = {name: value for name, value in before.items() if name != "num_batches_tracked"}
    values = ours(module, before)
    x = torch.randn(shape) if below is None else torch.randint(below, shape)
    x.requires_grad_(below is None)
    y = module(x)
    upstream = torch.randn(y.shape)
    (y * upstream).sum().backward()
    gradients = ours(module, {name: value.grad for name, value in module.named_parameters()})
    after = {name: value for name, value in module.named_buffers() if name != "num_batches_tracked"}
    found = {"x": x.detach().double(), "y": y.detach(), "upstream": upstream}
    found |= {f"value.{name}": value for name, value in values.items()}
    found |= {f"gradient.{name}": value for name, value in gradients.items()}
    found |= {f"after.{name}": value.clone() for name, value in after.items()}
    if below is None:
        found["dx"] = x.grad
    tensors |= {f"{index}.{name}": value.contiguous() for name, value in found.items()}
    descriptions.append({"layer": layer, "indices": below is not None})

file = pathlib.Path(__file__).with_suffix(".safetensors")
save_file(tensors, file, metadata={"cases": json.dumps(descriptions)})
print(f"{len(CASES)} cases, {file.stat().st_size} bytes, PyTorch {torch.__version__}")
