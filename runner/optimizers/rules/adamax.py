"""AdaMax: Adam with the largest gradient in place of the mean square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate


def adamax(w, g, slots, h):
    """AdaMax's step."""
    m, u, lr, beta1, beta2, rest1, eps = slots[0], slots[1], h[0] / h[5], h[1], h[2], h[3], h[4]
    for i in range(w.shape[0]):
        m[i] = beta1 * m[i] + g[i] * rest1
        before, now = beta2 * u[i], np.abs(g[i]) + eps
        u[i] = before if before > now or before != before else now  # a NaN stays
        w[i] -= lr * m[i] / u[i]


def adamax_gain(slots, h, step):
    """lr/u"""
    u, lr = slots[1], h[0]
    for i in range(step.shape[0]):
        step[i] = lr / u[i]


FORM = RuleForm(adamax, ("lr", "beta1", "beta2", "1-beta1", "eps", "correction1"), adamax_gain)


@register(
    "optimizer", "adamax", torch="Adamax", paper="Kingma & Ba 2015, section 7.1", lecture="003:1046", compiled=FORM
)
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
