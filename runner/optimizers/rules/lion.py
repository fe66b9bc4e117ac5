"""Lion."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import RuleForm
from runner.compiled.maths import sign
from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate


def lion(w, g, slots, h):
    """Lion's step."""
    m, lr, beta1, beta2, rest1, rest2 = slots[0], h[0], h[1], h[2], h[3], h[4]
    for i in range(w.shape[0]):
        w[i] -= lr * sign(beta1 * m[i] + rest1 * g[i])
        m[i] = beta2 * m[i] + rest2 * g[i]


FORM = RuleForm(lion, ("lr", "beta1", "beta2", "1-beta1", "1-beta2"))


@register("optimizer", "lion", paper="Chen et al. 2023", compiled=FORM)
@dataclass
class Lion(Rule):
    """w <- (1 - lr weight_decay) w - lr sign(beta1 m + (1-beta1) g);  m <- beta2 m + (1-beta2) g

    A step is lr however long the gradient is, so a proximal step is one of rate lr: strength competes with a sign of
    size 1, and where the two settle is not the minimum of loss + penalty.
    """

    lr: float = rate(1e-4)
    beta1: float = number(0.9, ge=0, lt=1, help="share of the mean gradient in the direction of a step")
    beta2: float = number(0.99, ge=0, lt=1, help="memory of the mean gradient")
    slots = ("m",)
    decoupled = True

    def update(self, w, g, state, h, t):
        m = state["m"]
        w.sub_(h.lr * (h.beta1 * m + h.complement("beta1") * g).sign())
        m.mul_(h.beta2).add_(g * h.complement("beta2"))
