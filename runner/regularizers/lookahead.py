"""Lookahead: slow weights that follow fast ones."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import integer, number, register
from runner.regularizers.base import Around


@register("regularizer", "lookahead", paper="Zhang et al. 2019")
@dataclass
class Lookahead(Around):
    """in every `every`-th step slow <- slow + alpha (w - slow), w <- slow; around every optimizer

    The optimizer keeps its own state. Between two such steps the fast weights w are evaluated and kept.
    """

    alpha: float = number(
        1.0, above=0, le=1, neutral=1.0, preset=0.5, help="share of the way that the slow weights go; 1 = absent"
    )
    every: int = integer(5, ge=1, kind="column", help="steps between two moves of the slow weights")
    slots = ("slow",)

    def begin(self, w, state, new):
        state["slow"].copy_(w.where(new, state["slow"]))

    def after(self, w, state, t, alpha, every):
        slow, now = state["slow"], t % every == 0
        slow.copy_((slow + alpha * (w - slow)).where(now, slow))
        w.copy_(slow.where(now, w))
