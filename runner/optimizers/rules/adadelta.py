"""AdaDelta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate


def adadelta(w, g, slots, h):
    """AdaDelta's step."""
    r, s, lr, rho, rest, eps = slots[0], slots[1], h[0], h[1], h[2], h[3]
    for i in range(w.shape[0]):
        r[i] = rho * r[i] + g[i] * g[i] * rest
        step = np.sqrt(s[i] + eps) / np.sqrt(r[i] + eps) * g[i]
        s[i] = rho * s[i] + step * step * rest
        w[i] -= lr * step


def adadelta_gain(slots, h, step):
    """lr sqrt(s + eps)/sqrt(r + eps)"""
    r, s, lr, eps = slots[0], slots[1], h[0], h[3]
    for i in range(step.shape[0]):
        step[i] = lr * (np.sqrt(s[i] + eps) / np.sqrt(r[i] + eps))


FORM = RuleForm(adadelta, ("lr", "rho", "1-rho", "eps"), adadelta_gain)


@register("optimizer", "adadelta", torch="Adadelta", paper="Zeiler 2012", lecture="003:1043", compiled=FORM)
@dataclass
class Adadelta(Rule):
    """r <- rho r + (1-rho) g^2;  d = sqrt(s + eps)/sqrt(r + eps) g;  w <- w - lr d;  s <- rho s + (1-rho) d^2

    A proximal step takes the rate of each weight with the mean squared step s that includes this step: the next step's.
    """

    lr: float = rate(1.0, help="multiple of the rule's own step, before the schedule")
    rho: float = number(0.9, ge=0, lt=1, help="memory of the mean squared gradient and of the mean squared step")
    eps: float = number(1e-6, above=0, help="starts the first steps and keeps the division finite")
    slots = ("r", "s")

    def _ratio(self, state, h):
        return (state["s"] + h.eps).sqrt() / (state["r"] + h.eps).sqrt()

    def gain(self, state, h, t):
        return h.lr * self._ratio(state, h)

    def update(self, w, g, state, h, t):
        state["r"].mul_(h.rho).add_(g * g * h.complement("rho"))
        step = self._ratio(state, h) * g
        state["s"].mul_(h.rho).add_(step * step * h.complement("rho"))
        w.sub_(h.lr * step)
