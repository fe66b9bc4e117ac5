"""Activations beside normalization, dropout and depth; alone each is a case by its torch name."""

from parity_case import TWO, Case
from torch.optim import SGD

NAMES = ("leaky_relu", "selu", "silu", "mish", "softplus", "softsign", "identity")
DEEP = {"model.hidden": [17, 16, 5, 33], "model.init": "glorot"}
BESIDE = TWO | {"model.norm": "layer", "regularizer.dropout": 0.3, "optimizer.lr": 0.05}  # calm: errors do not grow

CASES = [
    *(Case(f"{name}_deep", DEEP | {"model.activation": name}) for name in NAMES),
    *(
        Case(f"{name}_norm_dropout", BESIDE | {"model.activation": name}, lambda w, o: SGD(w + o, lr=0.05))
        for name in NAMES
    ),
]
