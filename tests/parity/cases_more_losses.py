"""Losses beside torch.nn.functional, each with its task, and with what acts on targets or on the network."""

import torch
from parity_case import TWO, Case
from torch.nn import functional
from torch.optim import SGD, Adam

SLOW = 0.02
REGRESSION = {"early_stopping.monitor": "val/rmse", "optimizer.lr": SLOW}


def slow(w, o):
    """The optimizer of the regressions."""
    return SGD(w + o, lr=SLOW)


def binary(smoothing: float = 0.0):
    """The sum over classes, the mean over examples; smoothed targets are (1 - a) q + a/C."""

    def loss(outputs, y):
        q = functional.one_hot(y, outputs.shape[1]).to(outputs.dtype)
        q = (1 - smoothing) * q + smoothing / outputs.shape[1]
        return functional.binary_cross_entropy_with_logits(outputs, q, reduction="sum") / len(y)

    return loss


def mae(outputs, y):
    """mean |e|"""
    return functional.l1_loss(outputs[:, 0], y)


def huber(delta: float):
    """mean of e^2/2 or delta (|e| - delta/2)"""
    return lambda outputs, y: functional.huber_loss(outputs[:, 0], y, delta=delta)


def hinge(outputs, y):
    """Torch's, which is divided by the number of classes, times it."""
    return functional.multi_margin_loss(outputs, y) * outputs.shape[1]


def smoothed_hinge(outputs, y):
    """The mean of the losses that the classes would have as answers, by the shares .8 q + .2/C."""
    classes = range(outputs.shape[1])
    as_answer = torch.stack(
        [functional.multi_margin_loss(outputs, torch.full_like(y, c), reduction="none") for c in classes], 1
    )
    q = 0.8 * functional.one_hot(y, len(classes)).to(outputs.dtype) + 0.2 / len(classes)
    return (q * as_answer * len(classes)).sum(1).mean()


CASES = [
    Case("hinge", {"loss": "hinge", "optimizer.lr": SLOW}, slow, reported=hinge),
    Case(
        "hinge_smoothed",
        TWO | {"loss": "hinge", "optimizer.lr": SLOW, "regularizer.label_smoothing": 0.2},
        slow,
        loss=smoothed_hinge,
        reported=hinge,
    ),
    Case("binary_cross_entropy", {"loss": "binary_cross_entropy"}, reported=binary()),
    Case(
        "binary_cross_entropy_smoothed",
        TWO | {"loss": "binary_cross_entropy", "regularizer.label_smoothing": 0.2, "model.norm": "batch"},
        loss=binary(0.2),
        reported=binary(),
    ),
    Case(
        "binary_cross_entropy_adam",
        {"loss": "binary_cross_entropy", "optimizer": "adam", "optimizer.lr": 0.01, "regularizer.dropout": 0.2},
        lambda w, o: Adam(w + o, lr=0.01),
        reported=binary(),
    ),
    Case("mae", REGRESSION | {"loss": "mae"}, slow, reported=mae, task="regression"),
    Case("huber", REGRESSION | {"loss": "huber"}, slow, reported=huber(1.0), task="regression"),
    Case(
        "huber_delta", REGRESSION | {"loss": "huber", "loss.delta": 0.3}, slow, reported=huber(0.3), task="regression"
    ),
]
