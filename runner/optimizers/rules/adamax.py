"""AdaMax: Adam with the largest gradient in place of the mean square."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate


@register("optimizer", "adamax", torch="Adamax", paper="Kingma & Ba 2015, section 7.1")
@dataclass
class Adamax(Rule):
    """m <- beta1 m + (1-beta1) g;  u <- max(beta2 u, |g| + eps);  w <- w - lr mhat/u

    In step t = 1, 2, ... mhat = m/(1-beta1^t).

    A proximal step takes the rate of each weight: lr/u.
    """

    lr: float = rate(2e-3)
    beta1: float = number(0.9, ge=0, lt=1, help="memory of the mean gradient")
    beta2: float = number(0.999, ge=0, lt=1, help="memory of the largest gradient")
    eps: float = number(1e-8, above=0, help="keeps the division finite")
    slots = ("m", "u")

    def tables(self, h, t):
        return {"correction1": 1 - h["beta1"] ** t}

    def gain(self, state, h, t):
        return h.lr / state["u"]

    def update(self, w, g, state, h, t):
        m = state["m"].mul_(h.beta1).add_(g * h.complement("beta1"))
        state["u"].copy_((state["u"] * h.beta2).maximum(g.abs() + h.eps))
        w.sub_(self.gain(state, h, t) / h.correction1 * m)
