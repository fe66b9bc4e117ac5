"""The objective on a plane through weight space, and its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.landscape import Landscape

LEVELS = 14
ROWS = 8  # of the grid at once
WIDE = 50.0  # times the smallest rise: levels are in equal ratios


@dataclass
class Plane:
    """origin + a u + b v."""

    origin: np.ndarray
    u: np.ndarray
    v: np.ndarray

    def values(self, land: Landscape, a: np.ndarray, b: np.ndarray, told: Tell) -> np.ndarray:
        """The objective [len(b), len(a)]; NaN where it is not finite."""
        found = np.empty((len(b), len(a)))
        for row in range(0, len(b), ROWS):
            told(row * len(a), found.size, "points of the surface")
            part = b[row : row + ROWS]
            points = self.origin + (a[None, :, None] * self.u + part[:, None, None] * self.v).reshape(-1, len(self.u))
            found[row : row + ROWS] = land.values(points).reshape(len(part), len(a))
        return np.where(np.isfinite(found), found, np.nan)


def draw_on(figure: Any, axes: Any, a: np.ndarray, b: np.ndarray, loss: np.ndarray) -> None:
    """Filled contours of the loss with a scale beside them."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import FuncFormatter

    levels, known = levels_of(loss), np.ma.masked_invalid(loss)
    pale = LinearSegmentedColormap.from_list("pale", ["#FFFFFF", "#8FA3B8"])  # lines of any colour are seen on it
    drawn = axes.contourf(a, b, known, levels=levels, cmap=pale, extend="both")
    axes.contour(a, b, known, levels=levels, colors="#5B6B7B", linewidths=0.6)
    bar = figure.colorbar(drawn, ax=axes, ticks=levels[::2], format=FuncFormatter(lambda x, _: f"{x:.3g}"))
    bar.set_label("objective (loss + penalties)", fontsize=12)


def levels_of(loss: np.ndarray) -> np.ndarray:
    """Rising levels, in equal ratios above the lowest value where that spans decades."""
    known = loss[np.isfinite(loss)]
    low, high = float(known.min()), float(np.quantile(known, 0.98))
    if not high > low:
        return np.linspace(low, low + 1, LEVELS)
    rises = np.sort(known[known > low] - low)
    least = max(float(np.quantile(rises, 0.01)), 1e-9 * (high - low))
    if high - low > WIDE * least:
        return low + np.geomspace(least, high - low, LEVELS)
    return np.linspace(low + (high - low) / LEVELS, high, LEVELS)
