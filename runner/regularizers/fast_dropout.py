"""Dropout without sampling: what it does to mean and variance is carried through the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from runner.config.registry import number, register
from runner.regularizers.base import Moments


@register("regularizer", "fast_dropout", paper="Wang & Manning 2013", lecture="003:781")
@dataclass
class FastDropout(Moments):
    """h ~ (m, v) -> (m, (p m^2 + v)/(1-p)) on hidden layers while training: mean and variance of inverted dropout

    A linear layer passes on W m + b and W^2 v, relu the moments of the rectified normal number. The loss is the
    expected square (mse), or that of z/sqrt(1 + pi v/8) (cross_entropy). The trained network is the plain one.
    """

    p: float = number(
        0.0, ge=0, lt=1, per_layer=True, neutral=0.0, preset=0.5, help="rate of the dropout that it stands for"
    )
    needs: ClassVar[dict[str, Any]] = {"model.norm": "none", "model.activation": "relu"}

    def passed_on(self, mean, variance, p):
        return mean, (mean * mean * p + variance) / (1 - p)
