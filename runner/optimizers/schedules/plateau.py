"""Reduce on plateau."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.config.registry import integer, number, register
from runner.config.timing import Begins
from runner.optimizers.schedules.base import Schedule


@register("scheduler", "plateau", torch="ReduceLROnPlateau", lecture="000:261")
@dataclass
class Plateau(Schedule):
    """lr <- factor lr when the monitored metric has not improved for more than `patience` epochs

    From the next epoch on, and not below min_factor times the first lr. The first epoch is the best so far; a better
    one is so by the share `threshold` of the best. Epochs of `cooldown` after a drop are not counted.
    """

    factor: float = number(0.1, above=0, lt=1, help="factor of each drop")
    patience: int = integer(5, ge=0, kind="column", help="epochs without improvement that are tolerated")
    threshold: float = number(1e-4, ge=0, help="relative improvement that counts")
    cooldown: int = integer(0, ge=0, kind="column", help="epochs of rest after a drop")
    min_factor: float = number(0.0, ge=0, lt=1, help="smallest multiple of lr")
    reactive = True

    def begins(self, epochs, steps):
        """The first epoch is the best so far; patience + 1 worse ones, and the next has the lower rate."""
        yield from super().begins(epochs, steps)
        yield Begins("patience", self.patience + 3, "the first drop of the rate")

    def idle(self, epochs):
        return self.patience + 3 > epochs

    def multiplier(self, t, total):
        return np.ones_like(t)

    def react(self, state: dict[str, Any], value: float, maximize: bool) -> dict[str, Any]:
        """The state after an epoch that ended with `value`; state["scale"] multiplies the rate. torch's rule, relative
        mode.
        """
        state = {"best": None, "bad": 0, "rest": 0, "scale": 1.0} | state
        best, bad, rest, scale = (state[name] for name in ("best", "bad", "rest", "scale"))
        if best is None or (value > best * (1 + self.threshold) if maximize else value < best * (1 - self.threshold)):
            best, bad = value, 0
        else:
            bad += 1
        if rest > 0:
            rest, bad = rest - 1, 0
        if bad > self.patience:
            scale, rest, bad = max(scale * self.factor, self.min_factor), self.cooldown, 0
        return {"best": best, "bad": bad, "rest": rest, "scale": scale}
