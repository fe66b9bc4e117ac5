"""Elementary functions written so that a loop over them becomes vector instructions.

A function here is its definition, by NumPy, and what double precision computes; `SINGLE` names what computes it in
single precision. Plain Python, so that both can be tested without a compiler; `runner.compiled.kernels` makes them
known to it.
"""

from __future__ import annotations

import numpy as np


def sign(x):
    """1 above 0, -1 below, else 0, also for NaN, as torch."""
    return np.float32(x > 0) - np.float32(x < 0)


def norm(x):
    """||x||_2"""
    total = x.dtype.type(0)
    for i in range(x.shape[0]):
        total += x[i] * x[i]
    return np.sqrt(total)


def exp(x):
    """e^x"""
    return np.exp(x)


def exp_single(x):
    """e^x in single precision: 2^n e^r, |r| <= ln(2)/2, by a polynomial (Cephes), relative error 1e-7."""
    f = np.float32
    x = f(88.0) if x > f(88.0) else x
    x = f(-87.0) if x < f(-87.0) else x
    n = np.floor(x * f(1.44269504) + f(0.5))
    r = x - n * f(0.693359375) + n * f(2.12194440e-4)
    p = f(1.9875691500e-4)
    p = p * r + f(1.3981999507e-3)
    p = p * r + f(8.3334519073e-3)
    p = p * r + f(4.1665795894e-2)
    p = p * r + f(1.6666665459e-1)
    p = p * r + f(5.0000001201e-1)
    return (p * r * r + r + f(1)) * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


SINGLE = {exp: exp_single}
PLAIN = (sign, norm)  # those that are one in all formats
