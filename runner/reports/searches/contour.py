"""A metric over two keys, smoothed between the trials that were made.

Each cell shows a mean of the trials around it, weighted by exp(-d^2 / (2 h^2)), d the distance on the page
(Nadaraya 1964; Watson 1964). Cells far from all trials are left empty: nothing is known there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from runner.reports.heat import colours, goodness
from runner.reports.searches.cloud import FRAME

COLUMNS, ROWS = 44, 26
WIDTH = 0.09  # h, as a share of the diagonal of the chart
REACH = 2.0  # h, beyond which a cell is empty
LEVELS = 9  # colours


def cells(points: Sequence[tuple[float, float]], values: Sequence[float], *, maximize: bool) -> list[str]:
    """The cells as SVG; points are pixels of the chart."""
    left, right, bottom, top = FRAME
    x, y = np.linspace(left, right, COLUMNS + 1), np.linspace(top, bottom, ROWS + 1)
    smooth = smoothed(np.array(points), np.array(values), (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2)
    known = list(values)
    found = []
    for row, above, below in zip(smooth, y[:-1], y[1:], strict=True):
        levels = [_level(value, known, maximize=maximize) for value in row]
        for start, end, level in _runs(levels):
            colour = colours(level / (LEVELS - 1))[0]
            found.append(
                f'<rect x="{x[start]:.1f}" y="{above:.1f}" width="{x[end] - x[start] + 0.4:.1f}" '
                f'height="{below - above + 0.4:.1f}" fill="{colour}"/>'
            )
    return found


def smoothed(points: np.ndarray, values: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The smoothed values [len(down), len(across)] at each place; NaN where no point [n, 2] is near."""
    left, right, bottom, top = FRAME
    h = WIDTH * math.hypot(right - left, bottom - top)
    places = np.stack(np.meshgrid(across, down), axis=-1)  # [rows, columns, 2]
    squared = ((places[:, :, None, :] - points) ** 2).sum(-1)
    weights = np.exp(-squared / (2 * h * h))
    mean = (weights * values).sum(-1) / np.maximum(weights.sum(-1), np.finfo(float).tiny)
    return np.where(squared.min(-1) <= (REACH * h) ** 2, mean, np.nan)


def _level(value: float, known: Sequence[float], *, maximize: bool) -> int | None:
    if math.isnan(value):
        return None
    share = min(max(goodness(value, known, maximize=maximize), 0.0), 1.0)
    return round(share * (LEVELS - 1))


def _runs(levels: Sequence[int | None]) -> list[tuple[int, int, int]]:
    """(first, end, level) of neighbours with the same level."""
    found: list[tuple[int, int, int]] = []
    for i, level in enumerate(levels):
        if level is None:
            continue
        if found and found[-1][1] == i and found[-1][2] == level:
            found[-1] = (found[-1][0], i + 1, level)
        else:
            found.append((i, i + 1, level))
    return found
