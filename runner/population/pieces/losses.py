"""Data losses, per example."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Loss


@register("loss", "auto")
@dataclass
class Auto:
    """cross_entropy for classes, mse for numbers"""


@register("loss", "cross_entropy", torch="CrossEntropyLoss")
@dataclass
class CrossEntropy(Loss):
    """-sum_c q_c log softmax(z)_c"""

    def forward(self, outputs, targets, mask):
        return -(targets * outputs.masked_fill(mask == 0, -1e30).log_softmax(-1)).sum(-1)

    def gradient(self, outputs, targets, mask):
        logp = outputs.masked_fill(mask == 0, -1e30).log_softmax(-1)
        return -(targets * logp).sum(-1), logp.exp() - targets


@register("loss", "mse", torch="MSELoss")
@dataclass
class MSE(Loss):
    """mean over outputs of (z - y)^2"""

    task = "regression"

    def forward(self, outputs, targets, mask):
        return (outputs - targets).square().sum(-1) / mask.sum()

    def gradient(self, outputs, targets, mask):
        error = outputs - targets
        return error.square().sum(-1) / mask.sum(), error * (2 / mask.sum())
