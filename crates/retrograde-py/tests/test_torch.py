"""PyTorch's Functions and Modules (C25). Runs where PyTorch is installed."""

import pytest
import retrograde as rg

torch = pytest.importorskip("torch")


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, power):
        ctx.save_for_backward(x, w)
        ctx.power = power
        return x**power * w

    @staticmethod
    def backward(ctx, upstream):
        x, w = ctx.saved_tensors
        return upstream * w * ctx.power * x ** (ctx.power - 1), upstream * x**ctx.power, None


class WrongScaled(Scaled):
    @staticmethod
    def backward(ctx, upstream):
        dx, dw, _ = Scaled.backward(ctx, upstream)
        return dx, -dw, None


class Squash(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, upstream):
        (y,) = ctx.saved_tensors
        return upstream * y * (1 - y)


class WrongSquash(Squash):
    @staticmethod
    def backward(ctx, upstream):
        (y,) = ctx.saved_tensors
        return upstream * y * (1 + y)


class Forgetful(Scaled):
    @staticmethod
    def backward(ctx, upstream):
        dx, _, _ = Scaled.backward(ctx, upstream)
        return dx, None, None


class Net(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.first, self.last, self.dropout = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2), torch.nn.Dropout(0.3)
        self.function = function.apply

    def forward(self, x):
        return self.last(self.dropout(self.function(self.first(x))))


def test_functions(random):
    x, w = random.standard_normal((2, 3)), random.standard_normal((2, 3))
    report = rg.check(Scaled, x, w, 3)
    assert report.verdict == "right" and set(report.blocks) == {"x", "w"}, str(report)
    report = rg.check(Squash, torch.tensor(x))
    assert report.verdict == "right", str(report)


def test_wrong_functions_are_named(random):
    report = rg.check(WrongScaled, random.standard_normal((2, 3)), random.standard_normal((2, 3)), 3)
    assert report.cause == "sign" and [name for name, one in report.blocks.items() if one.verdict == "wrong"] == ["w"], str(report)
    report = rg.check(WrongSquash, torch.tensor(random.standard_normal((2, 3)), dtype=torch.float32))
    assert report.cause == "wrong_slope", str(report)


def test_a_function_is_read_by_its_apply(random):
    report = rg.check(Squash.apply, torch.tensor(random.standard_normal((2, 3))))
    assert report.verdict == "right" and report.subject == "Squash", str(report)


def test_a_gradient_that_is_missing(random):
    """It is by design where nobody asks for it, and said; a parameter, or a tensor that asks, has a gradient of 0."""
    x, w = (torch.tensor(random.standard_normal((2, 3))) for _ in range(2))
    report = rg.check(Forgetful, x, w, 3)
    assert report.ok and set(report.blocks) == {"x"} and "no derivative is defined by w" in report.reading[2], str(report)
    assert report.reading[1] == "compared: the gradients of x"

    class Weighted(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(w)

        def forward(self, x):
            return Forgetful.apply(x, self.weight, 3)

    for report in (rg.check(Forgetful, x, w.clone().requires_grad_(), 3), rg.check(Weighted(), x)):
        assert report.verdict == "wrong" and report.cause == "detached", str(report)


def test_modules_with_a_loss(random):
    x, t = (torch.tensor(random.standard_normal(shape)) for shape in ((5, 3), (5, 2)))
    with pytest.raises(rg.ReadingError, match="loss=lambda module, x, t"):
        rg.check(Net(Squash), x, t)
    report = rg.check(Net(Squash), x, t, loss=lambda net, x, target: torch.nn.functional.mse_loss(net(x), target))
    assert report.ok and {"x", "target", "first.weight"} < set(report.blocks), str(report)
    wrong = rg.check(Net(WrongSquash), x, torch.tensor([0, 1, 1, 0, 1]), loss=lambda net, x, t: torch.nn.functional.cross_entropy(net(x), t))
    assert wrong.subject == "WrongSquash" and wrong.cause == "wrong_slope", str(wrong)


def test_modules_and_what_is_inside(random):
    net, x = Net(Squash), torch.tensor(random.standard_normal((5, 3)), dtype=torch.float32)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state, forward = torch.random.get_rng_state(), Squash.forward
    report = rg.check(net, x)
    assert report.verdict == "right" and "first.weight" in report.blocks and "Squash" in report.reading[0], str(report)
    assert all(torch.equal(value, before[name]) and value.dtype == torch.float32 for name, value in net.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state) and Squash.forward is forward
    assert all(one.grad is None for one in net.parameters())


def test_a_module_that_keeps_its_output_is_not_changed(random):
    """Such a module refuses to be copied."""

    class Keeping(Net):
        def forward(self, x):
            self.out = super().forward(x)
            return self.out

    net, x = Keeping(Squash), torch.tensor(random.standard_normal((5, 3)), dtype=torch.float32)
    out = net(x)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    report = rg.check(net, x)
    assert report.verdict == "right", str(report)
    assert net.out is out and all(torch.equal(value, before[name]) and value.dtype == torch.float32 for name, value in net.state_dict().items())


def test_the_function_is_named_in_a_module(random):
    report = rg.check(Net(WrongSquash), torch.tensor(random.standard_normal((5, 3))))
    assert report.verdict == "wrong" and report.subject == "WrongSquash" and report.cause == "wrong_slope", str(report)


def test_gradients_on_tensors(random):
    """fast.ai's way, with PyTorch's tensors (C20)."""

    def lin(inp, w, b):
        return inp @ w + b

    def lin_grad(inp, out, w, b):
        inp.g = out.g @ w.t()
        w.g = inp.t() @ out.g
        b.g = out.g.sum(0)

    given = [torch.tensor(random.standard_normal(shape)) for shape in ((4, 3), (3, 2), (2,))]
    report = rg.check(lin, lin_grad, *given)
    assert report.ok and set(report.blocks) == {"inp", "w", "b"}, str(report)
    assert not any(hasattr(one, "g") for one in given)
