"""A plane of two inputs after more and more epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from runner.figures.draw.boundary import palette
from runner.figures.draw.canvas import canvas, plain, png, some

COLUMNS = 4
PANEL = 1.95  # inches, with the gap
GAP, ABOVE = 0.08, 0.17  # between panels and above each, as shares of a panel
EDGES = (0.62, 0.12, 0.55, 0.35)  # inches to the left, to the right, below and above all panels
EXAMPLES = 200  # drawn in a panel
TICKS = 4
Extent = tuple[float, float, float, float]


def planes_by_epoch(
    images: Mapping[int, np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    extent: Extent,
    *,
    names: Sequence[str],
    title: str = "",
) -> bytes:
    """A panel for each epoch: its picture [G, G, 3], the lowest row first, with the examples x [n, 2] of classes y [n]
    on top.

    All panels are one pair of axes in units of a panel: a pair for each would take five times as long.
    """
    columns, rows = min(COLUMNS, len(images)), -(-len(images) // COLUMNS)
    places = [(i % columns * (1 + GAP), (rows - 1 - i // columns) * (1 + ABOVE)) for i in range(len(images))]
    wide, high = columns * (1 + GAP) - GAP, rows * (1 + ABOVE)
    left, right, below, above = EDGES
    size = (left + wide * PANEL + right, below + high * PANEL + above)
    figure = canvas(size=size)
    inside = (left / size[0], below / size[1], wide * PANEL / size[0], high * PANEL / size[1])
    axes = figure.add_axes(inside, xlim=(0, wide), ylim=(0, high))
    axes.spines[:].set_visible(False)
    shown, colours = some(len(x), EXAMPLES), palette(int(y.max()) + 1)
    dots = np.stack([_share(x[shown, 0], extent[:2]), _share(x[shown, 1], extent[2:])], 1)
    for (across, up), (epoch, image) in zip(places, images.items(), strict=True):
        axes.imshow(image, origin="lower", extent=(across, across + 1, up, up + 1), aspect="auto")
        axes.text(across + 0.5, up + 1.03, f"epoch {epoch:,}", fontsize=9, ha="center")
    everywhere = np.concatenate([dots + place for place in places])
    axes.scatter(
        everywhere[:, 0],
        everywhere[:, 1],
        s=5,
        c=np.tile(colours[y[shown]], (len(places), 1)),
        edgecolors="white",
        linewidths=0.25,
    )
    axes.set(xlim=(0, wide), ylim=(0, high), xlabel=plain(names[0]), ylabel=plain(names[1]))
    axes.set_xticks(*_ticks(extent[:2], sorted({across for across, _ in places})))
    axes.set_yticks(*_ticks(extent[2:], sorted({up for _, up in places})))
    axes.tick_params(labelsize=7)
    figure.suptitle(plain(title), fontsize=10, y=1 - 0.1 / size[1])
    return png(figure)


def _share(values: np.ndarray, ends: tuple[float, float] | Sequence[float]) -> np.ndarray:
    return (values - ends[0]) / (ends[1] - ends[0])


def _ticks(ends: Sequence[float], starts: Sequence[float]) -> tuple[list[float], list[str]]:
    """(places, labels) of round numbers along each of the panels that start there."""
    values = [each for each in MaxNLocator(TICKS, steps=[1, 2, 5, 10]).tick_values(*ends) if ends[0] <= each <= ends[1]]
    places = [start + _share(np.array(values), ends) for start in starts]
    return np.concatenate(places).tolist(), [f"{each:g}" for each in values] * len(starts)
