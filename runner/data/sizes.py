"""Numbers too large to be computed with: named before training, as they would only make its first loss infinite."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runner.config.words import word
from runner.errors import DataError


def too_large(what: str, value: float, dtype: str, fix: str) -> DataError:
    """`what` holds a number that a number format cannot hold, after scaling."""
    most = float(np.finfo(dtype).max)
    wider = "set trainer.dtype=float64, " if dtype == "float32" else ""
    return DataError(f"{what} holds {value:g}, beyond what {dtype} can hold ({most:.2g} after scaling): {wider}{fix}.")


def beyond(
    columns: Mapping[str, np.ndarray], scale: list[float], offset: list[float], dtype: str, scaling: str
) -> DataError:
    """The error for the column with the largest number after `scaling`, of which some are beyond the number format."""
    with np.errstate(over="ignore"):
        scaled = [
            np.nan_to_num(np.abs((values.astype(np.float64) - o) / s))
            for values, s, o in zip(columns.values(), scale, offset, strict=True)
        ]
    name, largest = max(zip(columns, scaled, strict=True), key=lambda each: each[1].max())
    scaled_down = "use dataset.scaling=standardize, " if scaling == "none" else ""  # else it is scaled already
    fix = f"correct it, {scaled_down}or leave it out: {word('dataset.drop', [name])}"
    return too_large(f"column {name!r}", columns[name][largest.argmax()], dtype, fix)


def not_scalable(what: str, values: np.ndarray, fix: str) -> DataError:
    """`what` holds numbers whose mean, squares or differences are too large even for double precision."""
    largest = values[np.nanargmax(np.abs(values))]
    return DataError(f"{what} holds {largest:g}, too large to be scaled in double precision: correct it, or {fix}.")


def check_target(name: str, y: np.ndarray, dtype: str, scale: float, offset: float, scaling: str) -> None:
    """DataError unless a number format holds the scaled target y."""
    largest = y[np.abs(y).argmax()]
    if abs(largest) > np.finfo(dtype).max:
        value = largest * scale + offset
        scaled_down = "use dataset.target_scaling=standardize, " if scaling == "none" else ""
        raise too_large(f"target {name!r}", value, dtype, f"correct it, {scaled_down}or give it in another unit")
