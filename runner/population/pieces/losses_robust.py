"""Losses for numbers that do not square large errors."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import LossForm
from runner.config.registry import number, register
from runner.population.pieces.base import Loss


def mae(outputs, q, w, h, g, losses):
    """losses <- the mean over outputs of |z - y|; g <- w sign(z - y) / C, 0 where that is not a number (as torch)"""
    zero, count = outputs.dtype.type(0), outputs.dtype.type(outputs.shape[1])
    for r in range(outputs.shape[0]):
        total, scale = zero, w[r] / count
        for j in range(outputs.shape[1]):
            error = outputs[r, j] - q[r, j]
            total += abs(error)
            g[r, j] = scale if error > 0 else (-scale if error < 0 else zero)
        losses[r] = total / count


@register("loss", "mae", torch="L1Loss", compiled=LossForm(mae))
@dataclass
class MAE(Loss):
    """mean over outputs of |z - y|"""

    task = "regression"

    def forward(self, outputs, targets, head):
        return ((outputs - targets).abs() / head.divisor).sum(-1)

    def gradient(self, outputs, prepared, head, weight):
        error = outputs - prepared
        scaled = error.sign() * (weight / head.divisor)
        return error * scaled, scaled


def huber(outputs, q, w, h, g, losses):
    """losses <- the mean over outputs of n (e - n/2), n = e = z - y between -delta and delta; g <- w n / C"""
    zero, half, count = outputs.dtype.type(0), outputs.dtype.type(0.5), outputs.dtype.type(outputs.shape[1])
    delta = h[0]
    for r in range(outputs.shape[0]):
        total, scale = zero, w[r] / count
        for j in range(outputs.shape[1]):
            error = outputs[r, j] - q[r, j]
            near = delta if error > delta else (-delta if error < -delta else error)
            total += near * (error - half * near)
            g[r, j] = scale * near
        losses[r] = total / count


@register("loss", "huber", torch="HuberLoss", paper="Huber 1964", compiled=LossForm(huber, ("delta",)))
@dataclass
class Huber(Loss):
    """mean over outputs of e^2/2 where |e| <= delta, else delta (|e| - delta/2), e = z - y"""

    delta: float = number(1.0, above=0, kind="structural", help="error, of the scaled target, from which it is linear")
    task = "regression"

    def forward(self, outputs, targets, head):
        error = outputs - targets
        near = error.clamp(-self.delta, self.delta)
        return (near * (error - near / 2) / head.divisor).sum(-1)

    def gradient(self, outputs, prepared, head, weight):
        error = outputs - prepared
        near = error.clamp(-self.delta, self.delta)
        scaled = near * (weight / head.divisor)
        return scaled * (error - near / 2), scaled
