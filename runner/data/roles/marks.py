"""Columns of a file that are no inputs but say something about each row: its split, its group, its weight."""

from __future__ import annotations

import numpy as np

from runner.data.reading.columns import CellError, Column
from runner.data.reading.spelling import Spelling
from runner.errors import DataError

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def read_split(column: Column) -> np.ndarray:
    """[N] of train / val / test; DataError for another word or if no row trains."""
    words, name = column.words(), column.name
    parts = np.array([PARTS.get(str(word).lower()) for word in words], object)
    if None in parts:
        row = list(parts).index(None)
        shown = "nothing" if words[row] is None else repr(words[row])
        raise CellError(f"column {name!r} says {shown} in {{row}}; allowed are train, val and test.", row)
    if "train" not in parts:
        raise DataError(f"column {name!r} marks no row as train. Mark the rows to train on.")
    return parts


def read_groups(column: Column, spelling: Spelling | None = None) -> np.ndarray:
    """[N] texts, spelt as `spelling` says if it is given; CellError for a row without a group."""
    words = column.words(spelling)
    holes = np.flatnonzero([word is None for word in words])
    if len(holes):
        raise CellError(
            f"column {column.name!r} (dataset.group) is empty in {{row}}. Give every row a group, even if it is the "
            "only one in it.",
            int(holes[0]),
        )
    return words


def read_weights(column: Column) -> np.ndarray:
    """[N] float64 >= 0, not all of them 0; CellError naming the first row that is neither."""
    where = f"column {column.name!r} (dataset.sample_weight)"
    values = column.numbers("A weight (dataset.sample_weight) is a number >= 0: correct it")
    for wrong, what in ((np.isnan(values), "is empty"), (values < 0, "is negative")):
        rows = np.flatnonzero(wrong)
        if len(rows):
            shown = f" ({values[rows[0]]:g})" if what == "is negative" else ""
            raise CellError(f"{where} {what} in {{row}}{shown}. A weight is a number >= 0.", int(rows[0]))
    if not values.any():
        raise DataError(
            f"{where} is 0 in every row, so no row counts. Give some rows a weight, or name another column."
        )
    return values
