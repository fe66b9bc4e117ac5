"""Examples as pictures under captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.figures.draw.canvas import BLUE, canvas, cut, plain, png

COLUMNS, ROWS = 6, 4
WORD = 15  # letters of a line of a caption


def examples(pictures: np.ndarray, captions: Sequence[str], *, title: str = "") -> bytes:
    """Images [n, channels, height, width] between 0 (black) and 1, or signals [n, times], n at most 24."""
    figure = canvas()
    grid = figure.subplots(ROWS, COLUMNS, squeeze=False)
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.84, wspace=0.15, hspace=0.7)
    for axes, picture, caption in zip(grid.flat, pictures, captions, strict=False):
        if picture.ndim == 1:
            axes.plot(picture, linewidth=1.2, color=BLUE)
        else:
            image = np.moveaxis(picture, 0, 2) if len(picture) == 3 else picture.mean(axis=0)
            axes.imshow(np.clip(image, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title("\n".join(plain(cut(line, WORD)) for line in caption.split("\n")), fontsize=7.5, pad=2)
    for axes in grid.flat:
        axes.set_axis_off()
    figure.suptitle(plain(title), fontsize=10)
    return png(figure)
