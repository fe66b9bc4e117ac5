"""A search in a session: which runs are a trial, how trials stand, and what a round means for each run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.settings import luck
from runner.config.words import key_of
from runner.data.prepare import RunData
from runner.errors import DamagedError
from runner.execution.work import Run
from runner.plan.sweeper import SweeperOptions
from runner.plan.trials import trials_of
from runner.records.read import curve
from runner.records.run_folder import MULTIRUN
from runner.records.sweep_folder import DONE, PRUNED
from runner.records.yaml_file import load
from runner.search.base import Round, Search, Standing
from runner.search.making import search_of
from runner.training.outcome import Outcome
from runner.training.settings import EarlyStopping
from runner.training.stopping import Stopping

if TYPE_CHECKING:
    from runner.execution.growth import Growth

Outcomes = Mapping[int, Outcome]


def search_in(root: Path, runs: Sequence[Run], data: Sequence[RunData], growth: Growth | None = None) -> Search | None:
    """The search of the sweep in `root`, as its multirun.yaml says; None where all runs train to their ends."""
    try:
        options = SweeperOptions.of(load(root / MULTIRUN, "hydra.sweeper"))
    except (DamagedError, TypeError, ValueError):
        return None
    return search_of(options, [run.settings for run in runs], data, growth.search if growth else None)


@dataclass
class Searching:
    """A search over the trials of a session.

    `same` says of a run that is not trained which one it is the same as. `until` and `pruned` are what the rounds so
    far ask of runs that have not ended; `said` is what the last one is, in words.
    """

    search: Search
    trials: list[list[int]] = field(default_factory=list)
    same: Mapping[int, int] = field(default_factory=dict)
    until: dict[int, int] = field(default_factory=dict)
    pruned: set[int] = field(default_factory=set)
    said: str = ""
    known: dict[int, tuple[str | int, list[float | None]]] = field(default_factory=dict)  # the curves that were read

    def lay_out(self, runs: Sequence[Run], same: Mapping[int, int]) -> None:
        """The trials of a session that begins or has grown."""
        self.trials, self.same = trials_of(run.told for run in runs), same

    @property
    def share(self) -> float:
        """The epochs that the search plans with, as a share of those of all runs to their ends."""
        return self.search.share(len(self.trials))

    def ask(self, runs: Sequence[Run], outcomes: Outcomes, paused: Mapping[int, int]) -> Round | None:
        """The next round, taken note of; None if there is none."""
        found = self.search.next([self._standing(numbers, runs, outcomes, paused) for numbers in self.trials])
        if found:
            going = [self._trained(numbers, outcomes) for numbers in self.trials]
            self.until = {i: epoch for trial, epoch in found.until.items() for i in going[trial]}
            others = {i for trial, numbers in enumerate(going) if trial not in found.pruned for i in numbers}
            self.pruned = {i for trial in found.pruned for i in going[trial]} - others
            self.said = found.said
        return found

    def _trained(self, numbers: Sequence[int], outcomes: Outcomes) -> list[int]:
        """Those of some runs, or of those that they are the same as, that have not ended."""
        return [i for i in {self.same.get(i, i): None for i in numbers} if i not in outcomes]

    def _standing(
        self, numbers: Sequence[int], runs: Sequence[Run], outcomes: Outcomes, paused: Mapping[int, int]
    ) -> Standing:
        firsts, going = [self.same.get(i, i) for i in numbers], self._trained(numbers, outcomes)
        first, *others = self.search.objectives
        epochs = min((paused.get(i, 0) for i in going), default=0)
        curves = [self._curve(i, runs[i], first, outcomes.get(i), paused.get(i, 0)) for i in firsts]
        values = [_mean([each[-1] if each else None for each in curves])]
        values += [_mean([_at_end(outcomes.get(i), name) for i in firsts]) for name in others]
        longest = max(map(len, curves), default=0)
        means = [_mean([_after(each, epoch) for each in curves]) for epoch in range(longest)]
        pruned = any(outcomes[i].status == PRUNED for i in firsts if i in outcomes)
        words = tuple(word for word in runs[numbers[0]].overrides if key_of(word) not in luck())
        return Standing(tuple(values), epochs, not going, tuple(means), pruned, words)

    def _curve(self, i: int, run: Run, name: str, outcome: Outcome | None, epochs: int) -> list[float | None]:
        """Read once for as long as it does not grow."""
        key = outcome.status if outcome else epochs
        before, found = self.known.get(i, (None, []))
        if before != key:
            found = _curve(run, name, outcome, epochs)
            self.known[i] = key, found
        return found


def _mean(values: Sequence[float | None]) -> float | None:
    """None unless all are numbers."""
    good = [value for value in values if value is not None]
    return statistics.fmean(good) if good and len(good) == len(values) else None


def _after(found: Sequence[float | None], epoch: int) -> float | None:
    """The value of a curve after an epoch; one that has ended before stays as it is."""
    return found[min(epoch, len(found) - 1)] if found else None


def _at_end(outcome: Outcome | None, name: str) -> float | None:
    """What the summary of a run that has ended has under a name: a metric, or another number."""
    if outcome is None or outcome.status not in (*DONE, PRUNED):
        return None
    split, _, metric = name.partition("/")
    found: Any = outcome.summary.get(split, {}).get(metric) if metric else outcome.summary.get(name)
    return None if found is None else float(found)


def _curve(run: Run, name: str, outcome: Outcome | None, epochs: int) -> list[float | None]:
    """What a run would have in its summary under a name if it ended after each epoch from 0 on; of one that trains on,
    up to an epoch. It ends with None, where the run diverged or failed. Of an ensemble there is only its end.
    """
    if "/" not in name or run.settings.ensemble.active or (outcome is None and not epochs):
        return [_at_end(outcome, name)] if outcome else []
    made = math.inf if outcome else epochs
    columns = curve(run.folder)
    every = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    rows = [row for row in every if row["epoch"] <= made and row.get("phase", 1) == 1]
    kept = _kept(rows, run.settings.early_stopping, name)
    lost = outcome is not None and outcome.status not in (*DONE, PRUNED)
    return [*kept[:-1], None] if lost else kept


def _kept(rows: Sequence[Mapping[str, Any]], rule: EarlyStopping, name: str) -> list[float | None]:
    """The value of a column, after each epoch, at the evaluation that is kept then."""
    stopping, value = Stopping(), None
    found: list[float | None] = []
    for row in rows:
        if stopping.update(rule, row["epoch"], row.get(rule.monitor)) or not rule.restore_best:
            value = row[name] if math.isfinite(row[name]) else None
        epoch = math.ceil(row["epoch"])
        found += [found[-1] if found else None] * (epoch - len(found))  # epochs that end between two evaluations
        found[epoch:] = [value]
    return found
