"""Nonlinear conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import choice, number, register
from runner.optimizers.rules.solvers import Converging, Searching, dot


@register(
    "optimizer",
    "cg",
    paper="Hestenes & Stiefel 1952; Fletcher & Reeves 1964; Polak & Ribiere 1969",
    lecture="003:1070",
)
@dataclass
class ConjugateGradient(Searching, Converging):
    """d <- -g + beta d;  w <- w + a d,  beta = max(0, g.(g - g')/g'.g'),  a by line search

    g' is the gradient of the step before; with formula=fletcher_reeves beta = g.g/g'.g'. The line search (strong Wolfe)
    first tries the step that promises what the last one did; `curvature` near 0 makes it exact, and on a quadratic of
    n parameters n steps then reach the minimum. Where d does not go down, -g takes its place.
    """

    curvature: float = number(
        0.1, above=0, lt=1, help="share of the slope that a line search may leave; small is nearly exact"
    )
    formula: str = choice(
        "polak_ribiere", "polak_ribiere", "fletcher_reeves", kind="segment", help="how much of the last direction stays"
    )
    slots = ("w", "g", "d")
    row_slots = ("promise",)  # a times the slope of the last step

    def direction(self, w, g, state, h, t):
        before = dot(state["g"], state["g"])
        if self.formula == "fletcher_reeves":
            beta = dot(g, g) / before
        else:
            beta = (dot(g, g - state["g"]) / before).clamp(min=0)
        return beta * state["d"] - g

    def trial(self, g, slope, state, h):
        promised = state["promise"] / slope
        return promised.where(promised > 0, h.lr)

    def remember(self, d, slope, step, state):
        state["d"].copy_(d)
        state["promise"].copy_(step * slope)
