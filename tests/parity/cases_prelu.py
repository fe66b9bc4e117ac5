"""PReLU, with one slope a layer and one a unit: its slopes learn, and no penalty or decay touches them."""

from cases_more_activations import BESIDE, DEEP
from parity_case import TWO, Case
from torch import nn
from torch.optim import SGD, Adam

NAMES = ("prelu", "prelu_units")
MODULES = {"prelu_units": nn.PReLU}


def decayed(w: list, o: list, make):
    """Biases decay like weights; slopes, which follow the biases of hidden layers, do not (He et al. 2015)."""
    groups = [{"params": w + o[::2], "weight_decay": 0.05}, {"params": o[1::2], "weight_decay": 0.0}]
    return make(groups)


def l1(weights: list):
    """0.01 ||w||_1"""
    return 0.01 * sum(w.abs().sum() for w in weights)


def cases(name: str) -> list[Case]:
    """Of one kind of slopes."""
    chosen = {"model.activation": name}
    decay = {"optimizer.weight_decay": 0.05, "optimizer.decay_biases": True}
    return [
        Case(f"{name}_deep", DEEP | chosen | {"optimizer.lr": 0.02}, lambda w, o: SGD(w + o, lr=0.02)),
        Case(f"{name}_norm_dropout", BESIDE | chosen, lambda w, o: SGD(w + o, lr=0.05)),
        Case(
            f"{name}_decay_biases",
            TWO | chosen | decay | {"optimizer": "adam", "optimizer.lr": 0.01},
            lambda w, o: decayed(w, o, lambda groups: Adam(groups, lr=0.01)),
        ),
        Case(
            f"{name}_l1_noise",
            TWO | chosen | {"regularizer.l1": 0.01, "regularizer.gradient_noise.s": 0.01, "optimizer.lr": 0.02},
            lambda w, o: SGD(w + o, lr=0.02),
            penalty=l1,
        ),
    ]


CASES = [case for name in NAMES for case in cases(name)]
