"""What the units of the first layer look for, as images."""

from __future__ import annotations

import numpy as np

from runner.figures.draw.canvas import canvas, plain, png

COLUMNS, ROWS = 6, 4


def unit_images(weights: np.ndarray, shape: tuple[int, int, int], *, title: str = "") -> bytes:
    """The units with the longest weights, each as an image in its own units: grey is 0, white the largest weight.

    Args:
        weights: incoming weights [units, channels height width] of images.
        shape: (channels, height, width).
    """
    longest = np.sort(np.argsort(-np.square(weights).sum(1), kind="stable")[: COLUMNS * ROWS])
    figure = canvas()
    grid = figure.subplots(ROWS, COLUMNS, squeeze=False)
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.88, wspace=0.08, hspace=0.28)
    for axes, unit in zip(grid.flat, longest, strict=False):
        values = weights[unit].reshape(shape).astype(np.float64)
        values = values if len(values) == 3 else values.mean(0, keepdims=True)
        largest = np.abs(values).max() or 1.0
        image = np.moveaxis(0.5 + values / (2 * largest), 0, 2)
        axes.imshow(image.repeat(3 // image.shape[2], axis=2), vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(str(unit + 1), fontsize=7, pad=2)
    for axes in grid.flat:
        axes.set_axis_off()
    figure.suptitle(plain(title), fontsize=10)
    return png(figure)
