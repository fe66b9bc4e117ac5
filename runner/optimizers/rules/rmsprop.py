"""RMSProp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register, switch
from runner.optimizers.rules.base import Rule, rate


def rmsprop(w, g, slots, h):
    """RMSProp's step; the mean gradient is only there if centered, b only with momentum."""
    r, mean, b = slots[0], slots[1], slots[2]
    lr, rho, rest, eps, momentum, centered = h[0], h[1], h[2], h[3], h[4], h[6] > 0
    zero = w.dtype.type(0)
    for i in range(w.shape[0]):
        r[i] = rho * r[i] + g[i] * g[i] * rest
    if centered:
        for i in range(w.shape[0]):
            mean[i] = rho * mean[i] + g[i] * rest
    if momentum == 0:
        for i in range(w.shape[0]):
            square = r[i] - mean[i] * mean[i] if centered else r[i]
            square = zero if square < zero else square
            w[i] -= lr * g[i] / (np.sqrt(square) + eps)
    else:
        for i in range(w.shape[0]):
            square = r[i] - mean[i] * mean[i] if centered else r[i]
            square = zero if square < zero else square
            b[i] = momentum * b[i] + g[i] / (np.sqrt(square) + eps)
            w[i] -= lr * b[i]


def rmsprop_gain(slots, h, step):
    """lr/(sqrt r + eps), over 1 - momentum"""
    r, mean, lr, eps, centered, zero = slots[0], slots[1], h[0] / h[5], h[3], h[6] > 0, step.dtype.type(0)
    for i in range(step.shape[0]):
        square = r[i] - mean[i] * mean[i] if centered else r[i]
        square = zero if square < zero else square
        step[i] = lr / (np.sqrt(square) + eps)


FORM = RuleForm(rmsprop, ("lr", "rho", "1-rho", "eps", "momentum", "1-momentum", "centered"), rmsprop_gain)


@register(
    "optimizer", "rmsprop", torch="RMSprop", paper="Tieleman & Hinton 2012", lecture="001:428, 002:51", compiled=FORM
)
@dataclass
class RMSprop(Rule):
    """r <- rho r + (1-rho) g^2;  b <- momentum b + g/(sqrt r + eps);  w <- w - lr b

    Centered: sqrt(r - a^2) for sqrt r, a <- rho a + (1-rho) g; a difference that rounding makes negative counts as 0.

    A proximal step takes the rate of each weight: lr/(sqrt r + eps), over 1 - momentum.
    """

    lr: float = rate(1e-3)
    rho: float = number(0.99, ge=0, lt=1, help="memory of the mean squared gradient (torch: alpha)")
    eps: float = number(1e-8, above=0, help="keeps the division finite")
    momentum: float = number(0.0, ge=0, lt=1, neutral=0.0, help="share of the last step that is kept")
    centered: bool = switch(False, kind="segment", help="divide by the standard deviation of the gradient")
    slots = ("r", "mean", "b")

    def slots_used(self, h):
        return ("r", *(["mean"] if self.centered else []), *(["b"] if h["momentum"] is not None else []))

    def _root(self, state, h):
        r = (state["r"] - state["mean"].square()).clamp(min=0) if self.centered else state["r"]
        return r.sqrt() + h.eps

    def gain(self, state, h, t):
        step = h.lr / self._root(state, h)
        return step if h.momentum is None else step / h.complement("momentum")

    def update(self, w, g, state, h, t):
        state["r"].mul_(h.rho).add_(g * g * h.complement("rho"))
        if self.centered:
            state["mean"].mul_(h.rho).add_(g * h.complement("rho"))
        step = g / self._root(state, h)
        if h.momentum is not None:
            step = state["b"].mul_(h.momentum).add_(step)
        w.sub_(h.lr * step)
