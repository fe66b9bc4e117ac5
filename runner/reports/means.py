"""The settings of a sweep, which are runs that differ only by chance, and the mean of their curves."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from runner.config.compact import text
from runner.errors import RunError
from runner.records.names import folder_name, labels
from runner.records.read import curve
from runner.records.run_files import METRICS, NOT_DRAWN
from runner.records.sweep_folder import DONE
from runner.reports.ranking import cells_of, shared_cells
from runner.reports.settings_table import ignored
from runner.reports.units import Luck, averaged, luck_of

if TYPE_CHECKING:
    from runner.execution.session import Session
    from runner.execution.work import Run


@dataclass
class Setting:
    """Runs that repeat one another."""

    label: str
    asked: int = 0  # runs, whatever became of them
    diverged: int = 0
    runs: list[int] = field(default_factory=list)  # those that are whole
    folders: list[Path] = field(default_factory=list)
    best: dict[Luck, float] = field(default_factory=dict)  # the monitored metric by what chance gave the run


@dataclass(frozen=True)
class Curves:
    """Mean and standard deviation (n - 1) by epoch and column: [E, K]."""

    columns: list[str]
    epochs: list[int]
    mean: list[list[float]]
    sd: list[list[float]]


def settings_of(sweep: Session) -> list[Setting]:
    """The settings of a `Sweep` in the order of `runner report`: best mean of the monitored metric first, those with
    runs missing after the others, those with runs that diverged last.
    """
    found: dict[tuple[str, ...], Setting] = {}
    for i, (run, (own, label)) in enumerate(zip(sweep.runs[: sweep.asked], _told_apart(sweep), strict=True)):
        setting = found.setdefault(own, Setting(label))
        setting.asked += 1
        outcome = sweep.outcomes.get(i)
        setting.diverged += outcome is not None and outcome.status == "diverged"
        if outcome is not None and outcome.status in DONE:
            setting.runs.append(i)
            setting.folders.append(run.folder)
            if outcome.best is not None:
                setting.best[_luck(run)] = outcome.best
    sign = -1 if sweep.runs[0].settings.early_stopping.maximize else 1
    whole = [cells_of(each.best) for each in found.values() if not each.diverged and len(each.best) == each.asked]
    shared = shared_cells(whole) or frozenset()

    def rank(setting: Setting) -> tuple[int, float]:
        lacks = len(setting.best) < setting.asked or not shared <= cells_of(setting.best)
        tier = 2 if setting.diverged else int(lacks)
        ranked = {each: value for each, value in setting.best.items() if tier or not shared or each[:-1] in shared}
        return (tier, sign * float(np.mean(averaged(ranked)))) if ranked else (3, 0.0)

    return sorted(found.values(), key=rank)


def _luck(run: Run) -> Luck:
    """What chance gave a run of a `Sweep`."""
    return luck_of(lambda key: text(run.values[key]) if key in run.values else "")


def _told_apart(sweep: Session) -> list[tuple[tuple[str, ...], str]]:
    """For each run the values that its setting consists of, as text ("" for a key it has not), and a label: those in
    which settings differ, as in the names of folders, lr=0.001_dropout=0.2; `all` if there is one setting only.
    """
    leave = ignored()
    keys = [key for key in sweep.results.keys if key not in leave]  # the others are at their defaults in all
    runs = [run.values for run in sweep.runs[: sweep.asked]]
    rows = [tuple(text(own[key]) if key in own else "" for key in keys) for own in runs]
    return [(row, folder_name(label) or "all") for row, label in zip(rows, labels(runs, keys), strict=True)]


def mean_curves(folders: Sequence[Path]) -> Curves:
    """The mean of the curves of runs, over the epochs that all of them have: a mean over those that happen to continue
    would jump where one stops. RunError if a metrics.csv is missing or damaged.
    """
    tables = [_table(folder) for folder in folders]
    kinds = {table.kind: table for table in tables}  # few: most runs of a setting have the same columns and epochs
    columns = [n for n in tables[0].names if n not in NOT_DRAWN and all(n in table.names for table in kinds.values())]
    epochs = functools.reduce(np.intersect1d, [table.epochs for table in kinds.values()])
    cells = {kind: table.cells(columns, epochs) for kind, table in kinds.items()}
    stacked = np.array([table.values[cells[table.kind]] for table in tables])  # [n, K, E]
    with np.errstate(invalid="ignore"):
        mean, sd = stacked.mean(0).T, stacked.std(0, ddof=1).T
    return Curves(columns, epochs.astype(int).tolist(), mean.tolist(), sd.tolist())


class _Table(NamedTuple):
    """metrics.csv of a run: values [K, E]."""

    names: tuple[str, ...]
    values: np.ndarray

    @property
    def epochs(self) -> np.ndarray:
        """[E]"""
        return self.values[self.names.index("epoch")]

    @property
    def kind(self) -> tuple[tuple[str, ...], bytes]:
        """Which columns and epochs it has."""
        return self.names, self.epochs.tobytes()

    def cells(self, columns: Sequence[str], epochs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Where in `values` those of these columns and epochs are."""
        return np.ix_(np.array([*map(self.names.index, columns)], int), np.searchsorted(self.epochs, epochs))


def _table(folder: Path) -> _Table:
    columns = curve(folder)
    if not columns:
        raise RunError(f"{folder / METRICS}: damaged: it is empty")
    return _Table(tuple(map(sys.intern, columns)), np.array(list(columns.values()), np.float64))
