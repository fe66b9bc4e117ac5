"""Noise of every kind, every strength one for all layers and one a layer; its formulas stand in parity_noise.py."""

from cases_regularizers import l2
from parity_case import TWO, Case
from torch.optim import SGD, Adam

SELU = {"model.activation": "selu", "model.init": "lecun_normal", "optimizer.lr": 0.03}
DEEP = {"model.hidden": [9, 9, 9, 9], "model.residual": True}
GRADIENT = {"regularizer.gradient_noise.s": 0.05, "regularizer.gradient_noise.gamma": 0.9}


def slow(w, o):
    """The optimizer beside SELU."""
    return SGD(w + o, lr=0.03)


CASES = [
    Case(
        "target_noise",
        {"regularizer.target_noise": 0.4, "early_stopping.monitor": "val/rmse", "optimizer.lr": 0.02},
        lambda w, o: SGD(w + o, lr=0.02),
        task="regression",
    ),
    Case("input_noise", {"regularizer.input_noise": 0.3}),
    Case(
        "input_noise_regression",
        {"regularizer.input_noise": 0.2, "early_stopping.monitor": "val/rmse", "optimizer.lr": 0.02},
        lambda w, o: SGD(w + o, lr=0.02),
        task="regression",
    ),
    Case("input_noise_and_dropout", TWO | {"regularizer.input_noise": 0.3, "regularizer.input_dropout": 0.2}),
    Case("activation_noise", {"regularizer.activation_noise": 0.2}),
    Case("activation_noise_per_layer", TWO | {"regularizer.activation_noise": [0.3, 0.0]}),
    Case("alpha_dropout", SELU | {"regularizer.alpha_dropout": 0.1}, slow),
    Case("alpha_dropout_per_layer", TWO | SELU | {"regularizer.alpha_dropout": [0.0, 0.2]}, slow),
    Case("gaussian_dropout", {"regularizer.gaussian_dropout": 0.3}),
    Case("gaussian_dropout_per_layer", TWO | {"regularizer.gaussian_dropout": [0.2, 0.5]}),
    Case("stochastic_depth", DEEP | {"regularizer.stochastic_depth": 0.5}),
    Case(
        "stochastic_depth_beside_dropout",
        DEEP | {"regularizer.stochastic_depth": 0.3, "regularizer.dropout": [0.1, 0, 0.2, 0], "model.norm": "batch"},
    ),
    Case("structural_dropout", {"regularizer.structural_dropout": 1.0}),
    Case("structural_dropout_per_layer", TWO | {"regularizer.structural_dropout": [0.5, 1.0]}),
    Case("weight_noise", {"regularizer.weight_noise": 0.05}),
    Case(
        "weight_noise_l2_layer_norm",  # the penalty is that of the weights without noise
        TWO | {"regularizer.weight_noise": 0.1, "regularizer.l2": 0.03, "model.norm": "layer"},
        penalty=l2(0.03),
    ),
    Case("gradient_noise", {"regularizer.gradient_noise.s": 0.01}),
    Case("gradient_noise_gamma", TWO | {"model.norm": "layer"} | GRADIENT),
    Case(
        "gradient_noise_after_clipping",
        {"optimizer": "adam", "optimizer.lr": 0.01, "optimizer.clip_norm": 0.5, "optimizer.clip_value": 0.1} | GRADIENT,
        lambda w, o: Adam(w + o, lr=0.01),
        clip=0.5,
        clip_value=0.1,
    ),
    Case(
        "noise_everywhere",
        TWO
        | GRADIENT
        | {
            "optimizer.lr": 0.02,
            "model.norm": "batch",
            "regularizer.input_noise": 0.1,
            "regularizer.input_dropout": 0.1,
            "regularizer.activation_noise": 0.1,
            "regularizer.alpha_dropout": [0.1, 0.0],
            "regularizer.dropout": 0.2,
            "regularizer.gaussian_dropout": 0.1,
            "regularizer.weight_noise": 0.02,
        },
        lambda w, o: SGD(w + o, lr=0.02),
    ),
]
