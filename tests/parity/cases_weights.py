"""Weights that come from others, stay 0 or lose connections: weight norm, standardization, pruning, DropConnect."""

from cases_regularizers import l2
from parity_case import TWO, Case
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

DEEP = {"model.hidden": [9, 12, 12], "model.residual": True, "model.norm": "layer"}
NORMED, STANDARDIZED = ({"model.parametrization": f"weight_{kind}"} for kind in ("norm", "standardization"))


def slow(w, o):
    """SGD at a twentieth."""
    return SGD(w + o, lr=0.05)


def decayed(w, o, of_others):
    """AdamW that decays matrices, or everything else as well."""
    groups = [{"params": w, "weight_decay": 0.05}, {"params": o, "weight_decay": of_others}]
    return AdamW(groups, lr=0.01)


def parametrized(name: str, chosen: dict) -> list[Case]:
    """Alone; in a deep network with dropout; beside penalties and decay, which act on what is learned."""
    adamw = TWO | chosen | {"optimizer": "adamw", "optimizer.lr": 0.01, "optimizer.weight_decay": 0.05}
    return [
        Case(name, TWO | chosen | {"optimizer.lr": 0.05}, slow),
        Case(f"{name}_deep", DEEP | chosen | {"optimizer.lr": 0.05, "regularizer.dropout": 0.2}, slow),
        Case(f"{name}_l2", TWO | chosen | {"optimizer.lr": 0.05, "regularizer.l2": 0.03}, slow, penalty=l2(0.03)),
        Case(f"{name}_decay", adamw, lambda w, o: decayed(w, o, 0.0)),
        Case(f"{name}_decay_biases", adamw | {"optimizer.decay_biases": True}, lambda w, o: decayed(w, o, 0.05)),
        Case(f"{name}_pruned", TWO | chosen | {"optimizer.lr": 0.05, "model.prune": [0.5, 0.0, 0.3]}, slow)
        if name == "weight_norm"
        else Case(f"{name}_batch_norm", TWO | chosen | {"optimizer.lr": 0.05, "model.norm": "batch"}, slow),
        Case(
            f"{name}_ema",
            TWO | chosen | {"optimizer.lr": 0.05, "averaging": "ema", "averaging.decay": 0.95},
            slow,
            average=lambda n: AveragedModel(n, multi_avg_fn=get_ema_multi_avg_fn(0.95), use_buffers=True),
        ),
    ]


def constant(weight, generator):
    """0.1"""
    nn.init.constant_(weight, 0.1)


def uniform(weight, generator):
    """U(-0.05, 0.05)"""
    nn.init.uniform_(weight, -0.05, 0.05, generator=generator)


INITS = {"constant": constant, "uniform": uniform}
MOMENTUM = {"optimizer.lr": 0.02, "optimizer.momentum": 0.9}
CASES = [
    *parametrized("weight_norm", NORMED),
    *parametrized("weight_standardization", STANDARDIZED),
    Case("dropconnect", TWO | {"regularizer.dropconnect": 0.3}),
    Case("dropconnect_per_layer", TWO | {"regularizer.dropconnect": [0.5, 0.0, 0.2]}),
    Case(
        "dropconnect_weight_noise_l2",  # the penalty is that of the weights as they are
        TWO | {"regularizer.dropconnect": 0.2, "regularizer.weight_noise": 0.05, "regularizer.l2": 0.03},
        penalty=l2(0.03),
    ),
    Case("direct_dropout", {"regularizer.direct_dropout": 0.3}),
    Case("direct_dropout_per_layer", TWO | {"regularizer.direct_dropout": [0.2, 0.5]}),
    Case("direct_input_dropout", TWO | {"regularizer.direct_input_dropout": 0.2, "regularizer.input_noise": 0.1}),
    Case("pruned", TWO | MOMENTUM | {"model.prune": 0.7}, lambda w, o: SGD(w + o, lr=0.02, momentum=0.9)),
    Case(
        "pruned_per_layer_decay",
        TWO | {"model.prune": [0.9, 0.5, 0.0], "optimizer": "adam", "optimizer.lr": 0.01, "regularizer.l2": 0.01},
        lambda w, o: Adam(w + o, lr=0.01),
        penalty=l2(0.01),
    ),
    Case(
        "tied_hidden_layers_l2",  # the weight of three layers is penalized once
        {"model.hidden": [9, 9, 9, 9], "model.tied": "hidden", "regularizer.l2": 0.03, "optimizer.lr": 0.05},
        slow,
        penalty=l2(0.03),
    ),
    Case(
        "tied_hidden_layers_decay",
        {
            "model.hidden": [9, 9, 9],
            "model.tied": "hidden",
            "model.norm": "layer",
            "regularizer.dropout": 0.2,
            "optimizer": "adamw",
            "optimizer.lr": 0.01,
            "optimizer.weight_decay": 0.05,
        },
        lambda w, o: decayed(w, o, 0.0),
    ),
    Case("without_biases", TWO | {"model.bias": False}),
    Case(
        "without_biases_deep",
        DEEP | {"model.bias": False, "optimizer.lr": 0.05, "regularizer.dropout": 0.2},
        slow,
    ),
    *(Case(f"init_{name}", TWO | {"model.init": name}) for name in INITS),
    Case("init_normal_sd", TWO | {"model.init": "normal", "model.init_sd": 0.5}),
]
