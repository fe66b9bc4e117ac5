"""The exponential linear unit."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Activation


@register("activation", "elu", torch="ELU", paper="Clevert et al. 2016")
@dataclass
class ELU(Activation):
    """x if x > 0, else exp(x) - 1"""

    zero_at_zero = True

    def forward(self, x):
        from torch.nn import functional

        return functional.elu(x)

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.elu_backward.default(g, 1.0, 1.0, 1.0, True, y)

    def module(self):
        from torch import nn

        return nn.ELU()
