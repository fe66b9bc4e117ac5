"""Normalization of each example over the units of its layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runner.compiled.forms import NormForm
from runner.config.registry import register
from runner.population.pieces.base import Norm
from runner.population.pieces.declared import Parameter

if TYPE_CHECKING:
    from torch import Tensor

GAIN, BIAS = Parameter("gain", start=1.0, torch="weight"), Parameter("shift", torch="bias")


def scaled(normal: Tensor, gain: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
    """normal gain + shift, as far as they are there."""
    y = normal if gain is None else normal * gain
    return y if shift is None else y + shift


def layer_norm(x, y, gain, shift, mean, var, batches, training, h, normal, inverse):
    """y <- gain normal + shift, normal = (x - mean) inverse, inverse = 1 / sqrt(var + eps) of each example"""
    size, width = x.shape
    zero, one, eps, count = x.dtype.type(0), x.dtype.type(1), h[0], x.dtype.type(width)
    for r in range(size):
        total, squares = zero, zero
        for j in range(width):
            total += x[r, j]
        center = total / count
        for j in range(width):
            normal[r, j] = x[r, j] - center
            squares += normal[r, j] * normal[r, j]
        factor = one / np.sqrt(squares / count + eps)
        inverse[r] = factor
        for j in range(width):
            normal[r, j] *= factor
            y[r, j] = gain[j] * normal[r, j] + shift[j]


def layer_norm_backward(g, normal, inverse, gain, h, g_gain, g_shift):
    """g <- (g gain - mean(g gain) - normal mean(g gain normal)) inverse, means over the units"""
    size, width = g.shape
    zero, share = g.dtype.type(0), g.dtype.type(1) / g.dtype.type(width)
    g_gain[:] = 0
    g_shift[:] = 0
    for r in range(size):
        total, along, factor = zero, zero, inverse[r]
        for j in range(width):
            g_gain[j] += g[r, j] * normal[r, j]
            g_shift[j] += g[r, j]
            g[r, j] *= gain[j]
            total += g[r, j]
            along += g[r, j] * normal[r, j]
        total, along = total * share, along * share
        for j in range(width):
            g[r, j] = (g[r, j] - total - normal[r, j] * along) * factor


LAYER = NormForm(layer_norm, layer_norm_backward, ("eps",))


@register("norm", "layer", torch="LayerNorm", paper="Ba, Kiros & Hinton 2016", lecture="003:1222", compiled=LAYER)
@dataclass
class LayerNorm(Norm):
    """gain (x - mean) / sqrt(var + eps) + bias, over the units of each example"""

    parameters = (GAIN, BIAS)
    uses = ("eps", "affine")

    def forward(self, x, gain=None, bias=None, *, mask, buffers, training):
        width = mask.sum()
        centered = (x - (x * mask).sum(-1, keepdim=True) / width) * mask
        var = centered.square().sum(-1, keepdim=True) / width
        inverse = (var + self.keys.eps).sqrt().reciprocal()
        normal = centered * inverse
        return scaled(normal, gain, bias), (normal, inverse, gain, mask, width)

    def gradient(self, saved, g):
        normal, inverse, gain, mask, width = saved
        g_normal = g if gain is None else g * gain
        mean = g_normal.sum(-1, keepdim=True) / width
        along = (g_normal * normal).sum(-1, keepdim=True) / width
        g_x = (g_normal - mean - normal * along) * inverse * mask
        return g_x, *((g * normal).sum(1), g.sum(1))[: len(self.parameters)]

    def module(self, inputs, width):
        from torch import nn

        return nn.LayerNorm(width, eps=self.keys.eps, elementwise_affine=self.keys.affine)


def rms_norm(x, y, gain, shift, mean, var, batches, training, h, normal, inverse):
    """y <- gain normal, normal = x inverse, inverse = 1 / sqrt(mean x^2 + eps) of each example"""
    size, width = x.shape
    zero, one, eps, count = x.dtype.type(0), x.dtype.type(1), h[0], x.dtype.type(width)
    for r in range(size):
        squares = zero
        for j in range(width):
            squares += x[r, j] * x[r, j]
        factor = one / np.sqrt(squares / count + eps)
        inverse[r] = factor
        for j in range(width):
            normal[r, j] = x[r, j] * factor
            y[r, j] = gain[j] * normal[r, j]


def rms_norm_backward(g, normal, inverse, gain, h, g_gain, g_shift):
    """g <- (g gain - normal mean(g gain normal)) inverse, the mean over the units"""
    size, width = g.shape
    zero, share = g.dtype.type(0), g.dtype.type(1) / g.dtype.type(width)
    g_gain[:] = 0
    for r in range(size):
        along, factor = zero, inverse[r]
        for j in range(width):
            g_gain[j] += g[r, j] * normal[r, j]
            g[r, j] *= gain[j]
            along += g[r, j] * normal[r, j]
        along *= share
        for j in range(width):
            g[r, j] = (g[r, j] - normal[r, j] * along) * factor


RMS = NormForm(rms_norm, rms_norm_backward, ("eps",))


@register("norm", "rms", torch="RMSNorm", paper="Zhang & Sennrich 2019", compiled=RMS)
@dataclass
class RMSNorm(Norm):
    """gain x / sqrt(mean x^2 + eps), over the units of each example; no bias"""

    parameters = (GAIN,)
    uses = ("eps", "affine")

    def forward(self, x, gain=None, *, mask, buffers, training):
        width = mask.sum()
        inverse = (x.square().sum(-1, keepdim=True) / width + self.keys.eps).sqrt().reciprocal()
        normal = x * inverse
        return scaled(normal, gain), (normal, inverse, gain, width)

    def gradient(self, saved, g):
        normal, inverse, gain, width = saved
        g_normal = g if gain is None else g * gain
        along = (g_normal * normal).sum(-1, keepdim=True) / width
        return (g_normal - normal * along) * inverse, *[(g * normal).sum(1)][: len(self.parameters)]

    def module(self, inputs, width):
        from torch import nn

        return nn.RMSNorm(width, eps=self.keys.eps, elementwise_affine=self.keys.affine)
