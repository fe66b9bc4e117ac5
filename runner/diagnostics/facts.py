"""What a verdict goes by: the facts of a run that has ended, and the errors that are made of its metrics.

Errors are shares of what the best constant answer makes, in the measure that can tell something: R^2 for numbers,
accuracy for classes; balanced accuracy where the classes are weighted in the loss; and the loss itself, compared with
that of guessing by the classes' shares, where one class has nearly all rows and accuracy is that of always saying it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runner.config.settings import Settings
from runner.config.tasks import MULTITASK

BIAS = 0.2  # training error that is large, as a share of the constant answer's
VARIANCE = 0.05  # gap that is large, as a share of it
STANDARD_ERRORS = 2.0
RARE = 0.8  # share of the most frequent class from which accuracy says little
FEW = 10  # rows of a regression that tell nothing
OPEN = 0.2  # width of the interval of an accuracy that is worth saying
EXPLAINED = 0.01  # share of the loss of a guess that is worth saying

StandardError = Callable[[float, int], float]  # of an error that was measured on so many rows


@dataclass(frozen=True)
class Facts:
    """A run that has ended. `kept` and `last` are metrics, "<split>/<name>", at the epoch that is kept (of the test
    split too) and at the last.
    """

    settings: Settings
    task: str
    status: str
    kept: Mapping[str, Any]
    last: Mapping[str, Any]
    kept_epoch: float  # whole, unless it is evaluated within epochs
    best_epoch: float
    last_epoch: float
    watched: bool = True  # whether the monitored metric was ever a number
    rows: Mapping[str, int] = field(default_factory=dict)  # by split
    counts: Mapping[str, Sequence[int]] = field(default_factory=dict)  # rows of each class, by split
    guess: float | None = None  # the loss of guessing by the classes' shares; None if not known or not comparable

    def value(self, name: str, of: Mapping[str, Any] | None = None) -> float | None:
        """A metric, by default at the kept epoch; None unless it is a finite number."""
        found = (self.kept if of is None else of).get(name)
        return float(found) if found is not None and math.isfinite(found) else None

    @property
    def measured(self) -> int:
        """The training rows on which train/* is measured."""
        return min(self.settings.trainer.train_eval_rows, self.rows.get("train", 0))

    @property
    def sampled(self) -> bool:
        """Whether these are a sample of the training rows."""
        return self.measured < self.rows.get("train", 0)

    @property
    def weighted(self) -> bool:
        """Whether classes differ in how much they count in the loss."""
        return self.settings.dataset.class_weights is not None

    @property
    def majority(self) -> float:
        """The share of the most frequent class of the training rows."""
        return max(self.counts["train"]) / sum(self.counts["train"])

    @property
    def score(self) -> str:
        """The metric of how many answers are right."""
        return "r2" if self.task == "regression" else "accuracy"

    @property
    def improving(self) -> bool:
        """Whether training went to its end, and one of the last tenth of its epochs was the best."""
        recent = self.last_epoch - max(1, self.last_epoch // 10)
        return self.watched and self.last_epoch == self.settings.trainer.epochs and self.best_epoch > recent

    @cached_property
    def errors(self) -> Errors | None:
        """The errors in the measure that tells something; None if the training rows have none, or several targets have
        a measure each.
        """
        if self.task == MULTITASK:
            return None
        if self.task == "regression":
            return self._of("r2", "R^2", 1.0, "always the mean", _noise_of_squares)
        if self.weighted and self.value("train/balanced_accuracy") is not None:
            guess = 1 - 1 / sum(n > 0 for n in self.counts["train"])
            return self._of("balanced_accuracy", "balanced accuracy", guess, "always one class", self._noise_of_classes)
        usual = self._of("accuracy", "accuracy", 1 - self.majority, "always the most frequent class", _noise_of_shares)
        blind = usual and self.majority > RARE and usual.train > BIAS * usual.constant
        return self._of_loss() if blind and self.guess and not self.weighted else usual

    def _of(self, metric: str, name: str, constant: float, meaning: str, noise: StandardError) -> Errors | None:
        train, val = self.value(f"train/{metric}"), self.value(f"val/{metric}")
        if train is None:
            return None
        held_out = None if val is None or not self.rows.get("val") else 1 - val
        spread = 0.0 if held_out is None else noise(held_out, self.rows["val"])
        if self.sampled:
            n = self.measured  # of shares, as if two of four more rows were wrong (Agresti & Coull 1998): 0 says little
            spread = math.hypot(spread, noise(1 - train if metric == "r2" else (n * (1 - train) + 2) / (n + 4), n))
        return Errors(name, self._without_noise(1 - train), held_out, constant, spread, (train, val), meaning)

    def _of_loss(self) -> Errors | None:
        """Shares of the loss of a guess. What the rare classes add to the loss is most of it, and of its error."""
        train, val = self.value("train/loss"), self.value("val/loss")
        if train is None or not self.guess:
            return None
        rare = max(sum(self.counts.get("val", ())) - max(self.counts.get("val", (0,))), 1)
        held_out = None if val is None or not self.rows.get("val") else val / self.guess
        spread = 0.0 if held_out is None else _noise_of_squares(held_out, rare)
        if self.sampled:
            spread = math.hypot(
                spread, _noise_of_squares(train / self.guess, max((1 - self.majority) * self.measured, 1))
            )
        meaning = "guessing by the classes' shares"
        return Errors("loss", train / self.guess, held_out, 1.0, spread, (train, val), meaning, self.guess)

    def _without_noise(self, error: float) -> float:
        """The error on right labels, from the one on labels of which a share s became another class each:

        error = s + e (1 - s - s / (C - 1)). Below s, some of the wrong ones have been learned by heart.
        """
        s = self.settings.dataset.label_noise
        if not s or self.task == "regression":
            return error
        kept = 1 - s - s / (len(self.counts["train"]) - 1)
        return max(error - s, 0.0) / kept if kept > 0.05 else error

    def _noise_of_classes(self, error: float, rows: int) -> float:
        """Standard error of the mean of the classes' shares, each of the rows of its class."""
        counts = self.counts.get("val", ())
        own = [rows * n / sum(counts) for n in counts if n]
        return _noise_of_shares(error, len(own) ** 2 / sum(1 / n for n in own)) if own else 0.0


@dataclass(frozen=True)
class Errors:
    """Errors of one run and of the best constant answer, all in one measure."""

    name: str  # accuracy | balanced accuracy | R^2 | loss, as which they are shown
    train: float
    val: float | None
    constant: float
    noise: float  # standard error of `val`, and of `train` where it is that of a sample
    shown: tuple[float, float | None]  # train and val, as measured
    meaning: str  # of the constant answer
    guess: float | None = None  # what the constant answer reaches, if it is not 1 - constant

    @property
    def gap(self) -> float:
        return 0.0 if self.val is None else self.val - self.train


def _noise_of_shares(error: float, rows: float) -> float:
    return math.sqrt(max(error * (1 - error), 0.0) / rows)


def _noise_of_squares(error: float, rows: float) -> float:
    """Standard error of a mean square of normal errors."""
    return abs(error) * math.sqrt(2 / rows)
