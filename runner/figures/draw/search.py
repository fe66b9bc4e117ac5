"""The way of a search to its best trial."""

from __future__ import annotations

import numpy as np

from runner.figures.draw.canvas import BLUE, GREY, RED, canvas, dress, legend, log_if_wide, png


def best_so_far(
    ends: np.ndarray, values: np.ndarray, pruned: np.ndarray, best: np.ndarray, metric: str, *, title: str = ""
) -> bytes:
    """Each trial's value [n] where it ended, after so many epochs of all trials; those that were pruned are empty. The
    line is the best until then: `best` [k, 2] are its steps (epochs, value).
    """
    figure = canvas()
    axes = figure.add_subplot()
    axes.plot(ends[~pruned], values[~pruned], "o", color=BLUE, markersize=4, alpha=0.6, label="trial")
    if pruned.any():
        axes.plot(ends[pruned], values[pruned], "o", color=GREY, markersize=4, fillstyle="none", label="pruned")
    steps = np.vstack([best, [max(ends.max(), best[-1, 0]), best[-1, 1]]])
    axes.step(*steps.T, where="post", color=RED, linewidth=1.8, label="best so far")
    axes.plot(*best[-1], "o", color=RED, markersize=6)
    dress(axes, title=title, xlabel="epochs of all trials so far", ylabel=metric)
    axes.set_xlim(left=0)
    if metric.endswith("loss"):
        log_if_wide(axes, values)
    legend(axes, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return png(figure)
