"""Splits by time: the latest rows are the test, those before them validate, and what is earlier trains."""

from __future__ import annotations

import numpy as np

from runner.data.sources.base import RawTable
from runner.errors import DataError


def cut_by_time(table: RawTable, pool: np.ndarray, wanted: dict[str, float]) -> dict[str, np.ndarray]:
    """Take each part from the end of the pool, in the order given; what is left is "train".

    Rows of one time keep the order of the file; rows without a time count as the earliest.
    """
    times = np.asarray(table.times)[pool]
    rest = pool[np.argsort(np.where(np.isnan(times), -np.inf, times), kind="stable")]
    parts = {}
    for part, fraction in wanted.items():
        size = round(fraction * len(pool))
        if fraction > 0 and not 0 < size < len(rest):
            raise DataError(
                f"dataset.{part}_fraction={fraction:g} of {len(pool)} rows is {size}, which leaves none of them to "
                "train on or no row at all. Change it, add rows, or set it to 0."
            )
        parts[part], rest = np.sort(rest[len(rest) - size :]), rest[: len(rest) - size]
    return parts | {"train": np.sort(rest)}
