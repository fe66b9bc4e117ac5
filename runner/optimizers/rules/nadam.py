"""NAdam: Adam that looks ahead, with a momentum that warms up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate

NOTHING = 1e-20  # a product this small no longer changes 1 - product
_products: dict[tuple[float, float], list[float]] = {}  # (beta1, momentum_decay) -> mu_1 ... mu_t for t = 0, 1, ...


def momentum(beta1: float, decay: float, t: int) -> float:
    """mu_t = beta1 (1 - 0.96^(t decay)/2)"""
    return beta1 * (1 - 0.5 * 0.96 ** (t * decay))


def product(beta1: float, decay: float, t: int) -> float:
    """mu_1 mu_2 ... mu_t: a function of t alone, of which as much is remembered as has been asked for."""
    table = _products.setdefault((beta1, decay), [1.0])
    while len(table) <= t and table[-1] > NOTHING:
        table.append(table[-1] * momentum(beta1, decay, len(table)))
    return table[t] if t < len(table) else 0.0


def shares(beta1: float, decay: float, t: int) -> tuple[float, float]:
    """What g and m weigh in step t: (1 - mu_t)/(1 - mu_1 ... mu_t) and mu_(t+1)/(1 - mu_1 ... mu_(t+1))."""
    now, following = momentum(beta1, decay, t), momentum(beta1, decay, t + 1)
    return (1 - now) / (1 - product(beta1, decay, t)), following / (1 - product(beta1, decay, t + 1))


def nadam(w, g, slots, h):
    """NAdam's step."""
    m, v, lr, beta1, beta2, rest1, rest2 = slots[0], slots[1], h[0], h[1], h[2], h[3], h[4]
    eps, over_root, of_g, of_m = h[5], w.dtype.type(1) / h[6], h[7], h[8]
    for i in range(w.shape[0]):
        m[i] = beta1 * m[i] + g[i] * rest1
        v[i] = beta2 * v[i] + g[i] * g[i] * rest2
        w[i] -= lr * (of_g * g[i] + of_m * m[i]) / (np.sqrt(v[i]) * over_root + eps)


def nadam_gain(slots, h, step):
    """lr/(sqrt vhat + eps)"""
    v, lr, eps, over_root = slots[1], h[0], h[5], step.dtype.type(1) / h[6]
    for i in range(step.shape[0]):
        step[i] = lr / (np.sqrt(v[i]) * over_root + eps)


FORM = RuleForm(nadam, ("lr", "beta1", "beta2", "1-beta1", "1-beta2", "eps", "root2", "of_g", "of_m"), nadam_gain)


@register("optimizer", "nadam", torch="NAdam", paper="Dozat 2016", lecture="003:1047", compiled=FORM)
@dataclass
class NAdam(Rule):
    """w <- w - lr [(1-mu_t) g/(1 - mu_1...mu_t) + mu_(t+1) m/(1 - mu_1...mu_(t+1))]/(sqrt vhat + eps)

    m and v as Adam's, mu_t = beta1 (1 - 0.96^(t momentum_decay)/2).

    A proximal step takes Adam's rate of each weight, lr/(sqrt vhat + eps): the shares of g and m soon sum to 1.
    """

    lr: float = rate(2e-3)
    beta1: float = number(0.9, ge=0, lt=1, help="memory of the mean gradient, and the momentum in the end")
    beta2: float = number(0.999, ge=0, lt=1, help="memory of the mean squared gradient")
    eps: float = number(1e-8, above=0, help="keeps the division finite")
    momentum_decay: float = number(4e-3, ge=0, help="how fast the momentum grows from beta1/2 to beta1")
    slots = ("m", "v")

    def tables(self, h, t):
        of_g_and_m = np.array([shares(h["beta1"], h["momentum_decay"], int(step)) for step in t])
        return {"of_g": of_g_and_m[:, 0], "of_m": of_g_and_m[:, 1], "root2": np.sqrt(1 - h["beta2"] ** t)}

    def gain(self, state, h, t):
        return h.lr / (state["v"].sqrt() / h.root2 + h.eps)

    def update(self, w, g, state, h, t):
        m = state["m"].mul_(h.beta1).add_(g * h.complement("beta1"))
        state["v"].mul_(h.beta2).add_(g * g * h.complement("beta2"))
        w.sub_(self.gain(state, h, t) * (h.of_g * g + h.of_m * m))
