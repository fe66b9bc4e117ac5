"""What the units of the first layer look for, as images or as curves."""

from __future__ import annotations

import numpy as np

from runner.figures.draw.canvas import BLUE, INK, canvas, plain, png

COLUMNS, ROWS = 6, 4


def unit_images(weights: np.ndarray, shape: tuple[int, ...] | None, *, title: str = "") -> bytes:
    """The units with the longest weights, each in its own units: of images grey is 0, white the largest weight; of
    signals a curve over time around 0.

    Args:
        weights: incoming weights [units, channels height width] of images, [units, times] of signals.
        shape: (channels, height, width); None for signals.
    """
    longest = np.sort(np.argsort(-np.square(weights).sum(1), kind="stable")[: COLUMNS * ROWS])
    figure = canvas()
    grid = figure.subplots(ROWS, COLUMNS, squeeze=False)
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.88, wspace=0.08, hspace=0.28)
    for axes, unit in zip(grid.flat, longest, strict=False):
        values = weights[unit].astype(np.float64)
        _curve(axes, values) if shape is None else _image(axes, values.reshape(shape))
        axes.set_title(str(unit + 1), fontsize=7, pad=2)
    for axes in grid.flat:
        axes.set_axis_off()
    figure.suptitle(plain(title), fontsize=10)
    return png(figure)


def _image(axes, values: np.ndarray) -> None:
    values = values if len(values) == 3 else values.mean(0, keepdims=True)
    image = np.moveaxis(0.5 + values / (2 * (np.abs(values).max() or 1.0)), 0, 2)
    axes.imshow(image.repeat(3 // image.shape[2], axis=2), vmin=0, vmax=1, interpolation="nearest")


def _curve(axes, values: np.ndarray) -> None:
    largest = 1.1 * (np.abs(values).max() or 1.0)
    axes.axhline(0, color=INK, linewidth=0.5)
    axes.plot(values, color=BLUE, linewidth=1.2)
    axes.set_ylim(-largest, largest)
