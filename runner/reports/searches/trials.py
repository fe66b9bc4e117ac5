"""The trials of a search, which are the settings of a report in the order in which they were asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runner.reports.sections import Section
from runner.reports.settings_table import COMPLETE, Setting


@dataclass(frozen=True)
class Trial:
    """One setting with all its runs."""

    number: int  # its place in the search, from 1
    setting: Setting
    value: float | None  # of the metric that ranks, the mean over its runs; None unless all of them have finished
    reached: float | None  # the same of one that was pruned, where it was left; else `value`
    epochs: int  # its runs made, whatever became of them
    pruned: bool = False


@dataclass(frozen=True)
class Best:
    """The best trial so far, after so many epochs of all trials in their order."""

    epochs: int
    value: float
    trial: Trial


def trials_of(section: Section) -> list[Trial]:
    """The settings of a section in the order of their first runs."""
    at = {row.folder: (i, k) for i, source in enumerate(section.sources) for k, row in enumerate(source.rows)}
    first = {id(s): min(at.get(row.folder, (len(at), 0)) for row in s.rows) for s in section.settings}
    ordered = sorted(section.settings, key=lambda setting: first[id(setting)])
    return [_trial(number, setting, section.metric) for number, setting in enumerate(ordered, 1)]


def _trial(number: int, setting: Setting, metric: str) -> Trial:
    found = setting.spread(metric) if setting.tier == COMPLETE else None
    value = found.mean if found else None
    left = setting.left(metric)
    epochs = sum(row.made for row in setting.rows)
    return Trial(number, setting, value, left.value if left else value, epochs, left is not None)


def spent(trials: Sequence[Trial]) -> int:
    """The epochs of all runs."""
    return sum(trial.epochs for trial in trials)


def best_so_far(trials: Sequence[Trial], *, maximize: bool) -> list[Best]:
    """Each trial that was better than all before it."""
    found: list[Best] = []
    epochs, sign = 0, 1 if maximize else -1
    for trial in trials:
        epochs += trial.epochs
        if trial.value is None or not math.isfinite(trial.value):
            continue
        if not found or sign * (trial.value - found[-1].value) > 0:
            found.append(Best(epochs, trial.value, trial))
    return found
