"""The rungs of successive halving: after which epochs trials are compared, and how many go on from each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.records.names import plural


@dataclass(frozen=True)
class Rungs:
    """A bracket of successive halving: `epochs` of its rungs, in order; `trials` that train to each, and to the end.

    Of the trials of a rung the best 1 / eta go on, at least one (Karnin 2013; Jamieson & Talwalkar 2016).
    """

    epochs: tuple[int, ...]
    trials: tuple[int, ...]  # one more than there are rungs: the last train to their ends

    @staticmethod
    def of(count: int, total: int, eta: int, first: int | None) -> Rungs:
        """Those of so many trials of `total` epochs, from a rung after `first` epochs on, each eta times as far as the
        one before. `first` None: as early as leaves one trial, or fewer than eta, to train to the end.
        """
        if first is None:
            first = max(round(total / eta ** whole_log(count, eta)), 1)
        epochs, trials = [], [count]
        while first < total and trials[-1] > 1:
            epochs.append(first)
            trials.append(max(trials[-1] // eta, 1))
            first *= eta
        return Rungs(tuple(epochs), tuple(trials))

    def words(self, total: int) -> str:
        """How far its trials train: "9 settings to epoch 1, the best 3 to epoch 3, the best 1 to the end (epoch 9)"."""
        first, *others = self.trials
        goal, *further = [*(f"epoch {epoch}" for epoch in self.epochs), f"the end (epoch {total})"]
        steps = [f"the best {n:,} to {each}" for n, each in zip(others, further, strict=True)]
        return ", ".join([f"{plural(first, 'setting')} to {goal}", *steps])

    def cost(self, total: int) -> int:
        """Epochs that its trials make if none ends early: each continues from rung to rung."""
        ends = [*self.epochs, total]
        return sum(n * (end - begin) for n, begin, end in zip(self.trials, [0, *ends], ends, strict=False))


def whole_log(value: float, base: int) -> int:
    """The largest k with base^k <= value, for value >= 1; exact where a logarithm is not."""
    k = 0
    while base ** (k + 1) <= value:
        k += 1
    return k


def brackets(total: int, eta: int, first: int) -> list[tuple[int, int]]:
    """Hyperband's (number of trials, epochs of the first rung), from the bracket that stops the earliest to that which
    stops none (Li et al. 2018, algorithm 1): s = s_max ... 0 has ceil((s_max + 1) / (s + 1) eta^s) trials.
    """
    most = whole_log(total / first, eta)
    return [(math.ceil((most + 1) * eta**s / (s + 1)), max(total // eta**s, first)) for s in range(most, -1, -1)]
