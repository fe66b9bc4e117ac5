"""Sharpness-aware minimization."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.regularizers.base import Around

LEAST = 1e-12  # keeps the division finite where the gradient is 0


@register("regularizer", "sam", paper="Foret et al. 2021")
@dataclass
class SAM(Around):
    """the gradient is that at w + rho g/||g||, where the loss is highest nearby; with every optimizer

    Costs a second gradient a step, on the same batch with the same noise.
    """

    rho: float = number(0.0, ge=0, neutral=0.0, preset=0.05, help="how far the ascent goes, over all parameters")

    def gradient(self, evaluate, w, g, state, t, rho):
        _, there = evaluate(w + rho * g / (g.square().sum(1, keepdim=True).sqrt() + LEAST))
        return there
