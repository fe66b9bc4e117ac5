"""The folds of cross-validation: every row that is not test validates once, but for the only one of its class.

With nested cross-validation the test is a fold too, of all rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from runner.data.sources.base import RawTable
from runner.data.splits.groups import assign
from runner.data.splits.split_order import random_order
from runner.errors import ConfigError


class Folds(NamedTuple):
    """So many folds, dealt from a seed; `key` is what asks for them, `purpose` tells their order from others' of it."""

    number: int
    seed: int
    key: str = "dataset.folds"
    purpose: int = 5


def fold_numbers(table: RawTable, folds: Folds, rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The fold [n] of each of the rows; stratified, and whole groups if there are any.

    The only row of a class is in no fold (-1), so that it always trains. Without groups the folds differ by at most one
    row, and by at most one of each class. ConfigError if a class, the table or the groups are fewer than the folds.
    """
    alone = table.task != "regression" and np.bincount(classes[rows])[classes[rows]] == 1
    if np.any(alone) and table.groups is None:
        found = np.full(len(rows), -1)
        found[~alone] = fold_numbers(table, folds, rows[~alone], classes)
        return found
    _check_size(table, folds, classes[rows])
    if table.groups is not None:
        shares, least = np.full(folds.number, 1 / folds.number), np.ones(folds.number, np.int64)
        return assign(table.groups[rows], classes[rows], shares, least, folds.seed)
    order = random_order(len(rows), folds.seed, folds.purpose)
    dealt = order[np.argsort(classes[rows][order], kind="stable")]
    numbers = np.empty(len(rows), np.int64)
    numbers[dealt] = np.arange(len(rows)) % folds.number
    return numbers


def _check_size(table: RawTable, folds: Folds, classes: np.ndarray) -> None:
    counts = np.bincount(classes if table.task == "classification" else np.zeros_like(classes))
    code = int(np.where(counts > 0, counts, len(classes) + 1).argmin())
    if counts[code] >= folds.number:
        return
    smallest = f"class {table.labels[code]!r} of {table.target_name!r}, the smallest," if table.labels else "the table"
    few = max(int(counts[code]), 1)
    fix = f"Use at most {folds.key}={few}" if few > 1 else f"Do without {folds.key}"
    outside = " outside the test split" if folds.key == "dataset.folds" else ""
    raise ConfigError(
        f"{folds.key}={folds.number}: {smallest} has only {counts[code]} rows{outside}, fewer than the folds. "
        f"{fix}, or add rows."
    )
