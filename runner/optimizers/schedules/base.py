"""What a learning-rate schedule is: a pure function of time, times the optimizer's rate.

Every row has its own schedule; training asks for the rates of one epoch at a time and gets a table [M, steps]. Warm-up
comes first, up to the schedule's first rate, and moves every step; the schedule's own clock starts where it ends. The
size of the batch may scale the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runner.config.registry import choice, integer, number


@dataclass
class Schedule:
    """Keys every schedule has."""

    reactive: ClassVar[bool] = False  # changes with the monitored metric, at epoch ends

    unit: str = choice("epochs", "epochs", "steps", kind="column", help="what the schedule counts")
    warmup: float = number(
        0.0, ge=0, kind="column", help="linear warm-up from 0, in `unit`s, before the schedule begins"
    )

    batch_scaling: str = choice(
        "none",
        "none",
        "linear",
        "sqrt",
        kind="column",
        help="the rate times batch/reference_batch, or its root: an lr found at one batch size carries over to another "
        "(Goyal et al. 2017; Krizhevsky 2014)",
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

    def warmup_steps(self, steps_per_epoch: int) -> int:
        """Length of the warm-up in steps."""
        return round(self.warmup * (steps_per_epoch if self.unit == "epochs" else 1))

    def factors(self, epoch: int, steps_per_epoch: int, epochs: int) -> np.ndarray:
        """Multipliers [steps_per_epoch] for the steps of one epoch (from 0): `multiplier`, times (s+1)/W in warm-up."""
        step = epoch * steps_per_epoch + np.arange(steps_per_epoch, dtype=np.float64)
        warm = self.warmup_steps(steps_per_epoch)
        unit = steps_per_epoch if self.unit == "epochs" else 1
        body = self.multiplier(np.maximum(step - warm, 0) // unit, (epochs * steps_per_epoch - warm) / unit)
        return body * np.minimum((step + 1) / max(warm, 1), 1)
