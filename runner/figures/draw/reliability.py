"""Whether a network is as often right as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullLocator

from runner.figures.draw.canvas import BLUE, GREY, INK, RED, canvas, dress, legend, logarithmic, png

if TYPE_CHECKING:
    from runner.figures.calibration import Calibration

FEW = 10  # examples below which what a bin says is chance, so that its bar is pale


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
    below, gap = np.minimum(accuracy, confidence), np.abs(confidence - accuracy)
    sure = confidence > accuracy
    upper.bar(x, below, 0.92 * width, color=BLUE, label="accuracy")
    for chosen, colour, hatch, name in (
        (sure, RED, "////", "surer than right"),
        (~sure, BLUE, "....", "more often right"),
    ):
        hatched = {"color": "none", "edgecolor": colour, "hatch": hatch, "linewidth": 1.0}
        upper.bar(x[chosen], gap[chosen], 0.92 * width, below[chosen], label=name, **hatched)
    few = bins.counts[filled] < FEW
    upper.bar(x[few], accuracy[few], 0.92 * width, color="white", alpha=0.6)
    upper.plot([0, 1], [0, 1], "--", color=INK, linewidth=1, label="as sure as right")
    lower.bar(middle[filled], bins.counts[filled], 0.92 * width, color=GREY)
    logarithmic(lower)
    lower.set_ylim(0.7, 2 * max(bins.counts.max(), 5))
    lower.yaxis.set_minor_locator(NullLocator())
    dress(upper, title=f"{title}{', ' if title else ''}ECE {bins.ece:.3f}", ylabel="accuracy in the bin")
    dress(lower, xlabel="confidence (probability of the predicted class)", ylabel="examples")
    upper.set(xlim=(0, 1), ylim=(0, 1.02))
    legend(upper, loc="upper left")
    return png(figure)
