"""A setting after cross-validation: trained again, on all rows but those of the test."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from runner.config.settings import Settings, luck
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.execution.repeat_command import by_settings
from runner.reports.next_steps import settings_of
from runner.reports.run_row import RunRow


def validations(runs: Sequence[RunRow]) -> set[tuple[str, ...]]:
    """The folds, splits and draws of the data that validated the runs: all luck but the seed, which changes no rows."""
    return {tuple(run.setting(key) for key in luck() if key != "seed") for run in runs}


def refitted(runs: Sequence[RunRow]) -> tuple[Settings, str] | None:
    """(the settings of the runs without validation rows, the command that trains them); None if there is no such run.

    Without rows to stop on it trains as long as the runs took to their best epochs, in the mean. Split, draw and seed
    are those of the first run.
    """
    try:
        settings = settings_of(runs[0])
    except ConfigError:
        return None
    best = [int(run.best_epoch) for run in runs if run.best_epoch.isdigit()]
    stop = dataclasses.replace(settings.early_stopping, patience=None)
    if settings.scheduler.reactive:  # it has to watch something
        stop = dataclasses.replace(stop, monitor=f"train/{stop.monitor.partition('/')[2]}")
    whole = dataclasses.replace(
        settings,
        dataset=dataclasses.replace(settings.dataset, folds=None, fold=None, val_fraction=0.0),
        early_stopping=stop,
        trainer=dataclasses.replace(settings.trainer, epochs=max(1, round(sum(best) / max(1, len(best))))),
    )
    try:
        return read(whole), by_settings(whole).once()
    except ConfigError:
        return None
