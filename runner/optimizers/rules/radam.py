"""RAdam: Adam whose first steps, in which the mean square is uncertain, are rectified."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate


def rectification(beta2: float, t: np.ndarray) -> np.ndarray:
    """r_t, or 0 where the mean square is not to be used yet: rho_t <= 5."""
    most = 2 / (1 - beta2) - 1
    if most <= 5:  # rho_t never gets there
        return np.zeros_like(t)
    rho = most - 2 * t * beta2**t / (1 - beta2**t)
    late = np.maximum(rho, 5)
    r = np.sqrt((late - 4) * (late - 2) * most / ((most - 4) * (most - 2) * late))
    return np.where(rho > 5, r, 0.0)


def radam(w, g, slots, h):
    """RAdam's step; until the mean square is used, that of the mean gradient."""
    m, v, lr, beta1, beta2, rest1, rest2 = slots[0], slots[1], h[0] / h[6], h[1], h[2], h[3], h[4]
    eps, adapted = h[5], h[7]
    for i in range(w.shape[0]):
        m[i] = beta1 * m[i] + g[i] * rest1
        v[i] = beta2 * v[i] + g[i] * g[i] * rest2
    if adapted > 0:
        for i in range(w.shape[0]):
            w[i] -= lr * adapted * m[i] / (np.sqrt(v[i]) + eps)
    else:
        for i in range(w.shape[0]):
            w[i] -= lr * m[i]


def radam_gain(slots, h, step):
    """lr r_t sqrt(1-beta2^t)/(sqrt v + eps), or lr until the mean square is used"""
    v, lr, eps, adapted = slots[1], h[0], h[5], h[7]
    step[:] = lr
    if adapted > 0:
        for i in range(step.shape[0]):
            step[i] = lr * adapted / (np.sqrt(v[i]) + eps)


FORM = RuleForm(radam, ("lr", "beta1", "beta2", "1-beta1", "1-beta2", "eps", "correction1", "r_root2"), radam_gain)


@register("optimizer", "radam", torch="RAdam", paper="Liu et al. 2020", compiled=FORM)
@dataclass
class RAdam(Rule):
    """w <- w - lr r_t mhat sqrt(1-beta2^t)/(sqrt v + eps) where rho_t > 5, else w - lr mhat

    m and v as Adam's, rho = 2/(1-beta2) - 1, rho_t = rho - 2 t beta2^t/(1-beta2^t),
    r_t^2 = (rho_t-4)(rho_t-2) rho/((rho-4)(rho-2) rho_t).

    A proximal step takes the rate of each weight as it is: what multiplies mhat.
    """

    lr: float = rate(1e-3)
    beta1: float = number(0.9, ge=0, lt=1, help="memory of the mean gradient")
    beta2: float = number(0.999, ge=0, lt=1, help="memory of the mean squared gradient")
    eps: float = number(1e-8, above=0, help="keeps the division finite")
    slots = ("m", "v")

    def tables(self, h, t):
        root2 = np.sqrt(1 - h["beta2"] ** t)
        return {"correction1": 1 - h["beta1"] ** t, "r_root2": rectification(h["beta2"], t) * root2}

    def gain(self, state, h, t):
        adapted = h.r_root2 / (state["v"].sqrt() + h.eps)
        return h.lr * adapted.where(h.r_root2 > 0, adapted.new_ones(()))

    def update(self, w, g, state, h, t):
        m = state["m"].mul_(h.beta1).add_(g * h.complement("beta1"))
        state["v"].mul_(h.beta2).add_(g * g * h.complement("beta2"))
        w.sub_(self.gain(state, h, t) / h.correction1 * m)
