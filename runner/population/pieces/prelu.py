"""ReLU whose slope below 0 is learned."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import ActivationForm
from runner.config.registry import register
from runner.population.pieces.base import Activation
from runner.population.pieces.declared import Parameter

START = 0.25  # of the paper and of torch


def prelu(z, y, p):
    """y <- z where z > 0, else a z"""
    slope = p[0]
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] if z[r, j] > 0 else slope * z[r, j]


def prelu_backward(z, y, g, p, g_p):
    """g <- g where z > 0, else a g, whose a gets the sum of g z there"""
    slope, zero = p[0], z.dtype.type(0)
    g_p[0] = zero
    for r in range(z.shape[0]):
        total = zero
        for j in range(z.shape[1]):
            total += zero if z[r, j] > 0 else g[r, j] * z[r, j]
        g_p[0] += total
        for j in range(z.shape[1]):
            g[r, j] = g[r, j] if z[r, j] > 0 else slope * g[r, j]


def prelu_units(z, y, p):
    """y <- z where z > 0, else a_j z"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] if z[r, j] > 0 else p[j] * z[r, j]


def prelu_units_backward(z, y, g, p, g_p):
    """g <- g where z > 0, else a_j g, whose a_j gets the sum of g z there"""
    zero = z.dtype.type(0)
    g_p[:] = zero
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g_p[j] += zero if z[r, j] > 0 else g[r, j] * z[r, j]
            g[r, j] = g[r, j] if z[r, j] > 0 else p[j] * g[r, j]


PRELU, PRELU_UNITS = ActivationForm(prelu, prelu_backward), ActivationForm(prelu_units, prelu_units_backward)


@register("activation", "prelu", torch="PReLU", paper="He et al. 2015", compiled=PRELU)
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


@register("activation", "prelu_units", torch="PReLU", paper="He et al. 2015, channel-wise", compiled=PRELU_UNITS)
@dataclass
class PReLUOfUnits(PReLU):
    """x if x > 0, else a x, with one a for each unit, learned from 0.25 on; neither decayed nor penalized"""

    parameters = (Parameter("slope", ("unit",), START, torch="weight", kind="free"),)

    def module(self, inputs, width):
        from torch import nn

        return nn.PReLU(width)
