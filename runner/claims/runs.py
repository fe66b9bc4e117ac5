"""The finished runs of a claim's sweeps, as its answer asks for them: by what was typed, by seed, pair by pair."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runner.claims.rules import Estimate, mean
from runner.config.words import key_of, plain
from runner.errors import RunError
from runner.records.read import curve
from runner.reports.run_row import RunRow
from runner.reports.statistics import unit_means
from runner.reports.units import Luck, in_words, overlap, unit_of

if TYPE_CHECKING:
    from runner.reports.load import LoadedRun

Metric = Any  # a name such as test/loss, or a function of a Run


@dataclass(frozen=True)
class Run:
    """One run: `sweep` is the name of the claim's sweep that it is of."""

    row: RunRow
    sweep: str = ""

    @property
    def folder(self) -> Path:
        return self.row.folder

    @functools.cached_property
    def typed(self) -> dict[str, str]:
        """What the sweep's words say of this run: key -> value as it was typed."""
        return {key_of(word): word.partition("=")[2] for word in self.row.overrides}

    def value(self, key: str) -> str:
        """The value of a key as it was typed for this run, else as it was set, or its default."""
        return plain(self.typed.get(key, self.row.setting(key)))

    def metric(self, name: str) -> float:
        """A metric of the weights that were kept, such as test/loss; NaN if the run did not end well or lacks it."""
        return self.row.metrics.get(name, math.nan) if self.row.finished else math.nan

    def curve(self, column: str) -> list[float]:
        """A column of metrics.csv, epoch by epoch from epoch 0."""
        return [float(value) for value in curve(self.folder, "metrics.csv")[column]]

    def load(self) -> LoadedRun:
        """The run as something that predicts."""
        from runner.reports.load import load

        return cast("LoadedRun", load(self.folder))

    def weights(self, layer: int = 0) -> Any:
        """The matrix of a linear layer as an array [outputs, inputs]."""
        import torch

        linear = [module for module in self.load().network.modules() if isinstance(module, torch.nn.Linear)]
        return linear[layer].weight.detach().numpy()


class Runs(Sequence[Run]):
    """Some runs of a claim. `where` narrows them down to those of one setting, of which `values` takes a metric."""

    def __init__(self, runs: Sequence[Run], said: str = ""):
        self._runs, self.said = list(runs), said

    def __len__(self) -> int:
        return len(self._runs)

    def __getitem__(self, at: Any) -> Any:
        return self._runs[at]

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def of(self, sweep: str) -> Runs:
        """Those of one of the claim's sweeps."""
        return Runs([run for run in self if run.sweep == sweep], f"{self.said} {sweep}".strip())

    def where(self, *words: str) -> Runs:
        """Those for which every word KEY=VALUE is true, such as "dataset.label_noise=0.2"."""
        asked = [(key, plain(value)) for key, _, value in (word.partition("=") for word in words)]
        found = [run for run in self if all(run.value(key) == value for key, value in asked)]
        return Runs(found, " ".join((self.said, *words)).strip())

    def by(self, key: str) -> dict[str, Runs]:
        """Value of a key -> the runs that have it; numbers, and lists of them, in their order, others as they came."""
        values = list(dict.fromkeys(run.value(key) for run in self))
        if all(_order(value) is not None for value in values):
            values.sort(key=lambda value: _order(value) or [])
        return {value: self.where(f"{key}={value}") for value in values}

    def values(self, metric: Metric) -> dict[Luck, float]:
        """The metric of each run that has it, by what chance gave the run. `metric` is a name or a function of a run.

        Raises RunError if no run has it, or if two runs have the same seed and so on: those are several settings.
        """
        if not self:
            raise RunError(f"{self.said}: the sweep has no such run")
        measure = metric if callable(metric) else lambda run: run.metric(metric)
        lucks = Counter(run.row.luck for run in self)
        if max(lucks.values(), default=0) > 1:
            raise RunError(f"{self.said}: these runs are of several settings")
        found = {run.row.luck: measure(run) for run in self if run.row.finished}
        found = {luck: value for luck, value in found.items() if math.isfinite(value)}
        if not found:
            name = getattr(metric, "__name__", metric)
            raise RunError(f"{self.said}: no run that finished has a finite {name}")
        return found

    def mean(self, metric: Metric) -> Estimate:
        """The mean over seeds (splits, draws of the data) with its interval."""
        return self.estimate(self.values(metric))

    def minus(self, other: Runs, metric: Metric) -> Estimate:
        """The mean difference to other runs with the same seeds: what both met alike drops out."""
        mine, its = self.values(metric), other.values(metric)
        shared = {luck: mine[luck] - its[luck] for luck in mine if luck in its}
        if not shared:
            raise RunError(f"{self.said} and {other.said} share no seed")
        return self.estimate(shared)

    def series(self, key: str, metric: Metric) -> tuple[list[str], list[list[float]], str, float]:
        """(values of a key in order, the metric there of each repetition that all have, what they are, overlap)."""
        parts = self.by(key)
        found = [runs.values(metric) for runs in parts.values()]
        lucks = [luck for luck in found[0] if all(luck in each for each in found)]
        if not lucks:
            raise RunError(f"{self.said}: no seed has finished at every {key}")
        unit = unit_of(lucks)
        table = [list(unit_means({k: each[k] for k in lucks}, lambda k: k[unit]).values()) for each in found]
        return list(parts), table, in_words(lucks), self._overlap(lucks, metric)

    def epochs(self, column: str) -> list[list[float]]:
        """A column of metrics.csv, an epoch a row: its value in each run that finished, as far as all of them went."""
        found = [run.curve(column) for run in self if run.row.finished]
        return [list(each) for each in zip(*found, strict=False)]

    def estimate(self, values: dict[Luck, float]) -> Estimate:
        """The mean, with its interval, of a number for each repetition that was made of `values` of these runs."""
        unit = unit_of(values)
        return mean(
            list(unit_means(values, lambda luck: luck[unit]).values()),
            in_words(list(values)),
            self._overlap(list(values), "test/"),
        )

    def _overlap(self, lucks: Sequence[Luck], metric: Metric) -> float:
        return overlap(self[0].row.setting, list(lucks), metric if isinstance(metric, str) else "test/")


def at_end(column: str) -> Callable[[Run], float]:
    """What metrics.csv has of a column in the last epoch, such as sparsity; a metric for `Runs.values`."""

    def measure(run: Run) -> float:
        return run.curve(column)[-1]

    measure.__name__ = f"{column} in metrics.csv"
    return measure


def at_epoch(epoch: int, column: str) -> Callable[[Run], float]:
    """What metrics.csv has of a column after so many epochs; a metric. RunError if the run ended before."""

    def measure(run: Run) -> float:
        values = run.curve(column)
        if len(values) <= epoch:
            ended = f"{run.folder}: the run ended after {len(values) - 1} epochs"
            raise RunError(f"{ended}, but the claim asks for its {column} after {epoch}; raise trainer.epochs")
        return values[epoch]

    measure.__name__ = f"{column} after {epoch} epochs"
    return measure


def _order(value: str) -> list[float] | None:
    """By what a value is sorted; None if it is no number nor a list of them."""
    try:
        return [float(each) for each in value.strip("[]").split(",") if each]
    except ValueError:
        return None
