"""Numbers too large to be computed with: named before training, as they would only make its first loss infinite."""

from __future__ import annotations

import numpy as np

from runner.errors import DataError


def too_large(what: str, value: float, dtype: str, fix: str) -> DataError:
    """`what` holds a number that a number format cannot hold, after scaling."""
    most = float(np.finfo(dtype).max)
    wider = "set trainer.dtype=float64, " if dtype == "float32" else ""
    return DataError(f"{what} holds {value:g}, beyond what {dtype} can hold ({most:.2g} after scaling): {wider}{fix}.")


def not_scalable(what: str, values: np.ndarray, fix: str) -> DataError:
    """`what` holds numbers whose mean, squares or differences are too large even for double precision."""
    largest = values[np.nanargmax(np.abs(values))]
    return DataError(f"{what} holds {largest:g}, too large to be scaled in double precision: correct it, or {fix}.")


def check_target(name: str, y: np.ndarray, dtype: str, scale: float, offset: float) -> None:
    """DataError unless a number format holds the scaled target y."""
    largest = y[np.abs(y).argmax()]
    if abs(largest) > np.finfo(dtype).max:
        value = largest * scale + offset
        raise too_large(
            f"target {name!r}", value, dtype, "correct it, use dataset.target_scaling=standardize, or another unit"
        )
