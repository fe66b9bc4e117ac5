"""Schedules that follow a power of time: linear, polynomial, inverse square root."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import integer, number, register
from runner.optimizers.schedules.base import Schedule

END = "units to the end of the decay; null = to the end of training"


def share(t: np.ndarray, end: float) -> np.ndarray:
    """t/end, at most 1."""
    return np.minimum(t, end) / max(end, 1e-12)


@register(
    "scheduler",
    "linear",
    torch="LinearLR",
    paper="Goodfellow, Bengio & Courville 2016, equation 8.14",
    lecture="002:64, 003:1013, 004:77",
)
@dataclass
class Linear(Schedule):
    """lr (start_factor + (end_factor - start_factor) min(t/T, 1)), T = total_iters or all the training"""

    start_factor: float = number(1.0, above=0, le=1, help="multiple of lr at the beginning")
    end_factor: float = number(0.01, ge=0, le=1, lecture="003:1013", help="multiple of lr from T on")
    total_iters: int | None = integer(None, ge=1, optional=True, kind="column", help=END)
    end_key = "total_iters"

    def end(self, total):
        return self.total_iters or total

    def multiplier(self, t, total):
        return self.start_factor + (self.end_factor - self.start_factor) * share(t, self.end(total))


@register("scheduler", "polynomial", torch="PolynomialLR")
@dataclass
class Polynomial(Schedule):
    """lr (e + (1 - e) (1 - min(t/T, 1))^power), T = total_iters or all the training, e = end_factor"""

    power: float = number(2.0, above=0, help="1 is linear; more falls fast first, less falls fast last")
    end_factor: float = number(0.0, ge=0, le=1, help="multiple of lr from T on")
    total_iters: int | None = integer(None, ge=1, optional=True, kind="column", help=END)
    end_key = "total_iters"

    def end(self, total):
        return self.total_iters or total

    def multiplier(self, t, total):
        falling = (1 - share(t, self.end(total))) ** self.power
        return self.end_factor + (1 - self.end_factor) * falling


@register("scheduler", "inverse_sqrt", paper="Vaswani et al. 2017", lecture="002:64")
@dataclass
class InverseSqrt(Schedule):
    """lr sqrt(timescale/(timescale + t))

    With timescale = warmup it is the paper's: lr sqrt(warmup/s) after s units from the beginning of the warm-up.
    """

    timescale: float = number(10.0, above=0, help="units in which the rate falls to 0.71 lr")

    def multiplier(self, t, total):
        return np.sqrt(self.timescale / (self.timescale + t))
