"""What the columns of a file hold: numbers, words, holes. The same functions read training data and the input of
predictions.

A hole is an empty field or one of pandas' markers (NA, NaN, null, None, ...). true/false count as 1/0.
"""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING

import numpy as np

from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MOSTLY = 0.9  # a column with this share of numbers is a numeric column with something wrong in it


def _is_text(series: pd.Series) -> bool:
    """Whether cells must be looked at one by one (words, mixed objects, categories); they are no numbers yet."""
    import pandas as pd

    return not (pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype))


def parse(cell) -> float | None:
    """The number in a cell, or None if it holds something else (Python alone reads 2020_01 as a number)."""
    if isinstance(cell, str) and "_" in cell:
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def _holes(series: pd.Series) -> np.ndarray:
    """[N] whether a cell is a hole; blank text is one too."""
    holes = series.isna().to_numpy(bool)
    if _is_text(series):
        holes = holes | np.array([isinstance(cell, str) and not cell.strip() for cell in series], bool)
    return holes


def is_empty(series: pd.Series) -> bool:
    """Whether a column has nothing but holes."""
    return bool(_holes(series).all())


def check_cells(series: pd.Series, name: str) -> None:
    """Raise DataError if a column holds dates, lists or anything else that is neither number nor text."""
    if not _is_text(series):
        return
    odd = [cell for cell in series[~_holes(series)] if not isinstance(cell, (str, Number, np.bool_))]
    if odd:
        raise DataError(
            f"column {name!r} holds values of type {type(odd[0]).__name__}; numbers, text and true/false are "
            f"understood. Convert it, or leave it out: dataset.drop=[{name}]"
        )


def is_numeric(series: pd.Series) -> bool:
    """Whether a column is to be read as numbers: all of its cells are, or so many that the others must be mistakes."""
    if not _is_text(series):
        return True
    cells = series[~_holes(series)]
    numbers_found = sum(parse(cell) is not None for cell in cells)
    return numbers_found >= MOSTLY * max(len(cells), 1)


def numbers(series: pd.Series, name: str, advice: str = "") -> np.ndarray:
    """The column as float64 [N], NaN for a hole; DataError naming column and row of the first text or infinity.

    `advice` is what to do about text, if it is not that of an input column in training.
    """
    if _is_text(series):
        advice = advice or f"Correct it, leave the cell empty, or take the column as categories: {as_categories(name)}"
        values = _parse_all(series, name, advice)
    else:
        values = series.to_numpy(np.float64, na_value=np.nan)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError(
            f"column {name!r} holds an infinite value ({values[infinite[0]]}) in data row {infinite[0] + 1}. "
            "Replace it by a number, or leave the cell empty."
        )
    return values


def as_categories(name: str) -> str:
    """What to type to take a column as categories."""
    return f"dataset.categorical=[{name}]"


def _parse_all(series: pd.Series, name: str, advice: str) -> np.ndarray:
    holes = _holes(series)
    values = np.full(len(series), np.nan)
    for i, cell in enumerate(series):
        if not holes[i]:
            parsed = parse(cell)
            if parsed is None:
                raise DataError(f"column {name!r} holds numbers, but {str(cell)!r} in data row {i + 1}. {advice}")
            values[i] = parsed
    return values


def texts(series: pd.Series) -> np.ndarray:
    """The column as an object array [N] of text, None for a hole; 3.0 and 3 both become "3"."""
    holes = _holes(series)
    return np.array([None if hole else _text(cell) for cell, hole in zip(series, holes, strict=True)] + [None], object)[
        :-1
    ]


def _text(cell) -> str:
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def without_holes(values: np.ndarray, name: str) -> np.ndarray:
    """The values of a target; DataError if one is missing."""
    holes = np.array([value is None or value != value for value in values], bool)
    if holes.any():
        raise DataError(
            f"the target {name!r} is missing in {holes.sum()} of {len(values)} rows (first: data row "
            f"{np.flatnonzero(holes)[0] + 1}; "
            "empty, NA, NaN, null and None count as missing). Fill it or remove these rows."
        )
    return values
