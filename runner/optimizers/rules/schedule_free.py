"""Schedule-free AdamW."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, rate


@register("optimizer", "schedule_free_adamw", paper="Defazio et al. 2024")
@dataclass
class ScheduleFreeAdamW(Rule):
    """z <- z - lr (g/(sqrt vhat + eps) + weight_decay w);  x <- x + c (z - x);  w <- (1-beta1) z + beta1 x

    g is the gradient at w, v and vhat are Adam's. c is the share of this step's squared largest rate so far in the sum
    of all of them: 1/t while the rate is constant. x, a mean of all z, is evaluated and kept, so that the rate need not
    fall (scheduler=constant, with a warm-up); running statistics of norms are those of w.
    """

    lr: float = rate(2.5e-3)
    beta1: float = number(0.9, ge=0, lt=1, help="how near to the mean x the gradient is taken")
    beta2: float = number(0.999, ge=0, lt=1, help="memory of the mean squared gradient")
    eps: float = number(1e-8, above=0, help="keeps the division finite")
    slots = ("v", "gap")  # gap = z - x, so that x = w - (1-beta1) gap
    row_slots = ("largest", "total")  # rate so far, and the sum of the squares of the largest rates
    decoupled = True
    apart = True

    def tables(self, h, t):
        return {"root2": np.sqrt(1 - h["beta2"] ** t)}

    def shrink(self, w, state, amount, h):
        """z moves by -amount w, x stays."""
        change = w * amount.to(w.dtype)
        state["gap"].sub_(change)
        w.sub_(change * (1 - h["beta1"]).to(w.dtype))

    def kept(self, w, state, h):
        """x"""
        return w - (1 - h["beta1"]).to(w.dtype) * state["gap"]

    def gain(self, state, h, t):
        return h.lr / (state["v"].sqrt() / h.root2 + h.eps)

    def update(self, w, g, state, h, t):
        state["v"].mul_(h.beta2).add_(g * g * h.complement("beta2"))
        largest = state["largest"].copy_(state["largest"].maximum(h.lr))
        c = largest.square() / state["total"].add_(largest.square())
        off = state["gap"] - self.gain(state, h, t) * g  # z after its step, less x before
        gap = (1 - c) * off
        w.add_(c * off + h.complement("beta1") * (gap - state["gap"]))
        state["gap"].copy_(gap)
