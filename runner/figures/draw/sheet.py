"""Small pictures under captions on one sheet, placed by hand: a pair of axes for each would take ten times as long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection

from runner.figures.draw.canvas import BLUE, DPI, INK, SIZE, canvas, cut_lines, plain, png

COLUMNS, ROWS = 6, 4
WORD = 15  # letters of a line of a caption
WIDTH, HEIGHT = (round(DPI * inches) for inches in SIZE)
TOP, EDGE = 80, 18  # pixels for the title; around the sheet and between pictures
LINE = 24  # pixels of a line of a caption


def sheet(pictures: np.ndarray, captions: Sequence[str], *, title: str = "", zero: bool = False) -> bytes:
    """At most 24 pictures, by rows.

    Args:
        pictures: images [n, height, width, 3] between 0 (black) and 1, or curves [n, times] between -1 and 1.
        captions: one each, lines separated by newlines.
        zero: whether curves have a line at 0.
    """
    figure, lines = canvas(), 1 + max(caption.count("\n") for caption in captions)
    wide, high = (WIDTH - EDGE) // COLUMNS, (HEIGHT - TOP) // ROWS
    box = wide - EDGE, high - EDGE - LINE * lines
    paper, curves = np.ones((HEIGHT, WIDTH, 3), np.float32), []
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=False)):
        left, top = EDGE + i % COLUMNS * wide, TOP + i // COLUMNS * high
        words = cut_lines(caption, WORD)
        at = (left + box[0] / 2) / WIDTH, 1 - top / HEIGHT
        figure.text(*at, words, fontsize=7.5, ha="center", va="top", linespacing=1.05)
        if picture.ndim == 1:
            middle = HEIGHT - (top + LINE * lines + box[1] / 2)
            across = left + np.linspace(0, box[0], len(picture))
            curves.append(np.stack([across, middle + picture * box[1] / 2], 1))
            curves += [np.array([[left, middle], [left + box[0], middle]])] if zero else []
        else:
            image = _enlarged(picture, box)
            row, column = top + LINE * lines, left + (box[0] - image.shape[1]) // 2
            paper[row : row + len(image), column : column + image.shape[1]] = image
    if not curves:
        figure.figimage(paper, vmin=0, vmax=1)
    else:
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, HEIGHT))
        axes.set_axis_off()
        colours = [BLUE, INK] if zero else BLUE
        axes.add_collection(LineCollection(curves, colors=colours, linewidths=[1.2, 0.5] if zero else 1.2))
    figure.suptitle(plain(title), fontsize=10)
    return png(figure)


def coloured(images: np.ndarray) -> np.ndarray:
    """[n, height, width, 3] of images [n, channels, height, width]: three channels as they are, else grey, the mean."""
    shown = images if images.shape[1] == 3 else images.mean(1, keepdims=True).repeat(3, axis=1)
    return np.moveaxis(shown, 1, 3)


def _enlarged(image: np.ndarray, box: tuple[int, int]) -> np.ndarray:
    """As large as fits into `box` (width, height), each pixel the nearest of the image."""
    height, width = image.shape[:2]
    scale = min(box[0] / width, box[1] / height)
    tall, wide = max(1, int(height * scale)), max(1, int(width * scale))
    return image[np.arange(tall) * height // tall][:, np.arange(wide) * width // wide]
