"""One network cut to several widths."""

from __future__ import annotations

import numpy as np

from runner.figures.draw.canvas import BLUE, canvas, dress, png


def value_by_width(kept: np.ndarray, values: np.ndarray, what: str, *, title: str = "") -> bytes:
    """How good a network is against how many units of its widest hidden layer are kept, the others in proportion."""
    figure = canvas()
    axes = figure.add_subplot()
    axes.plot(kept, values, "o-", color=BLUE, linewidth=1.8, markersize=4)
    dress(axes, title=title, xlabel="units kept of each hidden layer, the first ones", ylabel=what)
    return png(figure)
