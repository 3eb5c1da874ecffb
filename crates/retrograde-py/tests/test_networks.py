"""Networks of layers from Python. What is expected comes from NumPy, from the model file of the same network, and from PyTorch."""

import copy
import dataclasses
import inspect
import pathlib

import numpy as np
import pytest

import retrograde as rg
from retrograde import nn

SIMPLE = (nn.Conv2d(8, 5), nn.Relu(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(30), nn.Relu(), nn.Linear(10))
TOML = """
input = [1, 28, 28]
layers = [
    { layer = "conv2d", channels = 8, kernel = 5 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "flatten" },
    { layer = "linear", outputs = 30 },
    { layer = "relu" },
    { layer = "linear", outputs = 10 },
]
"""


def test_a_convolutional_network_learns_and_comes_back(tmp_path):
    x, t, x_test, t_test = rg.digits()
    net = rg.Network(input=(1, 28, 28), layers=SIMPLE)
    run = net.fit(x, t, epochs=3, batch=50, optimizer=rg.Adam(), validation=(x_test, t_test), progress=False)
    # The perceptron has about 0.90 after 12 epochs.
    assert net.accuracy(x_test, t_test) > 0.9
    assert run.test_accuracy[-1] == pytest.approx(net.score(x_test, t_test), abs=2e-3)
    assert net.check(x[:2], t[:2]).subject.startswith("conv2d, relu, max_pool2d, flatten, linear, relu, linear of [1, 28, 28]")
    assert net.check(x[:2], t[:2]).verdict == "right" and rg.check(net, x[:2], t[:2], lang="ko").verdict == "right"
    assert net.outputs == 10 and net.input == (1, 28, 28) and "Network conv2d, relu, max_pool2d" in repr(net)
    net.save(tmp_path / "net.safetensors")
    for again in (rg.load(tmp_path / "net.safetensors"), rg.Network.load(tmp_path / "net.safetensors"), copy.deepcopy(net)):
        assert type(again) is rg.Network and again.layers == net.layers
        np.testing.assert_array_equal(again.predict(x_test), net.predict(x_test))
    with pytest.raises(rg.Error, match="it is a Network"):
        rg.Mlp.load(tmp_path / "net.safetensors")


def test_a_model_file_describes_the_same_network(tmp_path):
    (tmp_path / "net.toml").write_text(TOML)
    net, other = rg.Network((1, 28, 28), SIMPLE, seed=3), rg.Network.from_toml(tmp_path / "net.toml", seed=3)
    assert net.layers == other.layers and net.input == other.input
    for name, value in net.params.items():
        np.testing.assert_array_equal(other.params[name], value)
    # Dictionaries as in the file are layers, too.
    assert rg.Network((1, 28, 28), other.layers).layers == net.layers


#: A small network with each layer: its input and its layers.
EACH = [
    ((6,), [nn.Linear(4, bias=False, init=0.1)]),
    ((2, 9), [nn.Conv1d(4, 3, stride=2, padding=1, init="lecun"), nn.Flatten()]),
    ((2, 6, 5), [nn.Conv2d(4, (3, 2), stride=(2, 1), padding=1, groups=2), nn.Flatten()]),
    ((2, 3, 3), [nn.ConvTranspose2d(3, 2, stride=2, output_padding=1), nn.GlobalAvgPool()]),
    ((2, 6, 6), [nn.MaxPool2d(3, stride=2, padding=1), nn.AvgPool2d((2, 1)), nn.Flatten()]),
    ((2, 4, 4), [nn.GlobalMaxPool()]),
    ((5,), [nn.Linear(4), nn.BatchNorm(momentum=0.2)]),
    ((3, 4), [nn.LayerNorm(epsilon=1e-3), nn.RmsNorm(epsilon=1e-4), nn.Flatten()]),
    ((4, 3, 3), [nn.GroupNorm(2), nn.Flatten()]),
    ((6,), [nn.Dropout(0.25), nn.Linear(2)]),
    ((3,), [nn.Embedding(7, 4, padding=0), nn.PositionEmbedding(), nn.MultiHeadAttention(2, causal=True), nn.Flatten()]),
    ((4, 3), [nn.Rnn(3), nn.Lstm(2), nn.Gru(2), nn.Flatten()]),
    ((4,), [nn.Residual((nn.Linear(4), nn.Tanh()))]),
    ((4,), [nn.Relu(), nn.Sigmoid(), nn.LeakyRelu(), nn.Elu(), nn.Gelu(), nn.GeluTanh(), nn.Silu(), nn.Mish(), nn.Softplus()]),
]


@pytest.mark.parametrize("input, layers", EACH, ids=lambda one: type(one[0]).__name__ if isinstance(one, list) else None)
def test_each_layer_is_built_evaluated_and_trained(input, layers):
    net = rg.Network(input, [*layers, nn.Linear(3)], seed=1)
    assert [one["layer"] for one in net.layers[:-1]] == [one.config()["layer"] for one in layers]
    random = np.random.default_rng(7)
    indices = isinstance(layers[0], nn.Embedding)
    x = random.integers(0, 7, size=(12, *input)) if indices else random.normal(size=(12, *input))
    t = np.arange(12) % 3
    before = net.predict_proba(x)
    assert before.shape == (12, 3) and np.isfinite(before).all()
    run = net.fit(x, t, steps=20, batch=12, optimizer=rg.Adam(0.01), progress=False)
    assert len(run.losses) == 20 and np.isfinite(run.losses).all()
    assert not np.array_equal(net.predict_proba(x), before)


def test_each_layer_of_the_package_is_tested_here():
    def names(layers):
        for one in layers:
            yield type(one)
            yield from names(getattr(one, "layers", ()))

    tested = {one for _, layers in EACH for one in names(layers)}
    declared = {one for _, one in inspect.getmembers(nn, inspect.isclass) if issubclass(one, nn.Layer) and one is not nn.Layer}
    assert tested == declared and len(tested) > 20
    assert all(dataclasses.is_dataclass(one) and one.__doc__ for one in declared)


def test_the_gradient_of_a_network_without_buffers_is_that_of_differences():
    random = np.random.default_rng(8)
    x, t = random.normal(size=(6, 1, 5, 5)), random.normal(size=6)
    net = rg.Network((1, 5, 5), [nn.Conv2d(2, 3), nn.BatchNorm(), nn.Tanh(), nn.Flatten(), nn.Linear(1)])
    gradient = net.gradient(x, t)
    assert "1.running_mean" in net.params and "1.running_mean" not in gradient
    assert net.check(x, t).verdict == "right"
    assert net.graph(x, t).item() > 0


def line_of(text):
    """Where a line of this file is, as in an error."""
    lines = pathlib.Path(__file__).read_text().splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.endswith(f"# {text}")]
    return f"{__file__}:{number}"


def test_errors_of_layers_show_the_line_that_made_them(tmp_path):
    with pytest.raises(rg.Error) as error:
        rg.Network(
            input=(1, 6, 6),
            layers=[
                nn.Conv2d(3, 3),
                nn.Relu(),
                nn.Conv2d(3, 7),  # a kernel that is too large
                nn.Flatten(),
            ],
        )
    assert line_of("a kernel that is too large") in str(error.value) and ".rs" not in str(error.value)
    with pytest.raises(rg.Error, match="epsilon of a normalization: -1 is out of range"):
        rg.Network(4, [nn.LayerNorm(epsilon=-1.0)])
    with pytest.raises(rg.Error) as error:
        rg.Network((2, 3), [{"layer": "conv2d", "channels": 2, "kernel": 3}])  # an input without channels
    assert line_of("an input without channels") in str(error.value) and ".rs" not in str(error.value)
    (tmp_path / "net.toml").write_text('input = [2, 2]\nlayers = [{ layer = "conv2d", channels = 2, kernel = 3 }]')
    with pytest.raises(rg.Error) as error:
        rg.Network.from_toml(tmp_path / "net.toml")  # a file
    assert line_of("a file") in str(error.value) and ".rs" not in str(error.value)
    # The line is no part of the layer.
    assert nn.Conv2d(3, 3) == nn.Conv2d(3, 3) and "_line" not in repr(nn.Relu())
    assert len({nn.Relu(), nn.Relu()}) == 1


def test_networks_that_do_not_fit_are_refused(tmp_path):
    for input, layers, words in (
        ((1, 8, 8), [nn.Conv2d(4, 9), nn.Flatten()], "conv2d"),
        ((4,), [nn.Linear], "layers\\[0\\]"),
        ((4,), [{"layer": "conv3d"}], "conv3d"),
        ((4,), [nn.GroupNorm(3)], "reshape|shape"),
        ((4,), [nn.Linear(2, init="huge")], "huge"),
    ):
        with pytest.raises(rg.Error, match=words):
            rg.Network(input, layers)
    net = rg.Network((1, 8, 8), [nn.Conv2d(4, 3)])
    for run in (lambda: net.fit(np.zeros((2, 64)), [0, 1]), lambda: net.predict(np.zeros((2, 64)))):
        with pytest.raises(rg.Error, match="rg.nn.Flatten"):
            run()
    (tmp_path / "net.toml").write_text('input = [4]\nlayers = [{ layer = "liner" }]')
    with pytest.raises(rg.Error, match="liner"):
        rg.Network.from_toml(tmp_path / "net.toml")
    with pytest.raises(rg.Error, match="indices"):
        rg.Network(3, [nn.Embedding(7, 4), nn.Flatten(), nn.Linear(2)]).predict(np.zeros((2, 3)) + 0.5)


def test_pytorch_has_the_same_outputs(tmp_path):
    torch = pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.torch").load_file
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 5),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(1152, 30),
        torch.nn.ReLU(),
        torch.nn.Linear(30, 10),
    ).double()
    net = rg.Network((1, 28, 28), SIMPLE)
    net.save_pytorch(tmp_path / "weights.safetensors", dtype="float64")
    module.load_state_dict(load_file(tmp_path / "weights.safetensors"), strict=True)
    x = np.random.default_rng(9).random((5, 1, 28, 28))
    expected = torch.softmax(module(torch.from_numpy(x)), 1).detach().numpy()
    np.testing.assert_allclose(net.predict_proba(x), expected, rtol=1e-10)
    other = rg.Network((1, 28, 28), SIMPLE, seed=5)
    other.load_pytorch(tmp_path / "weights.safetensors")
    np.testing.assert_array_equal(other.predict_proba(x), net.predict_proba(x))
