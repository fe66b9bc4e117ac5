"""Sophia: a clipped step by the diagonal of the Hessian, which is estimated now and then."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import integer, number, register
from runner.optimizers.rules.base import Solver, rate


@register("optimizer", "sophia", paper="Liu et al. 2023; Hutchinson 1989", lecture="003:1073")
@dataclass
class Sophia(Solver):
    """m <- beta1 m + (1-beta1) g;  w <- (1 - lr weight_decay) w - lr clip(m/max(gamma d, eps), -1, 1)

    Every `every` steps, from the first on, d <- beta2 d + (1-beta2) u * (H u): the diagonal of the Hessian H of the
    batch, estimated with random signs u (Hutchinson), which costs two more passes. Where d is negative or small the
    step is lr sign(m). A proximal step is one of rate lr.
    """

    stochastic = True
    decoupled = True

    lr: float = rate(1e-3)
    beta1: float = number(0.96, ge=0, lt=1, help="memory of the mean gradient")
    beta2: float = number(0.99, ge=0, lt=1, help="memory of the Hessian's diagonal")
    gamma: float = number(0.01, above=0, help="small lets more weights make the largest step lr")
    eps: float = number(1e-12, above=0, help="least curvature that is divided by")
    every: int = integer(10, ge=1, kind="column", help="steps between two estimates of the Hessian")
    slots = ("m", "d")

    def advance(self, search, w, g, state, h, t):
        m, d = state["m"].mul_(h.beta1).add_(g * h.complement("beta1")), state["d"]
        now = (t - 1) % h.every == 0
        if now.any():
            u = search.signs()
            estimate = h.beta2 * d + h.complement("beta2") * (u * search.curvature(w)(u))
            d.copy_(estimate.where(now, d))
        w.sub_(h.lr * (m / (h.gamma * d).maximum(h.eps)).clamp(-1, 1))
