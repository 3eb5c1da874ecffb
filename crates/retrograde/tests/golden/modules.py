"""Outputs, gradients and state_dicts of PyTorch's modules in f64, for tests/suite/modules.rs: writes modules.safetensors beside this
file.

    python modules.py     # needs torch and safetensors

Each case are modules of PyTorch in an nn.Sequential, and the same as data of Retrograde, for an input of one odd shape. All parameters
are drawn at random, so that no two of them are alike. The loss is the sum of the outputs times random factors, `upstream`.
Names and layouts are PyTorch's. Normalizations of a batch are in training mode, and `after` has their buffers after the step.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

from pytorch_modules import PositionEmbedding, Residual, SelfAttention, padded, states

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


CASES = []


def case(layers, module, *shape, indices_below=None):
    if isinstance(layers, dict):
        layers, module = [layers], nn.Sequential(module)
    CASES.append((layers, module, shape, indices_below))


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
    case(layer, SelfAttention(width, heads, causal), rows, index % 6 + 1, width)
    case({"layer": "position_embedding"}, PositionEmbedding(index % 6 + 1, b), rows, index % 6 + 1, b)
    # Three words, one of which is padding.
    table = {"layer": "embedding", "count": 3, "width": width, "padding": index % 3}
    module = padded(index % 3, nn.Embedding(3, width), SelfAttention(width, heads, causal))
    case([table, layer], module, rows, index % 6 + 3, indices_below=3)
    for name, kind in [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)]:
        case({"layer": name, "width": b % 8 + 1}, states(kind)(a % 6 + 1, b % 8 + 1), rows, index % 5 + 1, a % 6 + 1)
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

for rows, features, epsilon in [(3, 4, 1e-3), (5, 6, 0.5)]:
    norm = {"epsilon": epsilon}
    case({"layer": "batch_norm"} | norm, nn.BatchNorm1d(features, eps=epsilon), rows, features)
    case({"layer": "layer_norm"} | norm, nn.LayerNorm(features, eps=epsilon), rows, features)
    case({"layer": "rms_norm"} | norm, nn.RMSNorm(features, eps=epsilon), rows, features)
    case({"layer": "group_norm", "groups": 2} | norm, nn.GroupNorm(2, features, eps=epsilon), rows, features, 3)

tensors, descriptions = {}, []
for index, (layers, module, shape, below) in enumerate(CASES):
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    state = {name: value.detach().clone() for name, value in module.state_dict().items()}
    x = torch.randn(shape) if below is None else torch.randint(below, shape)
    if below is not None and "padding" in layers[0]:
        # Of a row of nothing but padding PyTorch gives NaN, and so it does of a first position in causal attention.
        x[:, 0] = (layers[0]["padding"] + 1) % below
    x.requires_grad_(below is None)
    y = module(x)
    upstream = torch.randn(y.shape)
    (y * upstream).sum().backward()
    assert y.isfinite().all()
    found = {"x": x.detach().double(), "y": y.detach(), "upstream": upstream}
    found |= {f"state.{name}": value for name, value in state.items()}
    found |= {f"gradient.{name}": value.grad for name, value in module.named_parameters()}
    found |= {f"after.{name}": value.clone() for name, value in module.named_buffers()}
    if below is None:
        found["dx"] = x.grad
    tensors |= {f"{index}.{name}": value.contiguous() for name, value in found.items()}
    descriptions.append({"layers": layers, "indices": below is not None})

file = pathlib.Path(__file__).with_suffix(".safetensors")
save_file(tensors, file, metadata={"cases": json.dumps(descriptions)})
print(f"{len(CASES)} cases, {file.stat().st_size} bytes, PyTorch {torch.__version__}")
