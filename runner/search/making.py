"""The search that the sweeper of a sweep asks for, made when the sweep begins and again whenever it is resumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.plan.losers import HALVING, MEDIAN
from runner.plan.sweeper import SweeperOptions
from runner.search.base import Search
from runner.search.both import Both
from runner.search.halving import Halving, Hyperband
from runner.search.median import Median
from runner.training.evaluation import named, recorded
from runner.training.metrics.base import metric

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def search_of(
    options: SweeperOptions, runs: Sequence[Settings], data: Sequence[RunData], asking: Search | None = None
) -> Search | None:
    """The search over runs with these settings and data; None where all train to their ends. `asking` asks for new ones
    when those that are there have ended.

    Raises ConfigError where they cannot be compared, or do not record what they are compared by.
    """
    if asking:
        for name in asking.objectives:
            if "/" in name:
                _check_recorded(name, runs, data)
    losers = early_end(options, runs, data)
    return Both(losers, asking) if losers and asking else losers or asking


def early_end(
    options: SweeperOptions, runs: Sequence[Settings], data: Sequence[RunData]
) -> Halving | Hyperband | Median | None:
    """What ends settings early; None where nothing does. Raises ConfigError as `search_of`."""
    losers = options.losers
    if not losers.rule:
        return None
    asked = min(options.n_trials, options.sampling.batch) if options.sampling else None
    if problems := losers.problems(runs) or losers.too_few(runs, asked):
        raise ConfigError(problems)
    watched = runs[0].early_stopping
    objective = losers.objective or watched.monitor
    maximize = metric(objective.rpartition("/")[2]).maximize if losers.objective else watched.maximize
    total, batch = runs[0].trainer.epochs, options.sampling.batch if options.sampling else None
    if losers.objective:
        _check_recorded(losers.objective, runs, data)
    if losers.rule == MEDIAN:
        return Median([objective], maximize, total, losers.every, losers.warmup, losers.startup)
    if losers.rule == HALVING:
        return Halving([objective], maximize, total, losers.eta, losers.first, batch)
    return Hyperband([objective], maximize, total, losers.eta, losers.first, batch, options.seed)


def _check_recorded(objective: str, runs: Sequence[Settings], data: Sequence[RunData]) -> None:
    """ConfigError unless every run evaluates the objective after each epoch."""
    split, _, name = objective.partition("/")
    for run, table in zip(runs, data, strict=True):
        found = named(recorded(run, *table.tasks), table.encoding.questions)
        if name not in found or not len(getattr(table, split)):
            ways = ", ".join(f"{split}/{each}" for each in found)
            raise ConfigError(
                f"hydra.sweeper.objective = {objective}: no run records it on {table.name}; one of {ways}, or ask for "
                f"it with trainer.metrics=[{name}]"
            )
