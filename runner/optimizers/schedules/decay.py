"""Schedules that are known in advance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import integer, number, register
from runner.optimizers.schedules.base import Schedule


@register("scheduler", "constant", torch="ConstantLR", lecture="000:255")
@dataclass
class Constant(Schedule):
    """lr"""

    def multiplier(self, t, total):
        return np.ones_like(t)


@register("scheduler", "step", torch="StepLR", lecture="000:256, 002:62")
@dataclass
class Step(Schedule):
    """lr gamma^floor(t / step_size)"""

    step_size: int = integer(30, ge=1, kind="column", help="units between two drops")
    gamma: float = number(0.1, above=0, le=1, help="factor of each drop")

    def times(self, total):
        yield "step_size", self.step_size, "the first drop of the rate", True

    def multiplier(self, t, total):
        return self.gamma ** (t // self.step_size)


@register("scheduler", "cosine", torch="CosineAnnealingLR", paper="Loshchilov & Hutter 2017", lecture="000:258, 002:63")
@dataclass
class Cosine(Schedule):
    """lr (floor + (1 - floor) (1 + cos(pi min(t/T, 1)))/2), T = t_max or all the training"""

    t_max: int | None = integer(
        None, ge=1, optional=True, kind="column", help="units to the floor; null = to the end of training"
    )
    floor: float = number(0.0, ge=0, le=1, help="smallest multiple of lr (torch: eta_min / lr)")
    end_key = "t_max"

    def end(self, total):
        return self.t_max or total

    def multiplier(self, t, total):
        end = self.end(total)
        return self.floor + (1 - self.floor) * (1 + np.cos(np.pi * np.minimum(t, end) / max(end, 1e-12))) / 2
