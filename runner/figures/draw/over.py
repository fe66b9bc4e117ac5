"""A metric against the values of a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import NullLocator

from runner.figures.draw.canvas import COLOURS, INK, canvas, cut, dress, log_if_wide, plain, png

STYLES = {"val": "o-", "train": "--", "test": ":"}
NAMES = {"val": "validation", "train": "training", "test": "test"}
SOLID = "val"
COLUMNS = 3  # of the legend
MOST = 9  # values that are labelled
DECADE = 10  # a ratio from which the axis of the key is logarithmic
LONGEST = 26  # letters of a name


@dataclass
class Curve:
    """Means and standard deviations of a split at values of the key: x, mean and sd [n]."""

    group: str  # the setting of the other keys
    split: str
    x: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def metric_over_key(curves: Sequence[Curve], metric: str, key: str, *, title: str = "") -> bytes:
    """Validation solid with a band of one standard deviation, training dashed, test dotted, a colour a group."""
    figure = canvas()
    axes = figure.add_subplot()
    groups = list(dict.fromkeys(curve.group for curve in curves))
    for curve in curves:
        colour = COLOURS[groups.index(curve.group) % len(COLOURS)]
        name = cut(curve.group, LONGEST) if curve.split == SOLID else ""
        (line,) = axes.plot(curve.x, curve.mean, STYLES[curve.split], color=colour, label=name or "_")
        line.set(linewidth=1.8, markersize=4)
        if curve.split == SOLID:
            axes.fill_between(curve.x, curve.mean - curve.sd, curve.mean + curve.sd, color=colour, alpha=0.16)
    for split in dict.fromkeys(curve.split for curve in curves):
        axes.plot([], [], STYLES[split], color=INK, linewidth=1.8, markersize=4, label=NAMES[split])
    dress(axes, xlabel=key, ylabel=metric)
    _across(axes, np.unique(np.concatenate([curve.x for curve in curves])))
    if metric.endswith("loss"):
        log_if_wide(axes, np.concatenate([curve.mean for curve in curves]))
    figure.suptitle(plain(title), fontsize=10)
    entries = len(axes.get_legend_handles_labels()[0])
    figure.subplots_adjust(top=0.92 - 0.05 * -(-entries // COLUMNS))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.1, 1.0), ncols=COLUMNS, fontsize=8, frameon=False)
    return png(figure)


def _across(axes, values: np.ndarray) -> None:
    """The axis of the key, its values in plain numbers; logarithmic where they span a decade, 0 at the left of it."""
    positive = values[values > 0]
    if len(positive) and values[0] >= 0 and positive[-1] >= DECADE * positive[0] * (1 - 1e-12):
        axes.set_xscale("symlog", linthresh=positive[0])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"{axes.get_xlabel()} (logarithmic)")
    if len(values) <= MOST:
        axes.set_xticks(values, [f"{value:g}" for value in values])
