"""Compiled steps train to what stacked steps do, whatever techniques meet."""

import pytest
import torch

from runner.checks.compiled_steps import check_alike
from runner.checks.populations import SHAPES

torch.set_num_threads(1)

L1 = {"regularizer.l1": 1e-3, "optimizer.proximal": True}
SGD = {"optimizer": "sgd"}
NOISE = {
    "regularizer.input_dropout": 0.2,
    "regularizer.input_noise": 0.1,
    "regularizer.dropout": [0.3, 0.1],
    "regularizer.alpha_dropout": 0.1,
    "regularizer.activation_noise": 0.1,
    "regularizer.gaussian_dropout": 0.2,
    "regularizer.structural_dropout": [0.5, 0.2],
}
MEETINGS = {
    "every noise": [NOISE],
    "every penalty": [{f"regularizer.{n}": 1e-3 for n in ("l1", "l2", "group_lasso", "frobenius", "orthogonality")}],
    "a proximal step beside a gradient": [L1, {"regularizer.l1": 1e-3}, {"regularizer.l1": [0.01, 0.0, 0.001]}],
    "a proximal step of momentum": [
        L1 | SGD | {"optimizer.momentum": m, "optimizer.dampening": d} for m, d in ((0.0, 0.0), (0.9, 0.0), (0.5, 0.5))
    ],
    "a proximal step of adam": [L1 | {"optimizer": "adam", "optimizer.eps": 1e-3}],
    "a proximal step of rmsprop": [
        L1 | {"optimizer": "rmsprop", "optimizer.eps": 1e-3, "optimizer.momentum": m} for m in (0.0, 0.5)
    ],
    "a proximal step of units": [{"regularizer.group_lasso": 1e-2, "optimizer.proximal": True} | SGD],
    "momentum in some rows": [
        SGD | {"optimizer.momentum": m, "optimizer.nesterov": n} for m in (0.0, 0.9) for n in (False, True)
    ],
    "limits and noise of parameters": [
        {"optimizer.clip_norm": 0.5, "optimizer.clip_value": 0.01, "averaging": "ema"}
        | {"regularizer.weight_noise": 0.01, "regularizer.gradient_noise.s": 1e-4},
        {"optimizer.clip_value": 0.01},
        {"optimizer.clip_norm": 0.1},
    ],
    "decay": [
        {"optimizer.weight_decay": 0.01, "optimizer.decay_biases": b, "optimizer": rule}
        for b in (False, True)
        for rule in ("sgd", "adamw")
    ],
    "a radius a layer": [{"regularizer.max_norm": [0.3, 0.5, 1.0], "optimizer.lr": 0.3}, {"regularizer.max_norm": 0.5}],
    "schedules and averages": [
        {"scheduler": "cosine", "averaging": "swa"},
        {"scheduler": "plateau", "averaging": "ema", "optimizer": "adam"},
        {"regularizer.label_smoothing": 0.1},
    ],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("changes", MEETINGS.values(), ids=MEETINGS)
def test_techniques_that_meet_act_as_in_stacked_steps(changes, dtype):
    check_alike(changes, dtype)


def test_noise_acts_before_a_residual_layer_adds_its_input():
    deep = {"model.residual": True, "regularizer.stochastic_depth": 0.4}
    check_alike([NOISE | {"model.residual": True}, NOISE | deep], "float64", (13, [7, 7], 3, 29))


def test_activities_are_penalized_before_norms_noise_and_residual_sums():
    of = {
        "regularizer.activity_l1": 0.01,
        "regularizer.activity_l2": [0.1, 0.0],
        "regularizer.activity_kl.strength": 0.1,
    }
    for position in ("before", "after"):
        common = {"model.activation": "sigmoid", "model.norm": "batch", "model.norm_position": position}
        changes = [
            common | NOISE | {"model.residual": True} | each for each in (of, {}, {"regularizer.activity_l1": 0.1})
        ]
        check_alike(changes, "float64", (13, [7, 7], 3, 29))


def test_a_network_without_hidden_layers_is_compiled_too():
    check_alike([{"regularizer.input_dropout": 0.2, "regularizer.max_norm": 0.5}, L1], "float64", SHAPES[2])
