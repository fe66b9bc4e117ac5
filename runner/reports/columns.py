"""Metrics that only metrics.csv has, such as sparsity or weight_norm: of the epoch whose weights a run kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.errors import RunError
from runner.records.read import curve
from runner.reports.run_row import RunRow

NO_METRIC = ("epoch", "step")  # columns that say when
SMALLER = ("gap", "grad_norm", "weight_norm", "train/objective", "dead_units", "seconds")  # is better, or said first


def columns_of(rows: Iterable[RunRow]) -> list[str]:
    """The columns of metrics.csv that are no metric of the summary, by the first run that finished."""
    for row in rows:
        if row.finished and (found := _curve(row)):
            return [name for name in found if name not in NO_METRIC and name not in row.metrics]
    return []


def add(rows: Sequence[RunRow], column: str) -> None:
    """Give each run that finished its value of a column, as a metric."""
    for row in rows:
        found = _curve(row) if row.finished else {}
        if column in found and (value := found[column][_kept(row, found["epoch"])]) == value:
            row.metrics[column] = value


def _kept(row: RunRow, epochs: Sequence[float]) -> int:
    """The position of the epoch whose weights were kept: the best one, or the last if they were not restored."""
    best = row.best_epoch
    restored = row.setting("early_stopping.restore_best") == "true" and best.isdecimal()
    return list(epochs).index(int(best)) if restored and int(best) in epochs else len(epochs) - 1


def _curve(row: RunRow) -> dict[str, list[int] | list[float]]:
    """metrics.csv of a run; nothing where it is gone or damaged."""
    try:
        return curve(row.folder)
    except RunError:
        return {}
