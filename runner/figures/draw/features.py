"""What the units of the first layer look for, as images or as curves."""

from __future__ import annotations

import numpy as np

from runner.figures.draw.sheet import COLUMNS, ROWS, coloured, sheet


def unit_images(weights: np.ndarray, shape: tuple[int, ...] | None, *, title: str = "") -> bytes:
    """The units with the longest weights, each in its own units: of images grey is 0, white the largest weight; of
    signals a curve over time around 0.

    Args:
        weights: incoming weights [units, channels height width] of images, [units, times] of signals.
        shape: (channels, height, width); None for signals.
    """
    longest = np.sort(np.argsort(-np.square(weights).sum(1), kind="stable")[: COLUMNS * ROWS])
    names = [str(unit + 1) for unit in longest]
    values = weights[longest].astype(np.float64)
    if shape is None:
        return sheet(_at_most_one(values) / 1.1, names, title=title, zero=True)
    images = _at_most_one(coloured(values.reshape(len(values), *shape)))
    return sheet(0.5 + images / 2, names, title=title)


def _at_most_one(values: np.ndarray) -> np.ndarray:
    """Each of `values` [n, ...] divided by its largest size."""
    largest = np.abs(values).reshape(len(values), -1).max(1)
    return values / np.maximum(largest, np.finfo(float).tiny).reshape(-1, *[1] * (values.ndim - 1))
