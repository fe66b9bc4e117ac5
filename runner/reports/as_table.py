"""What a Python program gives to predict, as a table with named columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from runner.data.encoding import Encoding
from runner.errors import DataError, shortened

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # columns named in an error


def as_frame(inputs: Any, encoding: Encoding) -> pd.DataFrame:
    """A table with named columns from a table or an array [n, columns]; DataError if the shape does not fit."""
    import pandas as pd

    if isinstance(inputs, pd.DataFrame):
        return _named(inputs)
    array, columns, image = _array(inputs), encoding.columns, encoding.image_shape
    if image and array.shape[1:] in (image, image[1:]) and array[:1].size in (0, len(columns)):
        array = array.reshape(len(array), len(columns))
    if array.ndim != 2 or array.shape[1] != len(columns):
        raise DataError(
            f"an array of shape {array.shape} does not fit: expected [rows, {len(columns)}], one column each for "
            f"{', '.join(columns[:SHOWN])}{', ...' if len(columns) > SHOWN else ''}."
        )
    return pd.DataFrame(array, columns=columns)


def _array(inputs: Any) -> np.ndarray:
    try:
        return np.asarray(inputs)
    except ValueError as error:
        raise DataError(f"{shortened(inputs)} is neither a table nor an array: {error}") from error


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with column names that are text, as in a file; DataError if one is there twice."""
    names = table.columns.map(str)
    if names.has_duplicates:
        raise DataError(
            f"the table has more than one column {names[names.duplicated()][0]!r}. Rename or remove the others."
        )
    return table if all(isinstance(name, str) for name in table.columns) else table.set_axis(names, axis=1)
