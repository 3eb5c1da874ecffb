"""The layers of a :class:`retrograde.Network`, with the names and arguments of the library and of model files.

Each is plain data; the network learns the number of a layer's inputs from what it is given. Shapes are of a batch; ``kernel``,
``stride``, ``padding`` and ``dilation`` of images are one number or a pair ``(height, width)``. ``init``: ``'he'``, ``'lecun'``,
``'zero'``, or a standard deviation.

>>> import retrograde as rg
>>> rg.nn.Conv2d(30, 5).config()
{'layer': 'conv2d', 'channels': 30, 'kernel': 5}
"""

import re
from dataclasses import MISSING, dataclass, fields

from . import _retrograde

Pair = int | tuple[int, int]
Init = str | float


@dataclass(frozen=True)
class Layer:
    """A layer as plain data."""

    def __post_init__(self):
        # Errors of a network show the line that made the layer. It is no field: layers from two lines are equal.
        object.__setattr__(self, "_line", _retrograde.calling_line())

    def config(self):
        """The layer as in a model file, without the arguments that have their defaults."""
        found = {"layer": re.sub(r"(?<!^)([A-Z])", r"_\1", type(self).__name__).lower()}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.default is MISSING or value != one.default:
                found[one.name] = _plain(one.name, value)
        return found


def _plain(name, value):
    if name == "layers":
        return [one.config() if isinstance(one, Layer) else one for one in value]
    if name == "init" and not isinstance(value, str):
        return f"normal:{float(value)!r}"
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Linear(Layer):
    """An affine layer, x · weight + bias, over the last axis: ``[…, inputs]`` gives ``[…, outputs]``."""

    outputs: int
    bias: bool = True
    init: Init = "he"


@dataclass(frozen=True)
class Conv1d(Layer):
    """A convolution of sequences: ``[rows, inputs, length]`` gives ``[rows, channels, …]``."""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    bias: bool = True
    init: Init = "he"


@dataclass(frozen=True)
class Conv2d(Layer):
    """A convolution of images: ``[rows, inputs, height, width]`` gives ``[rows, channels, …]``."""

    channels: int
    kernel: Pair
    stride: Pair = 1
    padding: Pair = 0
    dilation: Pair = 1
    groups: int = 1
    bias: bool = True
    init: Init = "he"


@dataclass(frozen=True)
class ConvTranspose2d(Layer):
    """A transposed convolution of images, which makes them larger."""

    channels: int
    kernel: Pair
    stride: Pair = 1
    padding: Pair = 0
    dilation: Pair = 1
    groups: int = 1
    output_padding: Pair = 0
    bias: bool = True
    init: Init = "he"


@dataclass(frozen=True)
class MaxPool2d(Layer):
    """The largest number of each window. ``stride``: by default the size of a window."""

    kernel: Pair
    stride: Pair | None = None
    padding: Pair | None = None


@dataclass(frozen=True)
class AvgPool2d(Layer):
    """The mean of each window. ``stride``: by default the size of a window."""

    kernel: Pair
    stride: Pair | None = None
    padding: Pair | None = None


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """The mean of each channel: ``[rows, channels, …]`` gives ``[rows, channels]``."""


@dataclass(frozen=True)
class GlobalMaxPool(Layer):
    """The largest number of each channel: ``[rows, channels, …]`` gives ``[rows, channels]``."""


@dataclass(frozen=True)
class Flatten(Layer):
    """All axes behind the first as one."""


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalization of each feature or channel, axis 1. ``epsilon`` is added to the variances."""

    momentum: float = 0.1
    epsilon: float = 1e-5


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Layer normalization over the last axis. ``epsilon`` is added to the variances."""

    epsilon: float = 1e-5


@dataclass(frozen=True)
class RmsNorm(Layer):
    """Each row of the last axis divided by its root mean square. ``epsilon`` is added to the mean squares."""

    epsilon: float = 1e-5


@dataclass(frozen=True)
class GroupNorm(Layer):
    """Normalization of groups of channels, axis 1. ``epsilon`` is added to the variances."""

    groups: int
    epsilon: float = 1e-5


@dataclass(frozen=True)
class Dropout(Layer):
    """In training each number is zero with the probability ``rate``."""

    rate: float


@dataclass(frozen=True)
class Embedding(Layer):
    """A row of a table for each index: ``[…]`` gives ``[…, width]``. As the first layer it makes the network one of indices.

    padding: an index to which attention does not attend.
    """

    count: int
    width: int
    padding: int | None = None
    init: Init = 1.0


@dataclass(frozen=True)
class PositionEmbedding(Layer):
    """A learned row added at each position: ``[rows, positions, width]``."""

    init: Init = 0.02


@dataclass(frozen=True)
class MultiHeadAttention(Layer):
    """Self-attention: ``[rows, positions, width]`` gives the same shape. ``causal``: no position attends to later ones."""

    heads: int
    causal: bool = False
    init: Init = "lecun"


@dataclass(frozen=True)
class Rnn(Layer):
    """A recurrent layer with tanh: ``[rows, positions, inputs]`` gives the states, ``[rows, positions, width]``."""

    width: int


@dataclass(frozen=True)
class Lstm(Layer):
    """A long short-term memory: ``[rows, positions, inputs]`` gives the states, ``[rows, positions, width]``."""

    width: int


@dataclass(frozen=True)
class Gru(Layer):
    """Gated recurrent units: ``[rows, positions, inputs]`` gives the states, ``[rows, positions, width]``."""

    width: int


@dataclass(frozen=True)
class Residual(Layer):
    """These layers, and their input added to their output."""

    layers: tuple


@dataclass(frozen=True)
class Relu(Layer):
    """max(x, 0)."""


@dataclass(frozen=True)
class Sigmoid(Layer):
    """1 / (1 + e⁻ˣ)."""


@dataclass(frozen=True)
class Tanh(Layer):
    """The hyperbolic tangent."""


@dataclass(frozen=True)
class LeakyRelu(Layer):
    """x for x > 0, else 0.01 · x."""


@dataclass(frozen=True)
class Elu(Layer):
    """x for x > 0, else eˣ − 1."""


@dataclass(frozen=True)
class Gelu(Layer):
    """x · Φ(x), with the normal distribution function Φ."""


@dataclass(frozen=True)
class GeluTanh(Layer):
    """Gelu, approximated by a hyperbolic tangent."""


@dataclass(frozen=True)
class Silu(Layer):
    """x · sigmoid(x)."""


@dataclass(frozen=True)
class Mish(Layer):
    """x · tanh(softplus(x))."""


@dataclass(frozen=True)
class Softplus(Layer):
    """ln(1 + eˣ)."""
