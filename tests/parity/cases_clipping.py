"""Clipping by value under every rule, alone and after clipping by norm: torch.nn.utils.clip_grad_value_."""

import cases_lion
import cases_more_optimizers as more
import torch
from parity_case import Case

RULES = {  # name -> (reference, rate)
    "sgd": (torch.optim.SGD, 0.1),
    "adam": (torch.optim.Adam, 0.01),
    "adamw": (lambda groups, lr: torch.optim.AdamW(groups, lr=lr, weight_decay=0.0), 0.01),
    "rmsprop": (torch.optim.RMSprop, 0.003),
    "adagrad": (more.Adagrad, 0.05),
    "adadelta": (more.Adadelta, 0.7),
    "adamax": (more.Adamax, 0.01),
    "nadam": (more.NAdam, 0.01),
    "radam": (more.RAdam, 0.01),
    "signsgd": (more.Signum, 0.002),
    "lion": (cases_lion.Lion, 0.001),
}


def case(name: str, limit: float, norm: float | None = None) -> Case:
    """A limit that cuts some elements of the gradient and not others."""
    make, lr = RULES[name]
    settings = {"optimizer": name, "optimizer.lr": lr, "optimizer.clip_value": limit, "optimizer.clip_norm": norm}
    title = f"{name}_clip_value" + ("_and_norm" if norm else "")
    return Case(title, settings, lambda w, o: make(w + o, lr=lr), clip=norm, clip_value=limit)


CASES = [*(case(name, 0.02) for name in RULES), case("sgd", 0.05, norm=0.4), case("adam", 0.05, norm=0.4)]
