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


@dataclass
class Panel:
    """A network under a title: what it says to inputs [n, 1 or 2] (class probabilities [n, C], or numbers [n])."""

    title: str
    predict: Callable[[np.ndarray], np.ndarray]


def side_by_side(
    panels: Sequence[Panel],
    x: np.ndarray,
    y: np.ndarray,
    *,
    columns: int,
    names: Sequence[str],
    truth: Callable[[np.ndarray], np.ndarray] | None = None,
) -> bytes:
    """Decision boundaries over two inputs, or fits over one, of networks for the same data, on the same scale.

    Args:
        x: examples [n, 1 or 2] in original units, of which some are drawn.
        y: their class codes (integers) or targets [n].
        columns: panels in a row.
        names: of the inputs; of a fit, of the input and of the target.
        truth: the function that the examples of a fit come from, where it is known.
    """
    rows = -(-len(panels) // columns)
    size = (columns * PANEL + 0.5, rows * (PANEL + 0.15) + 0.4)
    figure = Figure(figsize=size, dpi=SHARP, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    draw = _boundary if x.shape[1] == 2 else _fit
    shown = some(len(x), EXAMPLES)
    for axes, panel in zip(grid.flat, panels, strict=False):
        draw(axes, panel, x, x[shown], y[shown], truth)
        axes.set_title(plain(cut(panel.title, LONGEST)), fontsize=9)
        axes.tick_params(labelsize=7)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    figure.supxlabel(plain(names[0]), fontsize=9)
    figure.supylabel(plain(names[1]), fontsize=9)
    return png(figure)


def _boundary(axes, panel: Panel, x: np.ndarray, shown: np.ndarray, y: np.ndarray, truth: object) -> None:
    left, right, low, high = extent = limits(x)
    across, up = np.meshgrid(np.linspace(left, right, SIDE), np.linspace(low, high, SIDE))
    answer = panel.predict(np.stack([across.ravel(), up.ravel()], axis=1))
    if answer.ndim == 1:
        axes.imshow(answer.reshape(SIDE, SIDE), origin="lower", extent=extent, aspect="auto", cmap="viridis")
        return
    classes = answer.shape[1]
    axes.imshow(tint(answer, classes).reshape(SIDE, SIDE, 3), origin="lower", extent=extent, aspect="auto")
    boundaries(axes, across, up, answer, classes)
    axes.scatter(*shown.T, s=6, c=palette(classes)[y], edgecolors="white", linewidths=0.25)


def _fit(
    axes,
    panel: Panel,
    x: np.ndarray,
    shown: np.ndarray,
    y: np.ndarray,
    truth: Callable[[np.ndarray], np.ndarray] | None,
) -> None:
    line = np.linspace(x.min(), x.max(), ALONG)
    axes.scatter(shown[:, 0], y, s=6, color=BLUE, linewidths=0, alpha=0.6)
    if truth is not None:
        axes.plot(line, truth(line), "--", color=INK, linewidth=1)
    axes.plot(line, panel.predict(line[:, None]), color=RED, linewidth=1.8)
    room = 0.2 * max(float(np.ptp(y)), 1e-6)
    axes.set_ylim(float(y.min()) - room, float(y.max()) + room)
    axes.grid(color=FAINT, linewidth=0.5)
