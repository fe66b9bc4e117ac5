"""The random bits of `runner.population.draws`, one position at a time, for compiled code.

Plain Python, so that they can be tested without a compiler; `runner.compiled.kernels` makes them known to it.
"""

from __future__ import annotations

import math

import numpy as np

# Of s^2 in (artanh s)/s and of x^2 in (sin x)/x, the highest power first; what is cut off is below 1e-17.
OF_ARTANH = tuple(1 / (2 * k + 1) for k in reversed(range(11)))
OF_SINE = tuple((-1) ** k / math.factorial(2 * k + 1) for k in reversed(range(12)))


def mix32(x):
    """A 32-bit finalizer with low bias (Wellons 2018)."""
    x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D))
    x = np.uint32((x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


def bits(first, second, position):
    """Uniform uint32 at a position, from the two words of a key."""
    place = np.uint32(np.uint32(position) * np.uint32(0x9E3779B1))
    return mix32(np.uint32(mix32(np.uint32(place ^ first)) + second))


def threshold_of(p):
    """What a draw, as int32, falls below with probability p."""
    return np.int32(min(np.rint(np.float64(p) * 2.0**32 - 2.0**31), 2.0**31 - 1))


def uniform(first, second, position):
    """A number in the middle of one of 2^32 equal parts of (0, 1), in double precision."""
    return (np.float64(np.int32(bits(first, second, position))) + (2.0**31 + 0.5)) * 2.0**-32


def log_of(u):
    """ln u of a positive normal number: u = 2^n m, ln m = 2 artanh s with s = (m - 1)/(m + 1), |s| < 0.172.

    As a series, whose loop becomes vector instructions where a call of the library's logarithm does not.
    """
    words = np.float64(u).view(np.int64)
    n = np.int32((words - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52))  # so that 0.707 <= m < 1.414
    m = np.int64(words - (np.int64(n) << np.int64(52))).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    q, series = s * s, 0.0
    for coefficient in OF_ARTANH:
        series = series * q + coefficient
    return np.float64(n) * 0.6931471805599453 + 2.0 * s * series


def cosine_of_turns(v):
    """cos(2 pi v), 0 <= v <= 1: the sine of 2 pi (|v - 1/2| - 1/4), at most a quarter of a turn, as a series."""
    x = 2.0 * np.pi * (np.abs(v - 0.5) - 0.25)
    q, series = x * x, 0.0
    for coefficient in OF_SINE:
        series = series * q + coefficient
    return x * series


def normal(first, second, third, fourth, position):
    """A standard normal number in double precision, from two draws at a position (Box & Muller 1958)."""
    u, v = uniform(first, second, position), uniform(third, fourth, position)
    return np.sqrt(-2.0 * log_of(u)) * cosine_of_turns(v)


FUNCTIONS = (mix32, bits, threshold_of, uniform, log_of, cosine_of_turns, normal)
