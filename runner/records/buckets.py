"""Numbers counted in equal widths, however large, small or alike they are."""

from __future__ import annotations

import numpy as np

NARROW = 1e-9  # shares of the largest that lie closer than this are one number, which buckets can't divide
AROUND = 0.05  # of one number: how far its buckets reach each way, as a share of it


def buckets(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(counts [count], edges [count + 1]) from the smallest to the largest of `values` [n > 0], which are finite.

    They are counted as shares of the largest, whose differences neither overflow nor vanish next to them, where
    numpy.histogram raises.
    """
    largest = float(np.abs(values).max()) or 1.0
    shares = values / largest
    low, high = float(shares.min()), float(shares.max())
    margin = 0.0 if high - low > NARROW else AROUND
    counts, edges = np.histogram(shares, count, (low - margin, high + margin))
    return counts, edges * largest
