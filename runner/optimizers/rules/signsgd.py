"""The sign of the gradient."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import RuleForm
from runner.compiled.maths import sign
from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate


def signsgd(w, g, slots, h):
    """The step of signSGD, or with momentum that of Signum."""
    m, lr, momentum, rest = slots[0], h[0], h[1], h[2]
    if momentum == 0:
        for i in range(w.shape[0]):
            w[i] -= lr * sign(g[i])
    else:
        for i in range(w.shape[0]):
            m[i] = momentum * m[i] + rest * g[i]
            w[i] -= lr * sign(m[i])


FORM = RuleForm(signsgd, ("lr", "momentum", "1-momentum"))


@register(
    "optimizer", "signsgd", paper="Bernstein et al. 2018 (with momentum: Signum)", lecture="003:1048", compiled=FORM
)
@dataclass
class SignSGD(Rule):
    """m <- momentum m + (1-momentum) g;  w <- w - lr sign(m)

    A step is lr however long the gradient is, so a proximal step is one of rate lr: strength competes with a sign of
    size 1, and where the two settle is not the minimum of loss + penalty.
    """

    lr: float = rate(1e-3)
    momentum: float = number(0.9, ge=0, lt=1, neutral=0.0, help="memory of the mean gradient; 0 is signSGD")
    slots = ("m",)

    def slots_used(self, h):
        return self.slots if h["momentum"] is not None else ()

    def update(self, w, g, state, h, t):
        m = g if h.momentum is None else state["m"].mul_(h.momentum).add_(g * h.complement("momentum"))
        w.sub_(h.lr * m.sign())
