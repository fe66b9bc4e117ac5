"""The random bits of `runner.population.draws`, one position at a time, for compiled code.

Plain Python, so that they can be tested without a compiler; `runner.compiled.kernels` makes them known to it.
"""

from __future__ import annotations

import numpy as np


def mix32(x):
    """A 32-bit finalizer with low bias (Wellons 2018)."""
    x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D))
    x = np.uint32((x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


def bits(first, second, position):
    """Uniform uint32 at a position, from the two words of a key."""
    place = np.uint32(np.uint32(position) * np.uint32(0x9E3779B1))
    return mix32(np.uint32(mix32(np.uint32(place ^ first)) + second))


def normal(first, second, third, fourth, position):
    """A standard normal number in double precision, from two draws at a position (Box & Muller 1958)."""
    u = (np.float64(np.int32(bits(first, second, position))) + (2.0**31 + 0.5)) * 2.0**-32
    v = (np.float64(np.int32(bits(third, fourth, position))) + (2.0**31 + 0.5)) * 2.0**-32
    return np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)


FUNCTIONS = (mix32, bits, normal)
