"""Numbers as how far they have come through bins: piecewise-linear encoding (Gorishniy, Rubachev & Babenko 2022, "On
Embeddings for Numerical Features in Tabular Deep Learning", section 3.2).

Bins lie between quantiles of the training values. In each, a number is 0 below the bin, 1 above it, and grows straight
in between; a first layer can so bend at every edge, where of the number alone it sees one slope. The number itself
stays a feature beside them, so that what lies beyond the training values is told apart too.
"""

from __future__ import annotations

import numpy as np


def fit_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """The edges [T + 1] of T <= bins bins that hold equal shares of values [n], each one of the values; fewer where
    many are equal, none where there are but two, as one bin would be the number itself.
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1), method="inverted_cdf"))
    return edges if len(edges) > 2 else edges[:0]


def through_bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """[n, T]: (x - lower edge) / (upper - lower) of every bin, within 0 and 1."""
    low, high = edges[:-1], edges[1:]
    return np.clip((values[:, None] - low) / (high - low), 0.0, 1.0)
