"""Elementary functions written so that a loop over them becomes vector instructions.

A function here is its definition, and what double precision computes; `SINGLE` names what computes it in single
precision, with a relative error of a few 1e-7 also where the result is tiny, and infinity and NaN as the definition.
Numbers that would be subnormal are 0. Plain Python, so that both can be tested without a compiler;
`runner.compiled.kernels` makes them known to it and keeps the order of their operations.
"""

from __future__ import annotations

import math

import numpy as np

LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4  # ln(2), the first with so few bits that a multiple of it is exact
ROUND = 12582912.0  # 1.5 * 2^23: a number below 2^22 added to it is rounded to a whole one, in its last bits
ROOT_HALF, ROOT_2PI = math.sqrt(0.5), math.sqrt(2 * math.pi)


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


def expm1(x):
    """e^x - 1"""
    return np.expm1(x)


def tanh(x):
    """(e^x - e^-x) / (e^x + e^-x)"""
    return np.tanh(x)


def sigmoid(x):
    """1 / (1 + e^-x)"""
    return 1 / (1 + np.exp(-x))


def softplus(x):
    """log(1 + e^x)"""
    return np.log1p(np.exp(-abs(x))) + (0.0 if x < 0 else x)


def normal_cdf(x):
    """The share of a standard normal distribution below x."""
    return 0.5 * math.erfc(-x * ROOT_HALF)


def normal_density(x):
    """e^(-x^2/2) / sqrt(2 pi)"""
    return np.exp(-0.5 * x * x) / ROOT_2PI


def power_of_two(rounded):
    """2^n in single precision, from n + ROUND; 2^-127 is 0."""
    return np.int32((np.float32(rounded).view(np.int32) + np.int32(127)) << np.int32(23)).view(np.float32)


def factors_of_exp(x):
    """2^n and r = x - n ln(2) in single precision, e^x = 2^n e^r: |r| <= ln(2)/2, but n at most 127."""
    f = np.float32
    x = f(-88.0) if x < f(-88.0) else x
    rounded = x * f(1.44269504) + f(ROUND)
    rounded = f(ROUND + 127) if rounded > f(ROUND + 127) else rounded
    n = rounded - f(ROUND)
    return power_of_two(rounded), x - n * f(LN2_HIGH) - n * f(LN2_LOW)


def exp_of_rest(r):
    """e^r - 1 in single precision, |r| <= ln(2)/2, by a polynomial (Cephes)."""
    f = np.float32
    p = f(1.9875691500e-4)
    p = p * r + f(1.3981999507e-3)
    p = p * r + f(8.3334519073e-3)
    p = p * r + f(4.1665795894e-2)
    p = p * r + f(1.6666665459e-1)
    p = p * r + f(5.0000001201e-1)
    return p * r * r + r


def exp_single(x):
    """2^n e^r"""
    power, r = factors_of_exp(x)
    return (exp_of_rest(r) + np.float32(1)) * power


def expm1_single(x):
    """2^n (e^r - 1) + (2^n - 1): near 0, where n is 0, nothing is lost"""
    power, r = factors_of_exp(x)
    return exp_of_rest(r) * power + (power - np.float32(1))


def tanh_single(x):
    """e / (e + 2), e = e^2x - 1; 1 from 10 on"""
    f = np.float32
    x = f(10.0) if x > f(10.0) else x
    e = expm1_single(x + x)
    return e / (e + f(2))


def sigmoid_single(x):
    """1 / (1 + e^-x)"""
    return np.float32(1) / (np.float32(1) + exp_single(-x))


def softplus_single(x):
    """max(x, 0) + log(1 + u), u = e^-|x|: the logarithm is 2 artanh(s), s = u / (2 + u), by a polynomial in s^2 that is
    minimax on [0, 1/9], relative error 5e-9.
    """
    f = np.float32
    u = exp_single(-abs(x))
    s = u / (f(2) + u)
    v = s * s
    p = f(0.140122296)
    p = p * v + f(0.139995705)
    p = p * v + f(0.200108495)
    p = p * v + f(0.333332066)
    log = f(2) * (s * v * p + s)
    return log + (f(0) if x < f(0) else x)


def normal_cdf_single(x):
    """The tail beyond |x|, e^(-x^2/2) k P(k), k = 1 / (1 + 0.305 |x|), or 1 less it.

    The form is that of Abramowitz & Stegun 26.2.17; P is fitted so that the relative error is small (1e-7), where
    theirs keeps the absolute one small.
    """
    f = np.float32
    t = f(14.0) if abs(x) > f(14.0) else abs(x)
    k = f(1) / (f(1) + f(0.305) * t)
    p = f(0.036699254)
    p = p * k + f(-0.15298858)
    p = p * k + f(0.185717367)
    p = p * k + f(-0.037977258)
    p = p * k + f(0.121021906)
    p = p * k + f(0.103420798)
    p = p * k + f(0.122466828)
    p = p * k + f(0.121639732)
    tail = exp_single(f(-0.5) * t * t) * (k * p)
    return tail if x < f(0) else f(1) - tail


def normal_density_single(x):
    """Of |x| up to 14, where it is 0."""
    f = np.float32
    t = f(14.0) if abs(x) > f(14.0) else abs(x)
    return exp_single(f(-0.5) * t * t) * f(1 / ROOT_2PI)


LOOPS = (sign, norm)  # written once for all formats
PARTS = (power_of_two, factors_of_exp, exp_of_rest)
SINGLE = {
    exp: exp_single,
    expm1: expm1_single,
    tanh: tanh_single,
    sigmoid: sigmoid_single,
    softplus: softplus_single,
    normal_cdf: normal_cdf_single,
    normal_density: normal_density_single,
}
