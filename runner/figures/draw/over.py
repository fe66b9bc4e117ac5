"""A metric against the values of a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from runner.figures.draw.canvas import COLOURS, INK, canvas, cut, dress, log_if_wide, plain, png

LINES: dict[str, Literal["-", "--", ":"]] = {"val": "-", "train": "--", "test": ":"}
MARKS = {"val": "o"}
NAMES = {"val": "validation", "train": "training", "test": "test"}
SOLID = "val"
COLUMNS = 3  # of the legend
MOST = 9  # values that are labelled
DECADE = 10  # a ratio from which the axis of the key is logarithmic
LONGEST = 26  # letters of a name
ACROSS, PANEL = 3, 3.0  # panels in a row, inches a panel


@dataclass
class Curve:
    """Means and standard deviations of a split at values of the key: x, mean and sd [n]."""

    group: str  # the value of the key of the colours
    split: str
    x: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    panel: str = ""  # the value of the key of the panels


def metric_over_key(
    curves: Sequence[Curve], metric: str, key: str, *, title: str = "", panels: Sequence[str] = ("",)
) -> bytes:
    """Validation solid with a band of one standard deviation, training dashed, test dotted, a colour a group; panels
    share their axes.
    """
    across, down = min(len(panels), ACROSS), -(-len(panels) // ACROSS)
    figure = canvas() if len(panels) == 1 else canvas(fitted=True, size=(across * PANEL, down * PANEL + 1.0))
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    groups = list(dict.fromkeys(curve.group for curve in curves))
    for axes, panel in zip(grid, panels, strict=False):
        for curve in curves:
            if curve.panel == panel:
                _draw(axes, curve, COLOURS[groups.index(curve.group) % len(COLOURS)])
        dress(axes, title=panel, xlabel=key, ylabel=metric)
    _across(list(grid), np.unique(np.concatenate([curve.x for curve in curves])))
    if metric.endswith("loss"):
        log_if_wide(grid[0], np.concatenate([curve.mean for curve in curves]))
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    splits = list(dict.fromkeys(curve.split for curve in curves))
    _explain(figure, groups, splits, title, fitted=len(panels) > 1)
    return png(figure)


def _draw(axes, curve: Curve, colour: str) -> None:
    style = {"linestyle": LINES[curve.split], "marker": MARKS.get(curve.split)}
    axes.plot(curve.x, curve.mean, color=colour, linewidth=1.8, markersize=4, **style)
    if curve.split == SOLID:
        axes.fill_between(curve.x, curve.mean - curve.sd, curve.mean + curve.sd, color=colour, alpha=0.16)


def _explain(figure, groups: Sequence[str], splits: Sequence[str], title: str, *, fitted: bool) -> None:
    """Colours and styles above all panels."""
    entries = [
        Line2D([], [], color=COLOURS[i % len(COLOURS)], label=cut(name, LONGEST)) for i, name in enumerate(groups)
    ]
    entries = entries if len(groups) > 1 else []
    entries += [Line2D([], [], color=INK, linestyle=LINES[split], label=NAMES[split]) for split in splits]
    figure.suptitle(plain(title), fontsize=10)
    where = {"ncols": COLUMNS, "fontsize": 8, "frameon": False, "handles": entries}
    if fitted:
        figure.legend(loc="outside upper left", **where)
        return
    figure.subplots_adjust(top=0.92 - 0.05 * -(-len(entries) // COLUMNS))
    figure.axes[0].legend(loc="lower left", bbox_to_anchor=(-0.1, 1.0), **where)


def _across(grid: Sequence[Axes], values: np.ndarray) -> None:
    """The axes of the key, its values in plain numbers; logarithmic where they span a decade, 0 at the left of it."""
    positive = values[values > 0]
    if len(positive) and values[0] >= 0 and positive[-1] >= DECADE * positive[0] * (1 - 1e-12):
        grid[0].set_xscale("symlog", linthresh=positive[0])
        grid[0].xaxis.set_minor_locator(NullLocator())
        for axes in grid:
            axes.set_xlabel(f"{axes.get_xlabel()} (logarithmic)")
    if len(values) <= MOST:
        grid[0].set_xticks(values, [f"{value:g}" for value in values])
