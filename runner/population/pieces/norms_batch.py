"""Normalization of each unit over the batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import NormForm
from runner.config.registry import register
from runner.population.pieces.base import Norm
from runner.population.pieces.declared import Buffer
from runner.population.pieces.norms import BIAS, GAIN, scaled


def batch_norm(x, y, gain, shift, mean, var, batches, training, h, normal, inverse):
    """y <- gain normal + shift, normal = (x - m) inverse, inverse = 1 / sqrt(v + eps) of each unit.

    m and v are the batch's in training, where they enter the running ones, else the running ones. `inverse` holds m,
    then v, on the way.
    """
    size, width = x.shape
    one, count = x.dtype.type(1), x.dtype.type(size)
    new, old, eps = h[0], h[1], h[2]
    if training and batches.shape[0] > 0:
        batches[0] += one
        new = one / batches[0]
        old = one - new
    for j in range(width):
        inverse[j] = 0
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
    for j in range(width):
        inverse[j] = 0
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


def batch_norm_backward(g, normal, inverse, gain, h, g_gain, g_shift):
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


BATCH = NormForm(batch_norm, batch_norm_backward, ("momentum", "1-momentum", "eps"))
BATCHES = Buffer("num_batches_tracked", (), count=True)
NO_BATCHES = {BATCHES.exported: 0}  # what torch's module holds where nothing counts them


@register(
    "norm",
    "batch",
    torch="BatchNorm1d",
    paper="Ioffe & Szegedy 2015",
    lecture="000:122, 000:149, 003:1154",
    compiled=BATCH,
)
@dataclass
class BatchNorm(Norm):
    """gain (x - mean_B) / sqrt(var_B + eps) + bias; running averages (unbiased variance) in evaluation

    The averages are (1 - momentum) old + momentum new; without a momentum, the mean over all batches so far. With
    norm_statistics=all they are E[mean_B] and E[B/(B-1) var_B] over all training batches, by the present weights (the
    paper's algorithm 2).
    """

    parameters = (GAIN, BIAS)
    buffers = (Buffer("running_mean", start=0.0), Buffer("running_var", start=1.0))
    constants = NO_BATCHES
    needs_batch = True
    uses = ("momentum", "eps", "affine", "statistics")

    def with_keys(self, keys):
        other = super().with_keys(keys)
        if keys.cumulative:
            other.buffers, other.constants = (*self.buffers, BATCHES), {}
        return other

    def forward(self, x, gain=None, bias=None, *, mask, buffers, training):
        if training:
            mean = x.mean(1, keepdim=True)
            centered = x - mean
            var = centered.square().mean(1, keepdim=True)
            unbiased = var * (x.shape[1] / (x.shape[1] - 1))
            self._average(buffers, {"running_mean": mean, "running_var": unbiased})
        else:
            centered = x - buffers["running_mean"].unsqueeze(1)
            var = buffers["running_var"].unsqueeze(1)
        inverse = (var + self.keys.eps).sqrt().reciprocal()
        normal = centered * inverse
        return scaled(normal, gain, bias), (normal, inverse, gain)

    def _average(self, buffers, newest):
        """Let the statistics of a batch enter the running ones: with 1/n, n the number of batches, or `momentum`."""
        share = self.keys.momentum
        if self.keys.cumulative:
            share = 1 / buffers[BATCHES.name].add_(1)
        for name, found in newest.items():
            found = found.detach().squeeze(1)
            if self.keys.cumulative:
                buffers[name].mul_(1 - share).add_(found * share)
            else:
                buffers[name].mul_(1 - share).add_(found, alpha=share)

    def gradient(self, saved, g):
        normal, inverse, gain = saved
        g_gain, g_bias = (g * normal).sum(1), g.sum(1)
        count = g.shape[1]
        centered = g - (g_bias / count).unsqueeze(1) - normal * (g_gain / count).unsqueeze(1)
        return centered * (inverse if gain is None else inverse * gain), *(g_gain, g_bias)[: len(self.parameters)]

    def module(self, inputs, width):
        from torch import nn

        keys = self.keys
        momentum = None if keys.cumulative else keys.momentum
        return nn.BatchNorm1d(width, eps=keys.eps, momentum=momentum, affine=keys.affine)
