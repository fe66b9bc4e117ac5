"""Numbers to a standard normal distribution through quantiles, as scikit-learn's QuantileTransformer.

The share of the training values below x, read off between the quantiles, goes through the inverse of the normal
distribution function: order is kept, any shape becomes a bell, outliers lose their distance.
"""

from __future__ import annotations

import numpy as np

MOST = 1000  # quantiles kept of a column
NEAREST = 1e-7 - np.spacing(1)  # shares closer to 0 or 1 count as this far, so that no value becomes infinite


def fit_quantiles(values: np.ndarray) -> np.ndarray:
    """The quantiles of values [n] at min(n, 1000) evenly spaced levels from 0 to 1, never falling."""
    levels = np.linspace(0, 1, min(len(values), MOST))
    return np.maximum.accumulate(np.percentile(values, levels * 100))


def to_normal(values: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Phi^-1(share of the training values below each value), within +-5.2; 0 where the training values were constant.

    A value that many training rows share gets the middle of the shares at which it stands; the least and the greatest
    training value stand for 0 and 1, and so does what lies beyond.
    """
    from scipy.special import ndtri

    if quantiles[0] == quantiles[-1]:
        return np.zeros(len(values))
    levels = np.linspace(0, 1, len(quantiles))
    first = -np.interp(-values, -quantiles[::-1], -levels[::-1])
    share = (np.interp(values, quantiles, levels) + first) / 2
    share = np.where(values <= quantiles[0], 0.0, np.where(values >= quantiles[-1], 1.0, share))
    return ndtri(share.clip(NEAREST, 1 - NEAREST))


def from_normal(z: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """The numbers whose share of the training values below them is Phi(z), as `to_normal` has it."""
    from scipy.special import ndtr

    return np.interp(ndtr(z), np.linspace(0, 1, len(quantiles)), quantiles)
