"""The median rule: a trial that does worse than the median of the others at the same epoch ends where it stands.

Golovin et al. 2017 (Vizier), section 3.2.2; the names and defaults are those of Optuna's MedianPruner, which compares
with trials that have ended. Here trials train side by side, so that one is compared with all that have come as far,
which makes the same command give the same trials whatever the number of workers.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from runner.records.names import plural
from runner.search.base import Round, Search, Standing

FEW = 3  # epochs that are written out


@dataclass(frozen=True)
class Median:
    """Trials of `total` epochs are compared after `warmup` epochs (if any), and then after every `every`.

    The value of a trial is its best so far (early_stopping.restore_best), the mean over its seeds and folds. Nobody is
    compared with fewer than `startup` others that have come as far. Of trials that are compared at the same epoch about
    half end, until there are too few.
    """

    objectives: Sequence[str]
    maximize: bool
    total: int
    every: int
    warmup: int
    startup: int
    inner: Search | None = None  # where new trials come from, when all have ended

    def next(self, trials: Sequence[Standing]) -> Round | None:
        """Those that end at the comparison to which all have come, and the epoch of the next."""
        going = [i for i, each in enumerate(trials) if not each.ended]
        if not going:
            return self.inner.next(trials) if self.inner else None
        at = min(trials[i].epochs for i in going)
        pruned = frozenset(
            i for i in going if self.is_checked(at) and trials[i].epochs == at and self.worse(i, at, trials)
        )
        epoch = next((e for e in range(at + 1, self.total) if self.is_checked(e)), None)
        until = {i: max(epoch or 0, trials[i].epochs) for i in going if i not in pruned} if epoch else {}
        goal = f"epoch {epoch}" if epoch else "the end"
        return Round(until=until, pruned=pruned, said=f"{plural(len(going) - len(pruned), 'setting')} to {goal}")

    def share(self, count: int) -> float:
        """All: how many end early is not known beforehand."""
        return 1.0

    def plan(self, count: int) -> list[str]:
        """What is going to happen to so many trials."""
        epochs = [epoch for epoch in range(1, self.total) if self.is_checked(epoch)]
        shown = ", ".join(map(str, epochs[:FEW])) + (", ..." if epochs[FEW:] else "")
        few = (
            f", of which there must be {self.startup}"
            if count > self.startup
            else f": too few, as {self.startup} others are needed"
        )
        return [f"after epoch {shown} a setting ends that is worse than the median of the others{few}"]

    def is_checked(self, epoch: int) -> bool:
        """Whether trials are compared after an epoch."""
        return epoch >= max(self.warmup, 1) and (epoch - self.warmup) % self.every == 0

    def worse(self, trial: int, epoch: int, trials: Sequence[Standing]) -> bool:
        """Whether a trial is worse than the median of the others that have come to an epoch, or has no value."""
        sign = -1 if self.maximize else 1
        mine = trials[trial].after(epoch)
        others = [each.after(epoch) for i, each in enumerate(trials) if i != trial and reached(each, epoch)]
        values = [sign * value for value in others if value is not None]
        if len(values) < self.startup:
            return False
        return mine is None or sign * mine > statistics.median(values)


def reached(trial: Standing, epoch: int) -> bool:
    """Whether a trial has trained to an epoch, or to an end of its own before."""
    return not trial.pruned or len(trial.curve) > epoch
