"""A regression of one number on one number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from runner.figures.draw.canvas import BLUE, GREY, INK, RED, canvas, dress, legend, png, some

POINTS = 400  # along a curve
BEYOND = 0.5  # of the range of the examples, on both sides
MARKERS = {"train": ("o", GREY), "val": ("^", BLUE), "test": ("s", INK)}


def regression_fit(
    predict: Callable[[np.ndarray], np.ndarray],
    examples: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    truth: Callable[[np.ndarray], np.ndarray] | None = None,
    band: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None,
    names: tuple[str, str] = ("x", "y"),
    title: str = "",
) -> bytes:
    """Examples by split, the network's curve through them and, where it is known, the function they came from.

    Args:
        predict: maps inputs [n] to predictions [n], both in original units; so does `truth`.
        band: maps inputs to mean and standard deviation of the answers with dropout on; it is shown some way beyond the
            examples, where it should widen.
        examples: split -> (inputs [n], targets [n]); at most 2,000 a split, evenly picked, are drawn.
    """
    figure = canvas()
    axes = figure.add_subplot()
    for split, (x, y) in examples.items():
        if len(x):
            marker, colour = MARKERS[split]
            shown = some(len(x))
            axes.scatter(x[shown], y[shown], s=14, marker=marker, color=colour, linewidths=0, label=split)
    everywhere = np.concatenate([x for x, _ in examples.values()])
    margin = (0.05 if band is None else BEYOND) * max(float(np.ptp(everywhere)), 1e-6)
    grid = np.linspace(everywhere.min() - margin, everywhere.max() + margin, POINTS)
    if band is not None:
        mean, sd = band(grid)
        axes.fill_between(grid, mean - 2 * sd, mean + 2 * sd, color=RED, alpha=0.18, linewidth=0, label="mean +- 2 sd")
    if truth is not None:
        axes.plot(grid, truth(grid), "--", color=INK, linewidth=1.4, label="true function")
    axes.plot(grid, predict(grid), color=RED, linewidth=2, label="prediction")
    dress(axes, title=title, xlabel=names[0], ylabel=names[1])
    legend(axes)
    return png(figure)
