"""Data losses, per example."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import LossForm
from runner.compiled.maths import exp
from runner.config.registry import register
from runner.population.pieces.base import Loss


@register("loss", "auto")
@dataclass
class Auto:
    """cross_entropy for classes, mse for numbers, for each of several targets"""


def cross_entropy(outputs, q, w, h, g, losses):
    """losses <- -sum_c q_c log p_c; g <- w (p - q), p = softmax"""
    zero, powers = outputs.dtype.type(0), g.reshape(-1)
    for r in range(outputs.shape[0]):
        top, along = outputs[r, 0], zero
        for j in range(1, outputs.shape[1]):
            top = outputs[r, j] if outputs[r, j] > top else top
        for j in range(outputs.shape[1]):
            g[r, j] = outputs[r, j] - top
            along += q[r, j] * g[r, j]
        losses[r] = -along
    for i in range(powers.shape[0]):  # of all rows at once: few classes make short loops
        powers[i] = exp(powers[i])
    for r in range(outputs.shape[0]):
        total, of_q = zero, zero
        for j in range(outputs.shape[1]):
            total += g[r, j]
            of_q += q[r, j]
        losses[r] += of_q * np.log(total)
        scale = of_q / total
        for j in range(outputs.shape[1]):
            g[r, j] = w[r] * (g[r, j] * scale - q[r, j])


@register("loss", "cross_entropy", torch="CrossEntropyLoss", lecture="000:39", compiled=LossForm(cross_entropy))
@dataclass
class CrossEntropy(Loss):
    """-sum_c q_c log softmax(z)_c"""

    def forward(self, outputs, targets, head):
        return -(targets * self._log_softmax(outputs, head)).sum(-1)

    def of_guessing(self, shares):
        """The entropy -sum_c s_c log s_c."""
        return -math.fsum(s * math.log(s) for s in shares if s)

    def prepare(self, targets, weight):
        return targets * -weight

    def gradient(self, outputs, prepared, head, weight):
        """-w q log p and w (p - q), as the backward pass of log softmax for the prepared -w q."""
        import torch

        logp = self._log_softmax(outputs, head)
        return prepared * logp, torch._log_softmax_backward_data(prepared, logp, -1, logp.dtype)

    def expected(self, mean, variance, prepared, head, weight):
        """That of z/sqrt(1 + pi v/8): nearly the expected sigmoid of two classes (MacKay 1992; Wang & Manning 2013)."""
        return prepared * self._log_softmax(mean / (1 + math.pi / 8 * variance).sqrt(), head)

    @staticmethod
    def _log_softmax(outputs, head):
        return (outputs + head.offset).log_softmax(-1)


def mse(outputs, q, w, h, g, losses):
    """losses <- the mean over outputs of (z - y)^2; g <- w 2 (z - y) / C"""
    zero, count = outputs.dtype.type(0), outputs.dtype.type(outputs.shape[1])
    for r in range(outputs.shape[0]):
        total, scale = zero, w[r] / count
        for j in range(outputs.shape[1]):
            error = outputs[r, j] - q[r, j]
            total += error * error
            g[r, j] = scale * (error + error)
        losses[r] = total / count


@register("loss", "mse", torch="MSELoss", lecture="000:33", compiled=LossForm(mse))
@dataclass
class MSE(Loss):
    """mean over outputs of (z - y)^2"""

    task = "regression"

    def forward(self, outputs, targets, head):
        return ((outputs - targets).square() / head.divisor).sum(-1)

    def gradient(self, outputs, prepared, head, weight):
        error = outputs - prepared
        scaled = error * (weight / head.divisor)
        return error * scaled, scaled * 2

    def expected(self, mean, variance, prepared, head, weight):
        """(m - y)^2 + v"""
        return ((mean - prepared).square() + variance) * (weight / head.divisor)
