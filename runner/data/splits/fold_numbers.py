"""The folds of cross-validation: every row that is not test validates once, but for the only one of its class."""

from __future__ import annotations

import numpy as np

from runner.data.sources.base import RawTable, Source
from runner.data.splits.groups import assign
from runner.data.splits.split_order import random_order
from runner.errors import ConfigError


def fold_numbers(table: RawTable, source: Source, rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The fold [n] of each of the rows, from `dataset.split_seed`; stratified, and whole groups if there are any.

    The only row of a class is in no fold (-1), so that it always trains. Without groups the folds differ by at most one
    row, and by at most one of each class. ConfigError if a class, the table or the groups are fewer than the folds.
    """
    folds = int(source.folds or 1)
    alone = table.task != "regression" and np.bincount(classes[rows])[classes[rows]] == 1
    if np.any(alone) and table.groups is None:
        found = np.full(len(rows), -1)
        found[~alone] = fold_numbers(table, source, rows[~alone], classes)
        return found
    _check_size(table, folds, classes[rows])
    if table.groups is not None:
        shares, least = np.full(folds, 1 / folds), np.ones(folds, np.int64)
        return assign(table.groups[rows], classes[rows], shares, least, source.split_seed)
    order = random_order(len(rows), source.split_seed, 5)
    dealt = order[np.argsort(classes[rows][order], kind="stable")]
    numbers = np.empty(len(rows), np.int64)
    numbers[dealt] = np.arange(len(rows)) % folds
    return numbers


def _check_size(table: RawTable, folds: int, classes: np.ndarray) -> None:
    counts = np.bincount(classes if table.task == "classification" else np.zeros_like(classes))
    code = int(np.where(counts > 0, counts, len(classes) + 1).argmin())
    if counts[code] >= folds:
        return
    smallest = f"class {table.labels[code]!r} of {table.target_name!r}, the smallest," if table.labels else "the table"
    few = max(int(counts[code]), 1)
    fix = f"Use at most dataset.folds={few}" if few > 1 else "Do without dataset.folds"
    raise ConfigError(
        f"dataset.folds={folds}: {smallest} has only {counts[code]} rows outside the test split, fewer than the folds. "
        f"{fix}, or add rows."
    )
