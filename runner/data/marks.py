"""Columns of a file that are no inputs but say something about each row: its split, its group, its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runner.data.columns import numbers, texts
from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def read_split(series: pd.Series, name: str) -> np.ndarray:
    """[N] of train / val / test; DataError for another word or if no row trains."""
    words = texts(series)
    parts = np.array([PARTS.get(str(word).lower()) for word in words], object)
    if None in parts:
        row = list(parts).index(None)
        shown = "nothing" if words[row] is None else repr(words[row])
        raise DataError(f"column {name!r} says {shown} in data row {row + 1}; allowed are train, val and test.")
    if "train" not in parts:
        raise DataError(f"column {name!r} marks no row as train. Mark the rows to train on.")
    return parts


def read_groups(series: pd.Series, name: str) -> np.ndarray:
    """[N] texts; DataError for a row without a group."""
    words = texts(series)
    holes = np.flatnonzero([word is None for word in words])
    if len(holes):
        raise DataError(
            f"column {name!r} (dataset.group) is empty in data row {holes[0] + 1}. Give every row a group, even if "
            "it is the only one in it."
        )
    return words


def read_weights(series: pd.Series, name: str) -> np.ndarray:
    """[N] float64 >= 0, not all of them 0; DataError naming the first row that is neither."""
    where = f"column {name!r} (dataset.sample_weight)"
    values = numbers(series, name, "A weight (dataset.sample_weight) is a number >= 0: correct it")
    for wrong, what in ((np.isnan(values), "is empty"), (values < 0, "is negative")):
        rows = np.flatnonzero(wrong)
        if len(rows):
            shown = f" ({values[rows[0]]:g})" if what == "is negative" else ""
            raise DataError(f"{where} {what} in data row {rows[0] + 1}{shown}. A weight is a number >= 0.")
    if not values.any():
        raise DataError(
            f"{where} is 0 in every row, so no row counts. Give some rows a weight, or name another column."
        )
    return values
