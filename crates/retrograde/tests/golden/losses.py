"""Writes losses.json: PyTorch's losses and their gradients by the outputs, in f64.

    python losses.py > losses.json

A loss with sample weights is the weighted mean of PyTorch's losses of single rows (`reduction="none"`).
"""
import json
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
ROWS, CLASSES = 5, 4


def numbers(phase, scale=3.0):
    values = torch.sin(phase + 1.7 * torch.arange(ROWS * CLASSES, dtype=torch.float64))
    return scale * values.reshape(ROWS, CLASSES)


labels = torch.tensor([2, 0, 3, 2, 1])
class_weights = torch.tensor([1.0, 0.5, 2.0, 0.25])
sample_weights = torch.tensor([1.0, 0.0, 2.5, 0.5, 1.25])
soft = numbers(0.9).softmax(1)
yes = (numbers(0.4) > 0.0).double()
real = numbers(0.9)
far = torch.cat([1e3 * numbers(0.3)[:, :1], numbers(0.3)[:, 1:]], 1)


def of(record, outputs=None):
    outputs = (numbers(0.3) if outputs is None else outputs).clone().requires_grad_()
    loss = record(outputs)
    loss.backward()
    return {"loss": loss.item(), "gradient": outputs.grad.flatten().tolist()}


def weighted(rows):
    """The weighted mean of the losses of the rows: their means, where a row has several."""
    rows = rows.mean(1) if rows.dim() == 2 else rows
    return (rows * sample_weights).sum() / sample_weights.sum()


def weighted_classes(x):
    """Both weights: the divisor is the sum of their products."""
    rows = F.cross_entropy(x, labels, weight=class_weights, reduction="none")
    return (rows * sample_weights).sum() / (sample_weights * class_weights[labels]).sum()


ce, bce = F.cross_entropy, F.binary_cross_entropy_with_logits
print(json.dumps({
    "torch": torch.__version__,
    "cross-entropy": of(lambda x: ce(x, labels)),
    "cross-entropy, far": of(lambda x: ce(x, labels), far),
    "cross-entropy, weights": of(lambda x: weighted(ce(x, labels, reduction="none"))),
    "cross-entropy+smoothing:0.1": of(lambda x: ce(x, labels, label_smoothing=0.1)),
    "cross-entropy+ignore:2": of(lambda x: ce(x, labels, ignore_index=2)),
    "cross-entropy+weights:1,0.5,2,0.25": of(lambda x: ce(x, labels, weight=class_weights)),
    "cross-entropy+weights:1,0.5,2,0.25, weights": of(weighted_classes),
    "cross-entropy+smoothing:0.1+ignore:2+weights:1,0.5,2,0.25": of(
        lambda x: ce(x, labels, weight=class_weights, ignore_index=2, label_smoothing=0.1)),
    "cross-entropy, soft": of(lambda x: ce(x, soft)),
    "cross-entropy+smoothing:0.1+weights:1,0.5,2,0.25, soft": of(
        lambda x: ce(x, soft, weight=class_weights, label_smoothing=0.1)),
    "cross-entropy, soft, weights": of(lambda x: weighted(ce(x, soft, reduction="none"))),
    "binary-cross-entropy": of(lambda x: bce(x, yes)),
    "binary-cross-entropy, far": of(lambda x: bce(x, yes), far),
    "binary-cross-entropy, soft": of(lambda x: bce(x, soft)),
    "binary-cross-entropy+positive:3": of(lambda x: bce(x, yes, pos_weight=torch.tensor([3.0]))),
    "binary-cross-entropy+positive:1,0.5,2,0.25": of(lambda x: bce(x, yes, pos_weight=class_weights)),
    "binary-cross-entropy+positive:1,0.5,2,0.25, weights": of(
        lambda x: weighted(bce(x, yes, pos_weight=class_weights, reduction="none"))),
    "squared-error": of(lambda x: F.mse_loss(x, real)),
    "squared-error, weights": of(lambda x: weighted(F.mse_loss(x, real, reduction="none"))),
    "absolute-error": of(lambda x: F.l1_loss(x, real)),
    "absolute-error, equal": of(lambda x: F.l1_loss(x, real), real),
    "absolute-error, weights": of(lambda x: weighted(F.l1_loss(x, real, reduction="none"))),
    "huber:1": of(lambda x: F.huber_loss(x, real)),
    "huber:0.7": of(lambda x: F.huber_loss(x, real, delta=0.7)),
    "huber:0.7, far": of(lambda x: F.huber_loss(x, real, delta=0.7), far),
    "huber:0.7, weights": of(lambda x: weighted(F.huber_loss(x, real, delta=0.7, reduction="none"))),
}, indent=1))
