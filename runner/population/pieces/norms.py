"""Normalization layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runner.compiled.forms import NormForm
from runner.config.registry import register
from runner.population.pieces.base import Norm
from runner.population.pieces.declared import Buffer, Parameter

EPS = 1e-5  # torch's default
MOMENTUM = 0.1  # weight of the newest batch in the running averages, torch's default
GAIN, BIAS = Parameter("gain", start=1.0, torch="weight"), Parameter("shift", torch="bias")


def batch_norm(x, y, gain, shift, mean, var, training, normal, inverse):
    """y <- gain normal + shift, normal = (x - m) inverse, inverse = 1 / sqrt(v + 1e-5) of each unit.

    m and v are the batch's in training, where they enter the running ones, else the running ones. `inverse` holds m,
    then v, on the way.
    """
    size, width = x.shape
    one, eps, count = x.dtype.type(1), x.dtype.type(EPS), x.dtype.type(size)
    new, old = x.dtype.type(MOMENTUM), x.dtype.type(1 - MOMENTUM)
    inverse[:] = 0
    if training:
        for r in range(size):
            for j in range(width):
                inverse[j] += x[r, j]
        for j in range(width):
            inverse[j] /= count
            mean[j] = old * mean[j] + new * inverse[j]
    else:
        for j in range(width):
            inverse[j] = mean[j]
    for r in range(size):
        for j in range(width):
            normal[r, j] = x[r, j] - inverse[j]
    inverse[:] = 0
    if training:
        for r in range(size):
            for j in range(width):
                inverse[j] += normal[r, j] * normal[r, j]
        for j in range(width):
            inverse[j] /= count
            var[j] = old * var[j] + new * (inverse[j] * (count / (count - one)))
    else:
        for j in range(width):
            inverse[j] = var[j]
    for j in range(width):
        inverse[j] = one / np.sqrt(inverse[j] + eps)
    for r in range(size):
        for j in range(width):
            normal[r, j] *= inverse[j]
            y[r, j] = gain[j] * normal[r, j] + shift[j]


def batch_norm_backward(g, normal, inverse, gain, g_gain, g_shift):
    """g <- (g - mean_B g - normal mean_B(g normal)) inverse gain"""
    size, width = g.shape
    share = g.dtype.type(1) / g.dtype.type(size)
    g_gain[:] = 0
    g_shift[:] = 0
    for r in range(size):
        for j in range(width):
            g_gain[j] += g[r, j] * normal[r, j]
            g_shift[j] += g[r, j]
    for r in range(size):
        for j in range(width):
            centered = g[r, j] - g_shift[j] * share - normal[r, j] * (g_gain[j] * share)
            g[r, j] = centered * (inverse[j] * gain[j])


BATCH = NormForm(batch_norm, batch_norm_backward)


@register("norm", "batch", torch="BatchNorm1d", paper="Ioffe & Szegedy 2015", compiled=BATCH)
@dataclass
class BatchNorm(Norm):
    """gain (x - mean_B) / sqrt(var_B + 1e-5) + bias; running averages (0.1 new, unbiased variance) in evaluation"""

    parameters = (GAIN, BIAS)
    buffers = (Buffer("running_mean", start=0.0), Buffer("running_var", start=1.0))
    constants: ClassVar[dict[str, int]] = {"num_batches_tracked": 0}  # for averages without a momentum
    needs_batch = True

    def forward(self, x, gain, bias, *, mask, buffers, training):
        if training:
            mean = x.mean(1, keepdim=True)
            centered = x - mean
            var = centered.square().mean(1, keepdim=True)
            _average(buffers["running_mean"], mean)
            _average(buffers["running_var"], var * (x.shape[1] / (x.shape[1] - 1)))
        else:
            centered = x - buffers["running_mean"].unsqueeze(1)
            var = buffers["running_var"].unsqueeze(1)
        inverse = (var + EPS).sqrt().reciprocal()
        normal = centered * inverse
        return normal * gain + bias, (normal, inverse, gain)

    def gradient(self, saved, g):
        normal, inverse, gain = saved
        g_gain, g_bias = (g * normal).sum(1), g.sum(1)
        count = g.shape[1]
        centered = g - (g_bias / count).unsqueeze(1) - normal * (g_gain / count).unsqueeze(1)
        return centered * (inverse * gain), g_gain, g_bias

    def module(self, inputs, width):
        from torch import nn

        return nn.BatchNorm1d(width, eps=EPS, momentum=MOMENTUM)


def layer_norm(x, y, gain, shift, mean, var, training, normal, inverse):
    """y <- gain normal + shift, normal = (x - mean) inverse, inverse = 1 / sqrt(var + 1e-5) of each example"""
    size, width = x.shape
    zero, one, eps, count = x.dtype.type(0), x.dtype.type(1), x.dtype.type(EPS), x.dtype.type(width)
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


def layer_norm_backward(g, normal, inverse, gain, g_gain, g_shift):
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


LAYER = NormForm(layer_norm, layer_norm_backward)


@register("norm", "layer", torch="LayerNorm", paper="Ba, Kiros & Hinton 2016", compiled=LAYER)
@dataclass
class LayerNorm(Norm):
    """gain (x - mean) / sqrt(var + 1e-5) + bias, over the units of each example"""

    parameters = (GAIN, BIAS)

    def forward(self, x, gain, bias, *, mask, buffers, training):
        width = mask.sum()
        centered = (x - (x * mask).sum(-1, keepdim=True) / width) * mask
        var = centered.square().sum(-1, keepdim=True) / width
        inverse = (var + EPS).sqrt().reciprocal()
        normal = centered * inverse
        return normal * gain + bias, (normal, inverse, gain, mask, width)

    def gradient(self, saved, g):
        normal, inverse, gain, mask, width = saved
        g_normal = g * gain
        mean = g_normal.sum(-1, keepdim=True) / width
        along = (g_normal * normal).sum(-1, keepdim=True) / width
        return (g_normal - mean - normal * along) * inverse * mask, (g * normal).sum(1), g.sum(1)

    def module(self, inputs, width):
        from torch import nn

        return nn.LayerNorm(width, eps=EPS)


def rms_norm(x, y, gain, shift, mean, var, training, normal, inverse):
    """y <- gain normal, normal = x inverse, inverse = 1 / sqrt(mean x^2 + 1e-5) of each example"""
    size, width = x.shape
    zero, one, eps, count = x.dtype.type(0), x.dtype.type(1), x.dtype.type(EPS), x.dtype.type(width)
    for r in range(size):
        squares = zero
        for j in range(width):
            squares += x[r, j] * x[r, j]
        factor = one / np.sqrt(squares / count + eps)
        inverse[r] = factor
        for j in range(width):
            normal[r, j] = x[r, j] * factor
            y[r, j] = gain[j] * normal[r, j]


def rms_norm_backward(g, normal, inverse, gain, g_gain, g_shift):
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


RMS = NormForm(rms_norm, rms_norm_backward)


@register("norm", "rms", torch="RMSNorm", paper="Zhang & Sennrich 2019", compiled=RMS)
@dataclass
class RMSNorm(Norm):
    """gain x / sqrt(mean x^2 + 1e-5), over the units of each example; no bias"""

    parameters = (GAIN,)

    def forward(self, x, gain, *, mask, buffers, training):
        width = mask.sum()
        inverse = (x.square().sum(-1, keepdim=True) / width + EPS).sqrt().reciprocal()
        normal = x * inverse
        return normal * gain, (normal, inverse, gain, width)

    def gradient(self, saved, g):
        normal, inverse, gain, width = saved
        g_normal = g * gain
        along = (g_normal * normal).sum(-1, keepdim=True) / width
        return (g_normal - normal * along) * inverse, (g * normal).sum(1)

    def module(self, inputs, width):
        from torch import nn

        return nn.RMSNorm(width, eps=EPS)


def _average(running, newest):
    running.mul_(1 - MOMENTUM).add_(newest.detach().squeeze(1), alpha=MOMENTUM)
