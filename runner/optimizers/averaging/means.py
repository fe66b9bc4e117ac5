"""Weights that are averaged over training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import number, register
from runner.config.timing import Begins
from runner.optimizers.averaging.base import Averaging


@register("averaging", "none")
@dataclass
class NoAveraging(Averaging):
    """the weights as they are"""

    active = False

    def weights(self, epoch, steps_per_epoch, epochs):
        return np.ones(steps_per_epoch)


@register(
    "averaging", "ema", torch="swa_utils.get_ema_multi_avg_fn", paper="Polyak & Juditsky 1992; Tarvainen & Valpola 2017"
)
@dataclass
class EMA(Averaging):
    """avg <- decay avg + (1-decay) w after every step; the first step starts it at w"""

    decay: float = number(0.99, ge=0, lt=1, help="memory: the mean reaches back about 1/(1-decay) steps")

    def idle(self, epochs):
        return self.decay == 0

    def weights(self, epoch, steps_per_epoch, epochs):
        c = np.full(steps_per_epoch, 1 - self.decay)
        if epoch == 0:
            c[0] = 1.0
        return c


@register("averaging", "swa", torch="swa_utils.AveragedModel", paper="Izmailov et al. 2018")
@dataclass
class SWA(Averaging):
    """avg <- avg + (w - avg)/(n+1) at the end of each epoch from `start` on, n epochs averaged so far

    Before `start` the average is the weights themselves. Torch recomputes running statistics by a pass over the data
    (`update_bn`); here they are averaged with the weights.
    """

    start: float = number(0.75, ge=0, le=1, help="share of trainer.epochs after which averaging begins")

    def first(self, epochs: int) -> int:
        """The first epoch (from 0) that enters the average."""
        return min(int(self.start * epochs), epochs - 1)

    def begins(self, epochs, steps):
        """In its first epoch the average is that epoch's weights."""
        yield Begins("start", self.first(epochs) + 2, "the first mean over epochs")

    def idle(self, epochs):
        return self.first(epochs) + 2 > epochs

    def weights(self, epoch, steps_per_epoch, epochs):
        first = self.first(epochs)
        if epoch < first:
            return np.ones(steps_per_epoch)
        c = np.zeros(steps_per_epoch)
        c[-1] = 1 / (epoch - first + 1)
        return c
