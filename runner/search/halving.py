"""Successive halving and Hyperband: all trials train a little, the best go on, the others end where they stand.

Jamieson & Talwalkar 2016 (successive halving); Li, Jamieson, DeSalvo, Rostamizadeh & Talwalkar 2018 (Hyperband).
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.records.names import plural
from runner.search.base import Round, Standing
from runner.search.rungs import Rungs, brackets


@dataclass(frozen=True)
class Bracket:
    """Trials that are compared with each other, by their numbers."""

    trials: tuple[int, ...]
    rungs: Rungs


@dataclass(frozen=True)
class Halving:
    """Successive halving of trials of `total` epochs, the first rung after `first` (see `Rungs.of`), in one bracket;
    of trials that are asked for `batch` at a time each batch is one.

    A rung is complete when all trials that train to it have come to it or have ended before. Then they are ranked by
    the mean of the objective over their seeds and folds after the epoch of the rung: those of which a run diverged
    are never promoted, equal ones stand in the order of the sweep. What happens next follows from the curves alone, so
    that it does not depend on when it is asked.
    """

    objectives: Sequence[str]
    maximize: bool
    total: int
    eta: int
    first: int | None = None
    batch: int | None = None

    def brackets(self, count: int) -> list[Bracket]:
        """Those of so many trials."""
        return [self._bracket(trials, self.first) for trials in _batches(count, self.batch)]

    def _bracket(self, trials: Sequence[int], first: int | None) -> Bracket:
        return Bracket(tuple(trials), Rungs.of(len(trials), self.total, self.eta, first))

    def next(self, trials: Sequence[Standing]) -> Round | None:
        """The next rung of each bracket that has one, and the trials that its last one has left behind."""
        until: dict[int, int] = {}
        going: set[int] = set()
        lost: set[int] = set()
        goals = []
        for bracket in self.brackets(len(trials)):
            for epoch, numbers, behind in self._rungs(bracket, trials):
                lost |= behind
                left = [i for i in numbers if not trials[i].ended and (epoch is None or trials[i].epochs < epoch)]
                if left:
                    going.update(left)
                    until |= {} if epoch is None else dict.fromkeys(left, epoch)
                    goals.append(
                        f"{plural(len(numbers), 'setting')} to {'the end' if epoch is None else f'epoch {epoch}'}"
                    )
                    break
        pruned = frozenset(i for i in lost if not trials[i].ended)
        if not going and not pruned:
            return None
        stay = {i: each.epochs for i, each in enumerate(trials) if not each.ended and i not in going | pruned}
        return Round(until=until | stay, pruned=pruned, said="; ".join(goals))

    def share(self, count: int) -> float:
        """The epochs that so many trials make if none ends by itself, as a share of what all would make to the end."""
        return sum(each.rungs.cost(self.total) for each in self.brackets(count)) / (count * self.total)

    def plan(self, count: int) -> list[str]:
        """What is going to happen to so many trials, a line a bracket, and what it costs."""
        found = Counter(bracket.rungs for bracket in self.brackets(count))
        lines = [
            f"{plural(many, 'bracket')} of {rungs.words(self.total)}" if found.total() > 1 else rungs.words(self.total)
            for rungs, many in found.items()
        ]
        return [*lines, f"{self.share(count):.0%} of the epochs of all {count:,} settings to the end"]

    def _rungs(self, bracket: Bracket, trials: Sequence[Standing]) -> Iterator[tuple[int | None, list[int], set[int]]]:
        """(epoch, the trials that train to it, those that the rung before has left behind) of each rung in turn and of
        the end (None); each is complete when the next is asked for.
        """
        numbers, behind = list(bracket.trials), set[int]()
        for epoch, promoted in zip(bracket.rungs.epochs, bracket.rungs.trials[1:], strict=True):
            yield epoch, numbers, behind
            best = self.ranked(numbers, epoch, trials)[:promoted]
            numbers, behind = sorted(best), {*numbers} - {*best}
        yield None, numbers, behind

    def ranked(self, numbers: Sequence[int], epoch: int, trials: Sequence[Standing]) -> list[int]:
        """The trials of a rung from the best on, without those of which a run diverged."""
        sign = -1 if self.maximize else 1
        values = {i: trials[i].after(epoch) for i in numbers}
        return [i for _, i in sorted((sign * value, i) for i, value in values.items() if value is not None)]


@dataclass(frozen=True)
class Hyperband(Halving):
    """Several brackets of successive halving side by side, from one that ends most trials early to one that ends none,
    as nobody knows beforehand how early they can be told apart. The trials are shared out among the brackets in
    Hyperband's proportions, by lot (`seed`), as the order of a grid is no accident. Batches of trials that are asked
    for are its brackets by turns, so that later ones learn from what earlier ones found (Falkner et al. 2018, BOHB).
    """

    seed: int = 0

    def brackets(self, count: int) -> list[Bracket]:
        """Those that get a trial, of so many."""
        sizes = brackets(self.total, self.eta, self.first or 1)
        if self.batch:
            by_turns = itertools.cycle(first for _, first in sizes)
            return [
                self._bracket(each, first) for each, first in zip(_batches(count, self.batch), by_turns, strict=False)
            ]
        numbers = list(range(count))
        random.Random(f"{self.seed} brackets").shuffle(numbers)
        found, taken = [], 0
        for share, (_, first) in zip(proportional(count, [size for size, _ in sizes]), sizes, strict=True):
            if share:
                found.append(self._bracket(sorted(numbers[taken : taken + share]), first))
            taken += share
        return found


def _batches(count: int, batch: int | None) -> list[range]:
    """The numbers of so many trials, `batch` at a time; None: all at once."""
    many = batch or max(count, 1)
    return [range(count)[at : at + many] for at in range(0, count, many)]


def proportional(count: int, sizes: Sequence[int]) -> list[int]:
    """So many things in parts of these proportions, by the largest remainders."""
    exact = [count * size / sum(sizes) for size in sizes]
    parts = [math.floor(each) for each in exact]
    order = sorted(range(len(sizes)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: count - sum(parts)]:
        parts[i] += 1
    return parts
