"""Training images or signals, before and after augmentation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from runner.figures.draw.canvas import DPI, cut_lines, plain, png

CELL = 1.15  # inches an image
WORD = 16  # letters of a line of a caption


def image_pairs(
    before: np.ndarray, after: np.ndarray, *, above: Sequence[str], below: Sequence[str], title: str = ""
) -> bytes:
    """Originals in the upper row, the same augmented below.

    Args:
        before, after: images [n, channels, height, width] between 0 (black) and 1, or signals [n, times].
        above, below: a caption for each image of a row, lines separated by newlines; "" for none.
    """
    count, lines = len(before), max(1 + text.count("\n") for text in (*above, *below))
    figure = Figure(figsize=(count * CELL + 0.55, 2 * (CELL + 0.17 * lines) + 0.35), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(plain(title), fontsize=10)
    grid = figure.subplots(2, count, squeeze=False)
    rows = ((before, above, "original"), (after, below, "augmented"))
    if before.ndim == 2:  # one scale of values for both of a pair
        for upper, lower in grid.T:
            lower.sharey(upper)
    for axes_of_row, (images, captions, name) in zip(grid, rows, strict=True):
        axes_of_row[0].set_ylabel(name, fontsize=9)
        for axes, image, caption in zip(axes_of_row, images, captions, strict=True):
            _show(axes, image, caption)
    return png(figure)


def _show(axes, image: np.ndarray, caption: str) -> None:
    if image.ndim == 1:
        axes.plot(image, linewidth=1)
    else:
        picture = np.moveaxis(image, 0, 2) if len(image) == 3 else image.mean(axis=0)
        axes.imshow(np.clip(picture, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(cut_lines(caption, WORD), fontsize=8, pad=3)
