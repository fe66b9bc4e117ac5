"""Networks side by side: what each says all over its inputs, a small panel a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from runner.figures.draw.boundary import boundaries, limits, palette, tint
from runner.figures.draw.canvas import BLUE, FAINT, INK, RED, cut, plain, png, some

SIDE = 120  # points along each side of a panel
ALONG = 300  # points along a curve
PANEL, SHARP = 2.5, 150  # inches a panel, dots an inch
EXAMPLES = 300  # drawn in a panel
LONGEST = 34  # letters of a title
Function = Callable[[np.ndarray], np.ndarray]


@dataclass
class Panel:
    """A network under a title, in the units of the table: what it says to inputs [n, 1 or 2], class probabilities
    [n, C] or numbers [n]; examples x [n, 1 or 2] with their class codes or targets y [n]; and the function that the
    examples of a fit come from, where it is known.
    """

    title: str
    predict: Function
    x: np.ndarray
    y: np.ndarray
    truth: Function | None = None


def side_by_side(panels: Sequence[Panel], *, columns: int, names: Sequence[str]) -> bytes:
    """Decision boundaries over two inputs, or fits over one, on the same scale, `columns` in a row.

    `names` are those of the inputs; of a fit, of the input and of the target.
    """
    rows = -(-len(panels) // columns)
    size = (columns * PANEL + 0.5, rows * (PANEL + 0.15) + 0.4)
    figure = Figure(figsize=size, dpi=SHARP, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    everywhere = np.concatenate([panel.x for panel in panels])
    draw = _boundary if everywhere.shape[1] == 2 else _fit
    for axes, panel in zip(grid.flat, panels, strict=False):
        draw(axes, panel, everywhere)
        axes.set_title(plain(cut(panel.title, LONGEST)), fontsize=9)
        axes.tick_params(labelsize=7)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    figure.supxlabel(plain(names[0]), fontsize=9)
    figure.supylabel(plain(names[1]), fontsize=9)
    return png(figure)


def _boundary(axes, panel: Panel, everywhere: np.ndarray) -> None:
    left, right, low, high = extent = limits(everywhere)
    across, up = np.meshgrid(np.linspace(left, right, SIDE), np.linspace(low, high, SIDE))
    answer = panel.predict(np.stack([across.ravel(), up.ravel()], axis=1))
    if answer.ndim == 1:
        axes.imshow(answer.reshape(SIDE, SIDE), origin="lower", extent=extent, aspect="auto", cmap="viridis")
        return
    classes, shown = answer.shape[1], some(len(panel.x), EXAMPLES)
    axes.imshow(tint(answer, classes).reshape(SIDE, SIDE, 3), origin="lower", extent=extent, aspect="auto")
    boundaries(axes, across, up, answer, classes)
    axes.scatter(*panel.x[shown].T, s=6, c=palette(classes)[panel.y[shown]], edgecolors="white", linewidths=0.25)


def _fit(axes, panel: Panel, everywhere: np.ndarray) -> None:
    line, shown = np.linspace(everywhere.min(), everywhere.max(), ALONG), some(len(panel.x), EXAMPLES)
    axes.scatter(panel.x[shown, 0], panel.y[shown], s=6, color=BLUE, linewidths=0, alpha=0.6)
    if panel.truth is not None:
        axes.plot(line, panel.truth(line), "--", color=INK, linewidth=1)
    axes.plot(line, panel.predict(line[:, None]), color=RED, linewidth=1.8)
    axes.grid(color=FAINT, linewidth=0.5)
