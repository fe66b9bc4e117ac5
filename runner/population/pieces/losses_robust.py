"""Losses for numbers that do not square large errors."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.population.pieces.base import Loss


@register("loss", "mae", torch="L1Loss")
@dataclass
class MAE(Loss):
    """mean over outputs of |z - y|"""

    task = "regression"

    def forward(self, outputs, targets, head):
        return (outputs - targets).abs().sum(-1) / head.count

    def gradient(self, outputs, prepared, head, weight):
        error = outputs - prepared
        scaled = error.sign() * (weight / head.count)
        return error * scaled, scaled


@register("loss", "huber", torch="HuberLoss", paper="Huber 1964")
@dataclass
class Huber(Loss):
    """mean over outputs of e^2/2 where |e| <= delta, else delta (|e| - delta/2), e = z - y"""

    delta: float = number(1.0, above=0, kind="structural", help="error, of the scaled target, from which it is linear")
    task = "regression"

    def forward(self, outputs, targets, head):
        error = outputs - targets
        near = error.clamp(-self.delta, self.delta)
        return (near * (error - near / 2)).sum(-1) / head.count

    def gradient(self, outputs, prepared, head, weight):
        error = outputs - prepared
        near = error.clamp(-self.delta, self.delta)
        scaled = near * (weight / head.count)
        return scaled * (error - near / 2), scaled
