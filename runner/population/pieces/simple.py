"""Activations without a transcendental function that are not rectifiers: softsign, identity."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Activation


@register("activation", "softsign", torch="Softsign", paper="Bergstra et al. 2009")
@dataclass
class Softsign(Activation):
    """x / (1 + |x|)"""

    zero_at_zero = exact = True

    def forward(self, x):
        return x / (1 + x.abs())

    def gradient(self, x, y, g):
        return g / (1 + x.abs()).square()

    def module(self):
        from torch import nn

        return nn.Softsign()


@register("activation", "identity", torch="Identity")
@dataclass
class Identity(Activation):
    """x: a deep linear network"""

    zero_at_zero = exact = True

    def forward(self, x):
        return x

    def gradient(self, x, y, g):
        return g

    def module(self):
        from torch import nn

        return nn.Identity()
