"""What a learning-rate schedule is: a pure function of time, times the optimizer's rate.

Every row has its own schedule; training asks for the rates of one epoch at a time and gets a table [M, steps]. Warm-up
comes first, up to the schedule's first rate, and moves every step; the schedule's own clock starts where it ends. The
size of the batch may scale the whole.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from runner.config.registry import choice, entries, integer, number
from runner.config.timing import Begins


@dataclass
class Schedule:
    """Keys every schedule has."""

    reactive: ClassVar[bool] = False  # changes with the monitored metric, at epoch ends
    end_key: ClassVar[str] = ""  # the key that may set `end`

    unit: str = choice("epochs", "epochs", "steps", kind="column", help="what t counts, from 0 after the warm-up")
    warmup: float = number(
        0.0,
        ge=0,
        kind="column",
        help="linear warm-up from 0, in `unit`s, before the schedule begins",
        lecture="000:259, 002:65",
    )

    batch_scaling: str = choice(
        "none",
        "none",
        "linear",
        "sqrt",
        kind="column",
        help="the rate times batch/reference_batch, or its root: an lr found at one batch size carries over to another "
        "(Goyal et al. 2017; Krizhevsky 2014)",
        lecture="002:66",
    )
    reference_batch: int = integer(32, ge=1, kind="column", help="examples a step for which lr is meant")

    def batch_factor(self, batch: int) -> float:
        """What the rate is multiplied by for steps of `batch` examples, from beginning to end."""
        ratio = batch / self.reference_batch
        return {"none": 1.0, "linear": ratio, "sqrt": ratio**0.5}[self.batch_scaling]

    def multiplier(self, t: np.ndarray, total: float) -> np.ndarray:
        """Multiplier of the rate at time t (in units, from 0, after the warm-up) of `total`."""
        raise TypeError(f"{type(self).__name__} must define multiplier")

    def end(self, total: float) -> float | None:
        """Time from which the rate has its last value, in a training of `total`; None if none was meant to be last."""
        return None

    def cycle_ends(self, epochs: int) -> list[int]:
        """The epochs, of a training of so many, after which a cycle has come to its end."""
        return []

    def times(self, total: float) -> Iterator[tuple[str, float, str, bool]]:
        """What comes at a time of the schedule's own clock: (key, time, what, only_then), as in `Begins`."""
        end = self.end(total)
        if end is not None:
            key = self.end_key if getattr(self, self.end_key or "unit") is not None else ""
            yield key, end - 1, "the end of the decay", False

    def begins(self, epochs: int, steps: int | None) -> Iterator[Begins]:
        """`times`, the end of the warm-up and what follows it, by epochs; nothing in steps if `steps` are not known."""
        unit = 1 if self.unit == "epochs" else steps
        if not unit:
            return
        if self.warmup:
            yield Begins("warmup", math.ceil(self.warmup / unit), "the end of the warm-up", only_then=False)
        for key, time, what, only_then in self.times(epochs * unit - self.warmup):
            yield Begins(key, int((self.warmup + time) // unit) + 1, what, only_then)

    def plain(self, epochs: int) -> Schedule:
        """The simplest schedule that gives every step of a training of `epochs` the same rate, to the last bit."""
        constant: Any = entries("scheduler")["constant"].cls
        shared = {f.name: getattr(self, f.name) for f in dataclasses.fields(constant)}
        if self.batch_scaling == "none":
            shared["reference_batch"] = constant.reference_batch
        return constant(**shared) if self.idle(epochs) else dataclasses.replace(self, **shared)

    def idle(self, epochs: int) -> bool:
        """Whether the multiplier is exactly 1 throughout a training of `epochs`; False where it is not certain."""
        if self.unit != "epochs":
            return False
        return bool((self.multiplier(np.arange(max(epochs, 1), dtype=np.float64), epochs - self.warmup) == 1).all())

    def warmup_steps(self, steps_per_epoch: int) -> int:
        """Length of the warm-up in steps."""
        return round(self.warmup * (steps_per_epoch if self.unit == "epochs" else 1))

    def factors(self, epoch: int, steps_per_epoch: int, epochs: int, many: int = 1) -> np.ndarray:
        """Multipliers [many * steps_per_epoch] for the steps of `many` epochs from one on (counted from 0):
        `multiplier`, times (s+1)/W in warm-up.
        """
        step = epoch * steps_per_epoch + np.arange(many * steps_per_epoch, dtype=np.float64)
        warm = self.warmup_steps(steps_per_epoch)
        unit = steps_per_epoch if self.unit == "epochs" else 1
        body = self.multiplier(np.maximum(step - warm, 0) // unit, (epochs * steps_per_epoch - warm) / unit)
        return body * np.minimum((step + 1) / max(warm, 1), 1)
