"""Rows that are in training and in test: scores on them say what was learned by heart."""

from __future__ import annotations

import numpy as np

from runner.data.sources.base import RawTable
from runner.data.splits.split import Split

COMMON = 0.01  # a smaller share of the tested rows is no cause for worry
LEAST = 3  # fewer rows are none either
BY_CHANCE = 2.0  # times as many as are expected where columns have nothing to do with each other


def repeats_note(table: RawTable, rows: Split) -> list[str]:
    """A note if rows of the test (or, without one, of the validation) are training rows too, inputs and target.

    In a table of few categories rows agree by themselves, which is no news.
    """
    part = "test" if len(rows.test) else "validation"
    tested = rows.test if len(rows.test) else rows.val
    if not len(tested) or not len(rows.train) or not table.column_order:
        return []
    words = (*table.categorical.values(), *table.texts.values())
    columns = [_digests(column) for column in (*table.numeric_ND.T, *words, *table.answers().values())]
    whole = _together(columns)
    count = int(np.isin(whole[tested], whole[rows.train]).sum())
    if count < max(LEAST, COMMON * len(tested)):
        return []
    if count < BY_CHANCE * len(tested) * (1 - np.exp(-len(rows.train) * _agreement(columns, whole))):
        return []
    return [
        f"{count:,} of {len(tested):,} {part} rows are training rows too, alike in every input and the target: if they "
        "are copies, remove them or name a column that is the same in all copies: dataset.group=COLUMN"
    ]


def _digests(column: np.ndarray) -> np.ndarray:
    """[N] uint64, equal for equal cells."""
    from pandas.util import hash_array

    if column.dtype != object:
        return hash_array(column + 0.0)  # -0 is 0
    return hash_array(np.array(["" if word is None else f"={word}" for word in column], object))


def _together(columns: list[np.ndarray]) -> np.ndarray:
    """[N] uint64, equal for rows that are equal in all columns."""
    found = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        found = found * np.uint64(0x9E3779B97F4A7C15) + column
    return found


def _agreement(columns: list[np.ndarray], whole: np.ndarray) -> float:
    """How likely two different rows would agree in all columns, if these had nothing to do with each other.

    In a column with c cells of each kind among D different rows that is sum c (c - 1) / (D (D - 1)).
    """
    first = np.unique(whole, return_index=True)[1]
    pairs = max(len(first) * (len(first) - 1), 1)
    found = 1.0
    for column in columns:
        counts = np.unique(column[first], return_counts=True)[1].astype(np.float64)
        found *= float((counts * (counts - 1)).sum()) / pairs
    return found
