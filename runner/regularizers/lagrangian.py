"""A penalty as a constraint whose bound is known: its strength is found by ascent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.config.registry import number, register
from runner.regularizers.base import Around


@register(
    "regularizer",
    "lagrangian",
    paper="Uzawa 1958; Goodfellow, Bengio & Courville 2016, section 7.2",
    lecture="001:802, 001:808",
)
@dataclass
class Lagrangian(Around):
    """min J subject to 1/2 ||w||^2 <= budget: g <- g + a w;  a <- max(0, a + rate (1/2 ||w||^2 - budget))

    w are all weights of the network; a begins at 0. Where weights and a settle, a is the strength of the L2 penalty
    whose minimum has that norm, or 0 if the minimum of J is within the budget. The objective that is recorded is J.
    """

    budget: float | None = number(
        None, above=0, optional=True, neutral=math.inf, preset=10.0, help="the largest 1/2 ||w||^2 that is allowed"
    )
    rate: float = number(0.1, above=0, help="how fast the strength grows while the budget is exceeded")
    of_weights, row_slots = True, ("strength",)

    def gradient(self, evaluate, w, g, state, t, budget, rate):
        strength = state["strength"]
        found = g + strength * w
        strength.add_(rate * (w.square().sum(1, keepdim=True) / 2 - budget)).clamp_(min=0)
        return found
