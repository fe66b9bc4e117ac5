"""Early stopping of one run: which epoch was best, and whether to continue."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.training.settings import EarlyStopping


@dataclass
class Stopping:
    """State of one run's early stopping; plain numbers, stored in the checkpoint as they are."""

    best: float | None = None
    best_epoch: float = 0  # whole, unless it is evaluated within epochs
    waited: int = 0  # evaluations since the last improvement

    def update(self, rule: EarlyStopping, epoch: float, value: float | None) -> bool:
        """Take in the monitored value after `epoch`; True if it is the best so far.

        An epoch is better when it improves by more than min_delta (Prechelt 1998; Keras' EarlyStopping). Without a
        value (no validation data and nothing to stop on) and before `warmup` epochs (Keras' start_from_epoch) the last
        epoch counts as best.
        """
        if value is None or epoch < rule.warmup:
            self.best_epoch = epoch
            return True
        sign = 1 if rule.maximize else -1
        better = self.best is None or sign * (value - self.best) > rule.min_delta
        if self.best is None and not math.isfinite(value):
            self.best_epoch, self.waited = epoch, self.waited + 1  # nothing to compare with yet: the last epoch counts
            return True
        if math.isfinite(value) and better:
            self.best, self.best_epoch, self.waited = value, epoch, 0
            return True
        self.waited += 1
        return False

    def exhausted(self, rule: EarlyStopping) -> bool:
        """Whether `patience` evaluations in a row brought no improvement (patience 0 stops at the first)."""
        return rule.patience is not None and self.waited >= max(rule.patience, 1)
