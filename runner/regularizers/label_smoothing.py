"""Label smoothing."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.regularizers.base import Targets


@register("regularizer", "label_smoothing", torch="CrossEntropyLoss", paper="Szegedy et al. 2016")
@dataclass
class LabelSmoothing(Targets):
    """target = (1 - a) onehot + a/K"""

    amount: float = number(
        0.0, ge=0, lt=1, neutral=0.0, preset=0.1, help="share of the target spread evenly over the K classes"
    )

    def targets(self, q, classes, amount):
        return q * (1 - amount) + amount / classes
