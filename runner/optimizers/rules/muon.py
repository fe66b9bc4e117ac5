"""Muon: momentum of matrices, made orthogonal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runner.config.registry import integer, number, register, switch
from runner.optimizers.rules.base import Rule, rate

if TYPE_CHECKING:
    from torch import Tensor

QUINTIC = (3.4445, -4.7750, 2.0315)  # of Jordan: steep at 0, and within .3 of 1 after five steps
LEAST = 1e-7  # of the norm that a matrix is divided by


@register("optimizer", "muon", torch="Muon", paper="Jordan et al. 2024")
@dataclass
class Muon(Rule):
    """m <- momentum m + (1-momentum) g;  W <- (1 - lr weight_decay) W - lr sqrt(max(1, O/I)) orth(n)

    For every weight matrix W [O, I], with n = (1-momentum) g + momentum m (nesterov=false: n = m). orth(n) is n with
    its singular values brought near 1, by `iterations` steps X <- a X + b X X'X + c X X'X X'X of Newton and Schulz.
    Biases and gains make AdamW's step at the rate lr rest. A proximal step is one of rate lr.
    """

    lr: float = rate(0.02)
    momentum: float = number(0.95, ge=0, lt=1, help="memory of the mean gradient of matrices")
    nesterov: bool = switch(True, kind="segment", help="look ahead: use (1-momentum) g + momentum m")
    iterations: int = integer(5, ge=1, kind="segment", help="steps that make a matrix orthogonal")
    rest: float = number(0.05, above=0, help="rate of biases and gains, as a multiple of lr")
    beta1: float = number(0.9, ge=0, lt=1, help="of biases and gains: memory of the mean gradient")
    beta2: float = number(0.999, ge=0, lt=1, help="of biases and gains: memory of the mean squared gradient")
    eps: float = number(1e-8, above=0, help="of biases and gains: keeps the division finite")
    slots = ("m", "v")
    decoupled = True

    def tables(self, h, t):
        return {"correction1": 1 - h["beta1"] ** t, "root2": np.sqrt(1 - h["beta2"] ** t)}

    def update(self, w, g, state, h, t):
        matrices = self.layout.weights if self.layout else 0
        self._adam(*(each[:, matrices:] for each in (w, g, state["m"], state["v"])), h)
        for slot in self.layout.weight_slots if self.layout else ():
            self._turn(slot, w, g, state["m"], h)

    def _adam(self, w, g, m, v, h):
        m.mul_(h.beta1).add_(g * h.complement("beta1"))
        v.mul_(h.beta2).add_(g * g * h.complement("beta2"))
        w.sub_(h.lr * h.rest / h.correction1 * m / (v.sqrt() / h.root2 + h.eps))

    def _turn(self, slot, w, g, m, h):
        """The step of a matrix, with its padding of zeros."""
        momentum, new, lr = h.momentum.unsqueeze(2), slot.view(g) * h.complement("momentum").unsqueeze(2), h.lr
        mean = slot.view(m).mul_(momentum).add_(new)
        step = orthogonal(new + momentum * mean if self.nesterov else mean, self.iterations)
        slot.view(w).sub_(lr.unsqueeze(2) * max(1.0, slot.shape[0] / slot.shape[1]) ** 0.5 * step)


def orthogonal(x: Tensor, iterations: int) -> Tensor:
    """x [R, O, I] with singular values near 1: of 5 iterations between .7 and 1.2."""
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.transpose(1, 2)
    x = x / (x.square().sum((1, 2), keepdim=True).sqrt() + LEAST)
    a, b, c = QUINTIC
    for _ in range(iterations):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.transpose(1, 2)
