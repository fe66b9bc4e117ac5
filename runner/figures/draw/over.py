"""A metric against the values of a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runner.figures.draw.canvas import COLOURS, canvas, cut, dress, legend, log_if_wide, png

STYLES = {"val": "o-", "train": "--", "test": ":"}
DECADE = 10  # a ratio from which the axis of the key is logarithmic
LONGEST = 34  # letters of a name


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
        name = ", ".join(filter(None, [cut(curve.group, LONGEST), curve.split]))
        axes.plot(curve.x, curve.mean, STYLES[curve.split], color=colour, linewidth=1.8, markersize=4, label=name)
        if curve.split == "val":
            axes.fill_between(curve.x, curve.mean - curve.sd, curve.mean + curve.sd, color=colour, alpha=0.16)
    dress(axes, title=title, xlabel=key, ylabel=metric)
    positive = np.concatenate([curve.x for curve in curves])
    positive = positive[positive > 0]
    if len(positive) and positive.max() >= DECADE * positive.min() * (1 - 1e-12):
        axes.set_xscale("symlog", linthresh=positive.min())
    if metric.endswith("loss"):
        log_if_wide(axes, np.concatenate([curve.mean for curve in curves]))
    legend(axes)
    return png(figure)
