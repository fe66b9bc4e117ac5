"""Fitting an encoding to the training rows, and to nothing else.

Statistics are taken in float64. Per numeric column, after holes are filled with the median: standardize (x - mean) / sd
with the population sd; minmax (x - min) / (max - min); quantile as `runner.data.quantiles` says; none x / divisor. A
constant column keeps scale 1.
"""

from __future__ import annotations

import numpy as np

from runner.data.encoding import CHUNK, MISSING, Encoding
from runner.data.quantiles import fit_quantiles
from runner.data.sizes import not_scalable
from runner.data.sources.base import RawTable
from runner.errors import DataError

EPS = np.finfo(np.float64).eps


def fit(table: RawTable, train: np.ndarray, scaling: str, target_scaling: str, dtype: str) -> Encoding:
    """The encoding fitted on the rows `train` (int64) of the table. DataError for a column without a value there."""
    with np.errstate(over="raise"):
        try:
            fill = _medians(table, train)
            offset, scale = _affine(table, train, fill, scaling)
        except FloatingPointError as error:
            raise _largest(table, train) from error
        try:
            target_offset, target_scale = _target_affine(table, train, target_scaling)
        except FloatingPointError as error:
            values = table.target[train]
            raise not_scalable(f"target {table.target_name!r}", values, "give it in another unit") from error
    return Encoding(
        task=table.task,
        target=table.target_name,
        columns=list(table.column_order or table.numeric_names),
        numeric=list(table.numeric_names),
        fill=fill.tolist(),
        offset=offset.tolist(),
        scale=scale.tolist(),
        categories={name: _categories(words[train]) for name, words in table.categorical.items()},
        labels=table.labels,
        target_offset=target_offset,
        target_scale=target_scale,
        dtype=dtype,
        image_shape=table.image_shape,
        quantiles=_quantiles(table, train, fill) if scaling == "quantile" else [],
        ranges=[] if table.image_shape else _ranges(table, train, fill),
        reading=table.reading,
    )


def _largest(table: RawTable, train: np.ndarray) -> DataError:
    """The error for the column with the largest number."""
    column = int(np.nanargmax(np.nanmax(np.abs(table.numeric_ND[train]), axis=0)))
    name = table.numeric_names[column]
    return not_scalable(f"column {name!r}", table.numeric_ND[train, column], f"leave it out: dataset.drop=[{name}]")


def _categories(words: np.ndarray) -> list[str | None]:
    """The different words in order, holes where "missing" would stand."""
    return sorted(set(words), key=lambda word: (MISSING, 0) if word is None else (word, 1))


def _medians(table: RawTable, train: np.ndarray) -> np.ndarray:
    """Median of each numeric column over its values; 0 for the pixels of an image, which has no holes."""
    if table.image_shape:
        return np.zeros(len(table.numeric_names))
    block = table.numeric_ND[train].astype(np.float64)
    empty = np.isnan(block).all(axis=0)
    if empty.any():
        name = table.numeric_names[int(np.flatnonzero(empty)[0])]
        raise DataError(
            f"column {name!r} has no value in any of the {len(train)} training rows. Leave it out: "
            f"dataset.drop=[{name}]"
        )
    return np.nanmedian(block, axis=0)


def _affine(table: RawTable, train: np.ndarray, fill: np.ndarray, scaling: str) -> tuple[np.ndarray, np.ndarray]:
    """(offset, scale), each [F]."""
    width = len(table.numeric_names)
    if scaling in ("none", "quantile"):
        return np.zeros(width), np.full(width, float(table.divisor) if scaling == "none" else 1.0)
    return (_moments if scaling == "standardize" else _range)(table.numeric_ND, train, fill)


def _quantiles(table: RawTable, train: np.ndarray, fill: np.ndarray) -> list[list[float]]:
    """The quantiles of each numeric column over the training rows."""
    columns = (table.numeric_ND[train, f].astype(np.float64) for f in range(len(fill)))
    return [
        fit_quantiles(np.where(np.isnan(values), hole, values)).tolist()
        for values, hole in zip(columns, fill, strict=True)
    ]


def _ranges(table: RawTable, train: np.ndarray, fill: np.ndarray) -> list[list[float]]:
    """The lowest and the highest number of each numeric column over the training rows."""
    blocks = [(block.min(axis=0), block.max(axis=0)) for block in _blocks(table.numeric_ND, train, fill)]
    low, high = (np.array(ends) for ends in zip(*blocks, strict=True))
    return np.stack([low.min(axis=0), high.max(axis=0)], axis=1).tolist()


def _blocks(values_NF: np.ndarray, train: np.ndarray, fill: np.ndarray):
    """The training rows in float64 without holes, some thousand rows at a time."""
    for start in range(0, len(train), CHUNK):
        block = values_NF[train[start : start + CHUNK]].astype(np.float64)
        yield np.where(np.isnan(block), fill, block)


def _moments(values_NF: np.ndarray, train: np.ndarray, fill: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation in two passes; a variance that is only rounding counts as zero (as scikit-learn)."""
    n = len(train)
    mean = sum(block.sum(axis=0) for block in _blocks(values_NF, train, fill)) / n
    variance = sum(((block - mean) ** 2).sum(axis=0) for block in _blocks(values_NF, train, fill)) / n
    constant = variance <= n * EPS * variance + (n * mean * EPS) ** 2
    return mean, np.where(constant, 1.0, np.sqrt(variance))


def _range(values_NF: np.ndarray, train: np.ndarray, fill: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low = np.min([block.min(axis=0) for block in _blocks(values_NF, train, fill)], axis=0)
    high = np.max([block.max(axis=0) for block in _blocks(values_NF, train, fill)], axis=0)
    return low, np.where(high - low < 10 * EPS, 1.0, high - low)


def _target_affine(table: RawTable, train: np.ndarray, target_scaling: str) -> tuple[float, float]:
    if table.task == "classification" or target_scaling == "none":
        return 0.0, 1.0
    mean, sd = _moments(table.target[:, None], train, np.zeros(1))
    return float(mean[0]), float(sd[0])
