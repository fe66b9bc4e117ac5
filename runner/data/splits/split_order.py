"""The random orders that splits are drawn from."""

from __future__ import annotations

import numpy as np


def random_order(count: int, seed: int, purpose: int) -> np.ndarray:
    """A permutation of 0..count-1 that depends on (seed, purpose) only."""
    draws = np.random.Generator(np.random.PCG64([seed, purpose])).random(count)
    return np.argsort(draws, kind="stable")
