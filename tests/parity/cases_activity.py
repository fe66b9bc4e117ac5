"""Penalties of activations, as autograd differentiates them through what the activations of a torch network gave."""

from parity_case import TWO, Case
from torch.optim import Adam

SIGMOID = {"model.activation": "sigmoid"}
KL = "regularizer.activity_kl"


def l1(*strengths):
    """strength mean_b sum_j |h_bj| of each hidden layer"""
    return lambda hidden: sum(a * h.abs().sum(1).mean() for a, h in zip(strengths, hidden, strict=True))


def l2(*strengths):
    """strength/2 mean_b sum_j h_bj^2"""
    return lambda hidden: sum(a * h.square().sum(1).mean() / 2 for a, h in zip(strengths, hidden, strict=True))


def kl(rho, *strengths):
    """strength sum_j KL(rho || mean_b h_bj)"""

    def of(m):
        return (rho * (rho / m).log() + (1 - rho) * ((1 - rho) / (1 - m)).log()).sum()

    return lambda hidden: sum(a * of(h.mean(0)) for a, h in zip(strengths, hidden, strict=True))


CASES = [
    Case("activity_l1", {"regularizer.activity_l1": 0.01}, activity=l1(0.01)),
    Case("activity_l1_per_layer", TWO | {"regularizer.activity_l1": [0.0, 0.02]}, activity=l1(0.0, 0.02)),
    Case("activity_l2", {"regularizer.activity_l2": 0.05}, activity=l2(0.05)),
    Case("activity_l2_per_layer", TWO | {"regularizer.activity_l2": [0.1, 0.01]}, activity=l2(0.1, 0.01)),
    Case(
        "activity_l2_residual_norm_after",
        {"model.hidden": [9, 9], "model.residual": True, "model.norm": "layer", "model.norm_position": "after"}
        | {"regularizer.activity_l2": 0.1, "regularizer.dropout": 0.2, "optimizer": "adam", "optimizer.lr": 0.01},
        lambda w, o: Adam(w + o, lr=0.01),
        activity=l2(0.1, 0.1),
    ),
    Case("activity_kl", SIGMOID | {f"{KL}.strength": 0.1}, activity=kl(0.05, 0.1)),
    Case(
        "activity_kl_per_layer",
        SIGMOID | TWO | {f"{KL}.strength": [0.1, 0.02], f"{KL}.rho": 0.2},
        activity=kl(0.2, 0.1, 0.02),
    ),
]
