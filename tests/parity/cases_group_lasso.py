"""Group lasso: as a term of the loss, a unit at a time, and as the block soft threshold of Yuan & Lin 2006."""

import torch
from parity_case import TWO, Case

PER_LAYER = [0.03, 0.0, 0.01]
PROXIMAL = {"optimizer.proximal": True}


def of_layers(weights: list, strength) -> list[tuple]:
    """(weight, its strength), from one strength for all or one a layer."""
    return list(zip(weights, strength if isinstance(strength, list) else [strength] * len(weights), strict=True))


def group_lasso(strength):
    """sum over layers and units of strength ||unit||"""
    return lambda weights: sum(a * torch.sqrt(unit @ unit) for w, a in of_layers(weights, strength) for unit in w)


def proximal(strength) -> dict:
    """A unit no longer than rate * strength becomes 0, others that much shorter. The penalty is in the objective."""

    def after(weights, gain):
        for w, a in of_layers(weights, strength):
            rate = gain(w)
            for unit in w:
                length = torch.sqrt(unit @ unit)
                unit.copy_(torch.zeros_like(unit) if length <= rate * a else unit - unit / length * (rate * a))

    return {"after": after, "penalty": lambda weights: group_lasso(strength)([w.detach() for w in weights])}


def frobenius(strength):
    """sum over layers of strength ||W||"""
    return lambda weights: sum(a * torch.sqrt((w * w).sum()) for w, a in of_layers(weights, strength))


def proximal_layers(strength) -> dict:
    """A layer no longer than rate * strength becomes 0, others that much shorter."""

    def after(weights, gain):
        for w, a in of_layers(weights, strength):
            length, cut = torch.sqrt((w * w).sum()), gain(w) * a
            w.copy_(torch.zeros_like(w) if length <= cut else w - w / length * cut)

    return {"after": after, "penalty": lambda weights: frobenius(strength)([w.detach() for w in weights])}


CASES = [
    Case("frobenius", {"regularizer.frobenius": 0.05}, penalty=frobenius(0.05)),
    Case("frobenius_per_layer", TWO | {"regularizer.frobenius": PER_LAYER}, penalty=frobenius(PER_LAYER)),
    Case("frobenius_proximal", {"regularizer.frobenius": 0.05} | PROXIMAL, **proximal_layers(0.05)),
    Case(
        "frobenius_proximal_per_layer",
        TWO | {"regularizer.frobenius": PER_LAYER} | PROXIMAL,
        **proximal_layers(PER_LAYER),
    ),
    Case("group_lasso", {"regularizer.group_lasso": 0.01}, penalty=group_lasso(0.01)),
    Case("group_lasso_per_layer", TWO | {"regularizer.group_lasso": PER_LAYER}, penalty=group_lasso(PER_LAYER)),
    Case("group_lasso_proximal", {"regularizer.group_lasso": 0.01} | PROXIMAL, **proximal(0.01)),
    Case("group_lasso_proximal_zeros", {"regularizer.group_lasso": 0.1} | PROXIMAL, **proximal(0.1)),
    Case(
        "group_lasso_proximal_per_layer",
        TWO | {"regularizer.group_lasso": PER_LAYER} | PROXIMAL,
        **proximal(PER_LAYER),
    ),
]
