"""Cosine cycles: restarts, and one cycle up and down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import choice, integer, number, register
from runner.optimizers.schedules.base import Schedule


def half_wave(start, end, share: np.ndarray) -> np.ndarray:
    """From start to end along half a cosine as share goes from 0 to 1, and no further."""
    return end + (start - end) * (1 + np.cos(np.pi * np.clip(share, 0, 1))) / 2


@register("scheduler", "cosine_restarts", torch="CosineAnnealingWarmRestarts", paper="Loshchilov & Hutter 2017")
@dataclass
class CosineRestarts(Schedule):
    """lr (floor + (1 - floor) (1 + cos(pi u/T_i))/2), u the time since the last restart, T_i = t_0 t_mult^i"""

    t_0: int = integer(10, ge=1, kind="column", help="units of the first cycle")
    t_mult: int = integer(2, ge=1, kind="column", help="how many times longer each cycle is than the one before")
    floor: float = number(0.0, ge=0, le=1, help="smallest multiple of lr (torch: eta_min / lr)")

    def end(self, total):
        return total

    def cycle_ends(self, epochs):
        if self.unit != "epochs" or self.warmup != int(self.warmup):
            return []
        found, end, length = [], int(self.warmup), self.t_0
        while end + length <= epochs:
            end, length = end + length, length * self.t_mult
            found.append(end)
        return found

    def times(self, total):
        yield "t_0", self.t_0, "the first restart", False

    def multiplier(self, t, total):
        since, length = self._cycle(t)
        return half_wave(1.0, self.floor, since / length)

    def _cycle(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(time since the last restart, length of the cycle)."""
        if self.t_mult == 1:
            return t % self.t_0, np.full_like(t, self.t_0)
        starts, lengths = [0], [self.t_0]
        while starts[-1] + lengths[-1] <= t.max():
            starts.append(starts[-1] + lengths[-1])
            lengths.append(lengths[-1] * self.t_mult)
        cycle = np.searchsorted(starts, t, side="right") - 1
        return t - np.array(starts)[cycle], np.array(lengths)[cycle]


@register("scheduler", "onecycle", torch="OneCycleLR", paper="Smith & Topin 2019")
@dataclass
class OneCycle(Schedule):
    """lr/div_factor -> lr -> lr/(div_factor final_div_factor) along half cosines

    The first is over at t = pct_start T - 1, the second at T - 1, the last of all the training.
    """

    unit: str = choice("steps", "epochs", "steps", kind="column", help="what t counts, from 0 after the warm-up")
    pct_start: float = number(0.3, ge=0, le=1, help="share of the training in which the rate rises")
    div_factor: float = number(25.0, ge=1, help="lr divided by the rate at the beginning")
    final_div_factor: float = number(1e4, ge=1, help="rate at the beginning divided by the rate at the end")

    def end(self, total):
        return total

    def multiplier(self, t, total):
        peak, start = self.pct_start * total - 1, 1 / self.div_factor  # as torch: the last step of a phase ends it
        rising = half_wave(start, 1.0, np.clip(t / max(peak, 1e-12), 0, 1))
        falling = half_wave(
            1.0, start / self.final_div_factor, np.clip((t - peak) / max(total - 1 - peak, 1e-12), 0, 1)
        )
        return np.where(t <= peak, rising, falling)
