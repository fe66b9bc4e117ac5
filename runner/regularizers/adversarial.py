"""Adversarial training: the data loss at inputs that are changed against it."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.regularizers.base import OtherInputs


@register("regularizer", "adversarial", paper="Goodfellow, Shlens & Szegedy 2015 (fast gradient sign method)")
@dataclass
class Adversarial(OtherInputs):
    """(1-weight) J(x) + weight J(x + epsilon sign dJ/dx), J the data loss; x' is not differentiated

    Every input moves by epsilon, columns of categories included. Both passes have the same dropout; running statistics
    are those of x.
    """

    epsilon: float = number(
        0.0, ge=0, neutral=0.0, preset=0.1, help="how far each input is moved, in units of the scaled features"
    )
    weight: float = number(0.5, above=0, le=1, help="share of the loss at the moved inputs")

    def inputs(self, x, slope, epsilon):
        return x + epsilon * slope.sign()
