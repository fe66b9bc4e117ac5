"""Normalization layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runner.config.registry import register
from runner.population.pieces.base import Norm
from runner.population.pieces.declared import Buffer, Parameter

EPS = 1e-5  # torch's default
MOMENTUM = 0.1  # weight of the newest batch in the running averages, torch's default
GAIN, BIAS = Parameter("gain", start=1.0, torch="weight"), Parameter("shift", torch="bias")


@register("norm", "batch", torch="BatchNorm1d", paper="Ioffe & Szegedy 2015")
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


@register("norm", "layer", torch="LayerNorm", paper="Ba, Kiros & Hinton 2016")
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


@register("norm", "rms", torch="RMSNorm", paper="Zhang & Sennrich 2019")
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
