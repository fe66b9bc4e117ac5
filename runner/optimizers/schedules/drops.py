"""Schedules that multiply the rate by a factor: at given times, or every unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import integers, number, register
from runner.optimizers.schedules.base import Schedule


@register("scheduler", "multistep", torch="MultiStepLR", lecture="000:256, 002:62")
@dataclass
class Multistep(Schedule):
    """lr gamma^(number of milestones <= t)"""

    milestones: list[int] = integers([50, 75], ge=0, kind="column", help="units after which the rate drops")
    gamma: float = number(0.1, above=0, le=1, help="factor of each drop")

    def end(self, total):
        return max(self.milestones, default=0)

    def times(self, total):
        for i, milestone in enumerate(sorted(self.milestones)):
            yield "milestones", milestone, f"the drop of the rate at {milestone}", i == 0

    def multiplier(self, t, total):
        return self.gamma ** np.searchsorted(sorted(self.milestones), t, side="right")


@register("scheduler", "exponential", torch="ExponentialLR", lecture="000:257")
@dataclass
class Exponential(Schedule):
    """lr gamma^t"""

    gamma: float = number(0.95, above=0, le=1, help="factor of each unit")

    def times(self, total):
        yield "", 1, "the first drop of the rate", True

    def multiplier(self, t, total):
        return self.gamma**t
