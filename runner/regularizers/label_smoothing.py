"""Label smoothing."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import TargetsForm
from runner.config.registry import number, register
from runner.regularizers.base import Targets


def label_smoothing(q, h):
    """q <- (1 - a) q + a/K"""
    kept, everywhere = q.dtype.type(1) - h[0], h[0] / q.dtype.type(q.shape[1])
    for r in range(q.shape[0]):
        for c in range(q.shape[1]):
            q[r, c] = q[r, c] * kept + everywhere


@register(
    "regularizer",
    "label_smoothing",
    torch="CrossEntropyLoss",
    paper="Szegedy et al. 2016",
    compiled=TargetsForm(label_smoothing),
)
@dataclass
class LabelSmoothing(Targets):
    """target = (1 - a) onehot + a/K"""

    amount: float = number(
        0.0, ge=0, lt=1, neutral=0.0, preset=0.1, help="share of the target spread evenly over the K classes"
    )

    def targets(self, q, classes, amount):
        return q * (1 - amount) + amount / classes
