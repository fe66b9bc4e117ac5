"""Splits that keep groups whole: all rows of a patient, a speaker or a day are on one side.

Greedy, largest group first: each goes where it brings the parts nearest to their shares of every class and of all rows
(the idea of scikit-learn's StratifiedGroupKFold, for unequal shares too). Shapes: n rows, G groups, C classes, K parts.
"""

from __future__ import annotations

import numpy as np

from runner.data.sources.base import RawTable
from runner.data.splits.split_order import random_order
from runner.errors import ConfigError, DataError


def assign(
    groups: np.ndarray, classes: np.ndarray, shares: np.ndarray, least: np.ndarray, seed: int, last: bool = False
) -> np.ndarray:
    """The part [n] of each row; part k gets about shares[k] of the rows and at least least[k] groups.

    `last` sends a group that alone holds a class to the last part, the one that trains.
    """
    names, group = np.unique(groups.astype(str), return_inverse=True)
    counts_GC = np.zeros((len(names), int(classes.max(initial=0)) + 2))
    np.add.at(counts_GC, (group, classes), 1)
    counts_GC[:, -1] = counts_GC.sum(axis=1)  # all rows count like one more class
    alone = np.asarray((counts_GC[:, (counts_GC > 0).sum(axis=0) == 1] > 0).any(axis=1) & last)
    counts_GC /= np.maximum(counts_GC.sum(axis=0), 1)
    order = random_order(len(names), seed, 6)
    order = order[np.argsort(-counts_GC[order, -1], kind="stable")]
    part_of, missing = np.empty(len(names), np.int64), least.copy()
    lack_KC = np.repeat(shares[:, None], counts_GC.shape[1], axis=1)
    for left, g in zip(range(len(order), 0, -1), order, strict=True):
        error = (counts_GC[g] * (counts_GC[g] - 2 * lack_KC)).sum(axis=1)
        if missing.clip(0).sum() >= left:  # the groups that are left are needed where there are too few
            error = np.where(missing > 0, error, np.inf)
        part = len(shares) - 1 if alone[g] and np.isfinite(error[-1]) else int(error.argmin())
        part_of[g] = part
        lack_KC[part] -= counts_GC[g]
        missing[part] -= 1
    return part_of[group]


def cut_groups(
    table: RawTable, pool: np.ndarray, classes: np.ndarray, wanted: dict[str, float], spare: int, seed: int
) -> dict[str, np.ndarray]:
    """Take about `wanted` of the pool for each part, in whole groups; what is left is "train".

    That is `spare` groups at least; ConfigError for a table without enough.
    """
    parts = {part: np.empty(0, np.int64) for part, fraction in wanted.items() if fraction == 0}
    taking = {part: fraction for part, fraction in wanted.items() if fraction > 0}
    _check_count(table, pool, len(taking) + spare, [*taking, "train" if spare == 1 else f"{spare} folds"])
    rest = pool
    for left, (part, fraction) in zip(range(len(taking), 0, -1), taking.items(), strict=True):
        share = fraction * len(pool) / len(rest)
        shares, least = np.array([min(share, 1.0), max(1 - share, 0.0)]), np.array([1, left - 1 + spare])
        taken = assign(table.groups[rest], classes[rest], shares, least, seed, last=True) == 0
        parts[part], rest = rest[taken], rest[~taken]
    return parts | {"train": rest}


def _check_count(table: RawTable, rows: np.ndarray, needed: int, parts: list[str]) -> None:
    """ConfigError unless the rows have as many groups as the parts need."""
    found = len(set(table.groups[rows]))
    if found < needed:
        raise ConfigError(
            f"dataset.group={table.group_name}: {' and '.join(parts)} need {needed} groups at least, but there are "
            f"{found}. Choose a column with more groups, or fewer splits (dataset.val_fraction=0, "
            "dataset.test_fraction=0, dataset.folds)."
        )


def check_trained(table: RawTable, train: np.ndarray, pool: np.ndarray) -> None:
    """DataError if all groups that hold a class were taken out of training."""
    for classes, labels in table.classes().values():
        for code in np.setdiff1d(classes[pool], classes[train]):
            held = len(set(table.groups[pool][classes[pool] == code]))
            raise DataError(
                f"no training row of class {labels[code]!r} is left: its {held} groups of {table.group_name!r} went to "
                "other splits. Lower dataset.val_fraction, dataset.test_fraction or dataset.folds, or do without "
                "dataset.group."
            )


def check_marks(table: RawTable, sides: dict[str, np.ndarray]) -> None:
    """DataError if a group has rows on two of the sides, which the table marks itself."""
    seen: dict[str, str] = {}
    for side, rows in sides.items():
        for group in dict.fromkeys(table.groups[rows]):
            if seen.setdefault(group, side) != side:
                raise DataError(
                    f"dataset.group={table.group_name}: group {group!r} has rows marked {seen[group]} and rows marked "
                    f"{side}. Mark all rows of a group alike, or do without dataset.group."
                )
