"""Whether a network is as often right as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullLocator

from runner.figures.draw.canvas import BLUE, GREY, INK, RED, canvas, dress, legend, logarithmic, png

if TYPE_CHECKING:
    from runner.figures.calibration import Calibration


def reliability_diagram(bins: Calibration, *, title: str = "") -> bytes:
    """Accuracy against confidence by bin, with the gap to the diagonal, over how many examples each bin holds.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", figures 1 and 4.
    """
    figure = canvas()
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    figure.subplots_adjust(hspace=0.12)
    width = bins.edges[1] - bins.edges[0]
    middle, filled = (bins.edges[:-1] + bins.edges[1:]) / 2, bins.counts > 0
    x, accuracy, confidence = middle[filled], bins.accuracy[filled], bins.confidence[filled]
    upper.bar(x, accuracy, 0.92 * width, color=BLUE, label="accuracy")
    gap = {"bottom": np.minimum(accuracy, confidence), "height": np.abs(confidence - accuracy)}
    hatched = {"color": "none", "edgecolor": RED, "hatch": "////", "linewidth": 1.0}  # which covers no bar
    upper.bar(x, width=0.92 * width, label="gap", **hatched, **gap)
    upper.plot([0, 1], [0, 1], "--", color=INK, linewidth=1, label="as sure as right")
    lower.bar(middle[filled], bins.counts[filled], 0.92 * width, color=GREY)
    logarithmic(lower)
    lower.set_ylim(0.7, 2 * max(bins.counts.max(), 5))
    lower.yaxis.set_minor_locator(NullLocator())
    dress(upper, title=f"{title}{', ' if title else ''}ECE {bins.ece:.3f}", ylabel="accuracy in the bin")
    dress(lower, xlabel="confidence (probability of the predicted class)", ylabel="examples")
    upper.set(xlim=(0, 1), ylim=(0, 1))
    legend(upper, loc="upper left")
    return png(figure)
