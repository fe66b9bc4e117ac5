"""Fitting an encoding to the training rows, and to nothing else.

Statistics are taken in float64. Per numeric column, after holes are filled with the median: standardize (x - mean) / sd
with the population sd; minmax (x - min) / (max - min); minmax_symmetric twice that less 1; quantile as
`runner.data.quantiles` says; none x / divisor. A constant column keeps scale 1, and is exactly zero but with none.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable

import numpy as np

from runner.config.words import word
from runner.data.autoencoding import scales_of_inputs
from runner.data.encoding import CHUNK, MISSING, Encoding
from runner.data.piecewise import fit_edges
from runner.data.products import made_of_categories, made_of_numbers, with_made
from runner.data.quantiles import fit_quantiles
from runner.data.randomized import pixel_order
from runner.data.sizes import not_scalable
from runner.data.sources.base import AUTOENCODER, RawTable, Source
from runner.data.target_scaling import TargetScale, check_logarithm, fit_target
from runner.errors import DataError

Fitted = Callable[[np.ndarray], np.ndarray]
EPS = np.finfo(np.float64).eps


def fit(table: RawTable, train: np.ndarray, source: Source, dtype: str) -> Encoding:
    """The encoding that the keys of `source` ask for, fitted on the rows `train` (int64) of the table. DataError for a
    column without a value there.
    """
    scaling, given, reconstructs = source.scaling, table, source.task == AUTOENCODER
    products, crossed = (
        ({}, {}) if table.image_shape else (made_of_numbers(table, source), made_of_categories(table, source))
    )
    if products or crossed:
        table = with_made(table, _medians(table, train), products, crossed)
    with np.errstate(over="raise"):
        try:
            fill = _medians(table, train)
            offset, scale = _affine(table, train, fill, scaling)
        except FloatingPointError as error:
            raise _largest(table, train) from error
        classes = table.classes()
        numbers = {} if reconstructs else {k: v for k, v in table.answers().items() if k not in classes}
        targets = dict.fromkeys(table.answers(), TargetScale()) | {
            name: _target_scale(name, values, train, source.target_scaling) for name, values in numbers.items()
        }
        target = TargetScale() if table.targets else targets[table.target_name]
    categories = {name: _categories(words[train], table.max_categories) for name, words in table.categorical.items()}
    encoding = Encoding(
        task=table.task,
        target=table.target_name,
        columns=list(table.column_order or given.numeric_names),
        numeric=list(table.numeric_names),
        fill=fill.tolist(),
        offset=offset.tolist(),
        scale=scale.tolist(),
        categories={name: words for name, (words, _) in categories.items()},
        labels=table.labels,
        target_offset=target.offset,
        target_scale=target.scale,
        dtype=dtype,
        image_shape=table.image_shape,
        quantiles=_each(table, train, fill, fit_quantiles) if scaling == "quantile" else [],
        edges=_edges(table, train, fill, source.bins) if source.numbers == "piecewise" else [],
        ranges=[] if table.image_shape else _ranges(table, train, fill),
        dates=table.dates,
        texts=list(table.texts),
        text_features=table.text_features if table.texts else 0,
        ngrams=table.ngrams if table.texts else 0,
        rest=[name for name, (_, more) in categories.items() if more],
        target_log=target.log,
        target_quantiles=target.quantiles,
        reading=table.reading,
        order=pixel_order(table, source),
        targets=targets if table.targets else {},
        labels_of=table.labels_of,
        reconstructs=reconstructs,
        products=products,
        crossed=crossed,
    )
    return dataclasses.replace(encoding, targets=scales_of_inputs(encoding)) if reconstructs else encoding


def _largest(table: RawTable, train: np.ndarray) -> DataError:
    """The error for the column with the largest number."""
    column = int(np.nanargmax(np.nanmax(np.abs(table.numeric_ND[train]), axis=0)))
    name = table.numeric_names[column]
    return not_scalable(
        f"column {name!r}", table.numeric_ND[train, column], f"leave it out: {word('dataset.drop', [name])}"
    )


def _categories(words: np.ndarray, most: int | None) -> tuple[list[str | None], bool]:
    """(the most frequent words in order, holes where "missing" would stand; whether there are more).

    Of equally frequent ones the first in order are taken.
    """
    counts = Counter(words)
    ordered = sorted(counts, key=lambda word: (MISSING, 0) if word is None else (word, 1))
    kept = set(sorted(ordered, key=lambda word: -counts[word])[:most])
    return [word for word in ordered if word in kept], len(kept) < len(ordered)


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
            f"{word('dataset.drop', [name])}"
        )
    return np.nanmedian(block, axis=0)


def _affine(table: RawTable, train: np.ndarray, fill: np.ndarray, scaling: str) -> tuple[np.ndarray, np.ndarray]:
    """(offset, scale), each [F]."""
    width = len(table.numeric_names)
    if scaling in ("none", "quantile"):
        return np.zeros(width), np.full(width, float(table.divisor) if scaling == "none" else 1.0)
    low, high = _ends(table.numeric_ND, train, fill)
    if scaling == "minmax":
        return low, np.where(high - low < 10 * EPS, 1.0, high - low)
    if scaling == "minmax_symmetric":
        half = high / 2 - low / 2
        return np.where(low == high, low, low + half), np.where(half < 5 * EPS, 1.0, half)
    mean, sd = _moments(table.numeric_ND, train, fill)
    return np.where(low == high, low, mean), sd


def _each(table: RawTable, train: np.ndarray, fill: np.ndarray, fitted: Fitted) -> list[list[float]]:
    """What is fitted to each numeric column over the training rows."""
    columns = (table.numeric_ND[train, f].astype(np.float64) for f in range(len(fill)))
    filled = (np.where(np.isnan(values), hole, values) for values, hole in zip(columns, fill, strict=True))
    return [fitted(values).tolist() for values in filled]


def _edges(table: RawTable, train: np.ndarray, fill: np.ndarray, bins: int) -> list[list[float]]:
    """The edges of the bins of each numeric column; none at all if no column has bins."""
    found = _each(table, train, fill, lambda values: fit_edges(values, bins))
    return found if any(found) else []


def _ranges(table: RawTable, train: np.ndarray, fill: np.ndarray) -> list[list[float]]:
    """The lowest and the highest number of each numeric column over the training rows."""
    return np.stack(_ends(table.numeric_ND, train, fill), axis=1).tolist()


def _ends(values_NF: np.ndarray, train: np.ndarray, fill: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same as two arrays [F]."""
    blocks = [(block.min(axis=0), block.max(axis=0)) for block in _blocks(values_NF, train, fill)]
    low, high = (np.array(ends) for ends in zip(*blocks, strict=True))
    return low.min(axis=0), high.max(axis=0)


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


def _target_scale(name: str, values: np.ndarray, train: np.ndarray, target_scaling: str) -> TargetScale:
    if target_scaling == "log":
        check_logarithm(name, values)
    try:
        return fit_target(values[train], target_scaling, _moments_of_one)
    except FloatingPointError as error:
        raise not_scalable(f"target {name!r}", values[train], "give it in another unit") from error


def _moments_of_one(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of numbers [n]."""
    mean, sd = _moments(values[:, None], np.arange(len(values)), np.zeros(1))
    return float(mean[0]), float(sd[0])
