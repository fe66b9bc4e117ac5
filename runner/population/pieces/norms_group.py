"""Normalization of each example over groups of units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import NormForm
from runner.config.registry import register
from runner.population.pieces.base import Norm
from runner.population.pieces.norms import BIAS, GAIN, scaled


def group_norm(x, y, gain, shift, mean, var, batches, training, h, normal, inverse):
    """y <- gain normal + shift, normal = (x - mean) inverse, inverse = 1 / sqrt(var + eps) of each example and group"""
    groups, eps, zero, one = int(h[0]), h[1], x.dtype.type(0), x.dtype.type(1)
    many = x.shape[1] // groups
    count = x.dtype.type(many)
    for r in range(x.shape[0]):
        for k in range(groups):
            total, squares, begin = zero, zero, k * many
            for j in range(begin, begin + many):
                total += x[r, j]
            center = total / count
            for j in range(begin, begin + many):
                normal[r, j] = x[r, j] - center
                squares += normal[r, j] * normal[r, j]
            factor = one / np.sqrt(squares / count + eps)
            inverse[r * groups + k] = factor
            for j in range(begin, begin + many):
                normal[r, j] *= factor
                y[r, j] = gain[j] * normal[r, j] + shift[j]


def group_norm_backward(g, normal, inverse, gain, h, g_gain, g_shift):
    """g <- (g gain - mean(g gain) - normal mean(g gain normal)) inverse, means over the units of a group"""
    groups, zero, one = int(h[0]), g.dtype.type(0), g.dtype.type(1)
    many = g.shape[1] // groups
    share = one / g.dtype.type(many)
    g_gain[:] = 0
    g_shift[:] = 0
    for r in range(g.shape[0]):
        for k in range(groups):
            total, along, begin, factor = zero, zero, k * many, inverse[r * groups + k]
            for j in range(begin, begin + many):
                g_gain[j] += g[r, j] * normal[r, j]
                g_shift[j] += g[r, j]
                g[r, j] *= gain[j]
                total += g[r, j]
                along += g[r, j] * normal[r, j]
            total, along = total * share, along * share
            for j in range(begin, begin + many):
                g[r, j] = (g[r, j] - total - normal[r, j] * along) * factor


GROUP = NormForm(group_norm, group_norm_backward, ("groups", "eps"))


@register("norm", "group", torch="GroupNorm", paper="Wu & He 2018", lecture="003:1235", compiled=GROUP)
@dataclass
class GroupNorm(Norm):
    """gain (x - mean) / sqrt(var + eps) + bias, over each of norm_groups groups of neighbouring units of each example

    One group is layer norm. With as many groups as units (instance norm) every unit is its own mean, so that a network
    of vectors gives 0: that is for images.
    """

    parameters = (GAIN, BIAS)
    uses = ("groups", "eps", "affine")

    def forward(self, x, gain=None, bias=None, *, mask, buffers, training):
        units = self._grouped(x, int(mask.sum()))
        centered = units - units.mean(-1, keepdim=True)
        inverse = (centered.square().mean(-1, keepdim=True) + self.keys.eps).sqrt().reciprocal()
        normal = centered * inverse
        return scaled(_padded(normal, x), gain, bias), (normal, inverse, gain)

    def gradient(self, saved, g):
        normal, inverse, gain = saved
        width = normal.shape[-2] * normal.shape[-1]
        units = self._grouped(g if gain is None else g * gain, width)
        mean, along = units.mean(-1, keepdim=True), (units * normal).mean(-1, keepdim=True)
        g_x = _padded((units - mean - normal * along) * inverse, g)
        return g_x, *((g * _padded(normal, g)).sum(1), g.sum(1))[: len(self.parameters)]

    def _grouped(self, x, width):
        """The true units [M, B, G, W/G]."""
        return x[..., :width].unflatten(-1, (self.keys.groups, -1))

    def module(self, inputs, width):
        from torch import nn

        return nn.GroupNorm(self.keys.groups, width, eps=self.keys.eps, affine=self.keys.affine)


def _padded(units, like):
    """[M, B, G, W/G] as wide as `like` [M, B, W], with zeros in the padding."""
    from torch.nn import functional

    return functional.pad(units.flatten(-2), (0, like.shape[-1] - units.shape[-2] * units.shape[-1]))
