"""ReLU whose slope below 0 is learned."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Activation
from runner.population.pieces.declared import Parameter

START = 0.25  # of the paper and of torch


@register("activation", "prelu", torch="PReLU", paper="He et al. 2015")
@dataclass
class PReLU(Activation):
    """x if x > 0, else a x, with one a for each layer, learned from 0.25 on; neither decayed nor penalized"""

    zero_at_zero = exact = True
    parameters = (Parameter("slope", (), START, torch="weight", kind="free"),)

    def forward(self, x, slope):
        return x.where(x > 0, slope * x)

    def gradient(self, x, y, g, slope):
        above = x > 0
        by_unit = (g * x).masked_fill_(above, 0).sum(1)
        return g.where(above, slope * g), by_unit if self.parameters[0].per else by_unit.sum(1, keepdim=True)


@register("activation", "prelu_units", torch="PReLU", paper="He et al. 2015, channel-wise")
@dataclass
class PReLUOfUnits(PReLU):
    """x if x > 0, else a x, with one a for each unit, learned from 0.25 on; neither decayed nor penalized"""

    parameters = (Parameter("slope", ("unit",), START, torch="weight", kind="free"),)

    def module(self, inputs, width):
        from torch import nn

        return nn.PReLU(width)
