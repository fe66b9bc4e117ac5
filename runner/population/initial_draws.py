"""Draws of initial weights into NumPy arrays: the numbers that torch draws from the generator of the same occasion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.population.draws import generator, raw

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Draws:
    """The numbers of one member and occasion, one call after another.

    Uniform ones come from NumPy. Normal ones come from torch, whose vectorized logarithm and cosine nobody else has to
    the last bit; it is imported for them only, and draws everything from then on.
    """

    def __init__(self, seed: int, purpose: str, *counters: int):
        self._occasion: Any = (seed, purpose, *counters)
        self._drawn = 0  # 32-bit words so far
        self._generator: torch.Generator | None = None  # torch's, once there is one

    def uniform(self, low: float, high: float, shape: Sequence[int], dtype) -> np.ndarray:
        """Uniform between low and high, as `Tensor.uniform_`: low + (high - low) x with one rounding, x of 24 random
        bits (float32: of one word) or 53 (float64: of two words, the higher first).
        """
        if self._generator:
            return self._empty(shape, dtype).uniform_(low, high, generator=self._generator).numpy()
        count, dtype = int(np.prod(shape)), np.dtype(dtype)
        low, high = (dtype.type(bound) for bound in (low, high))
        if dtype == np.float32:
            x = (self._words(count) & np.uint64(2**24 - 1)) * 2.0**-24
            found = x * np.float64(high - low) + np.float64(low)  # exact until it is rounded to float32
        else:
            first, second = self._words(2 * count).reshape(-1, 2).T
            x = (((first << np.uint64(32)) | second) & np.uint64(2**53 - 1)) * 2.0**-53
            found = multiply_add(x, high - low, low)
        return found.astype(dtype).reshape(shape)

    def normal(self, mean: float, deviation: float, shape: Sequence[int], dtype) -> np.ndarray:
        """Normal numbers, as `Tensor.normal_`."""
        if self._generator is None:
            self._generator = generator(*self._occasion)
            self._empty([self._drawn], "float32").uniform_(generator=self._generator)  # a word each
        return self._empty(shape, dtype).normal_(mean, deviation, generator=self._generator).numpy()

    def _words(self, count: int) -> np.ndarray:
        self._drawn += count
        return raw(self._drawn - count, count, *self._occasion)

    @staticmethod
    def _empty(shape: Sequence[int], dtype) -> Tensor:
        import torch

        return torch.empty(*shape, dtype=getattr(torch, np.dtype(dtype).name))


def multiply_add(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """a b + c in float64 with one rounding, as the instruction does it (Boldo & Melquiond 2008)."""
    product, product_error = _product(a, b)
    low, low_error = _sum(product_error, c)
    high, high_error = _sum(product, low)
    return high + _sum_to_odd(low_error, high_error)


def _sum(a, b):
    """(a + b rounded, what rounding lost): Knuth 1969."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _product(a, b):
    """(a b rounded, what rounding lost), by halves of 26 bits: Dekker 1971."""
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    total = a * b
    return total, a_low * b_low - (((total - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _halves(a):
    scaled = a * 134217729.0  # 2^27 + 1
    high = scaled - (scaled - a)
    return high, a - high


def _sum_to_odd(a, b):
    """a + b; if that is not exact, the one of its two neighbours whose last bit is 1, so that a second rounding does no
    harm.
    """
    total, lost = _sum(a, b)
    even = (total.view(np.int64) & 1) == 0
    return np.where((lost != 0) & even, np.nextafter(total, np.where(lost > 0, np.inf, -np.inf)), total)
