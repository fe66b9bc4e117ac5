"""Losses beside torch.nn.functional, each with its task, and with what acts on targets or on the network."""

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


CASES = [
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
