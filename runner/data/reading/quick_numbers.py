"""The quick way with columns of text that are numbers as computers write them: by pyarrow, without a look at cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pandas as pd


def cast(series: pd.Series, decimal: str) -> np.ndarray | None:
    """The numbers of a column of text, NaN for a hole; None if one is not written as computers write it."""
    cells = _texts(series)
    if decimal != "." and pc.any(pc.match_substring(cells, ".")).as_py():
        return None
    try:
        found = pc.if_else(pc.equal(cells, ""), None, cells).cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return found.to_numpy(zero_copy_only=False)


def points(series: pd.Series) -> str:
    """What the points in a column of plain numbers are: decimal if one cannot stand between thousands."""
    for cells in (series[:1000], series):
        texts = _texts(cells)
        pointed = pc.match_substring(texts, ".")
        grouped = pc.match_substring_regex(texts, r"^[+-]?[1-9]\d{0,2}\.\d{3}$")
        if pc.any(pc.and_not(pointed, grouped)).as_py():
            return "."
    return "either ." if pc.any(pointed).as_py() else ""


def _texts(series: pd.Series) -> pa.Array:
    found = pa.array(series, pa.large_string(), from_pandas=True)
    return pc.utf8_trim_whitespace(found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found)
