"""What the units of the first layer look for, as images or as curves."""

from __future__ import annotations

import numpy as np

from runner.figures.draw.sheet import COLUMNS, ROWS, sheet


def unit_images(weights: np.ndarray, shape: tuple[int, ...] | None, *, title: str = "") -> bytes:
    """The units with the longest weights, each in its own units: of images grey is 0, white the largest weight; of
    signals a curve over time around 0.

    Args:
        weights: incoming weights [units, channels height width] of images, [units, times] of signals.
        shape: (channels, height, width); None for signals.
    """
    longest = np.sort(np.argsort(-np.square(weights).sum(1), kind="stable")[: COLUMNS * ROWS])
    values = weights[longest].astype(np.float64)
    if shape is not None and shape[0] != 3:
        values = values.reshape(len(values), shape[0], -1).mean(1)
    values = values / np.maximum(np.abs(values).max(1, keepdims=True), np.finfo(float).tiny)
    names = [str(unit + 1) for unit in longest]
    if shape is None:
        return sheet(values / 1.1, names, title=title, zero=True)
    channels = shape[0] if shape[0] == 3 else 1
    images = np.moveaxis(0.5 + values.reshape(len(values), channels, *shape[1:]) / 2, 1, 3)
    return sheet(images.repeat(3 // channels, axis=3), names, title=title)
