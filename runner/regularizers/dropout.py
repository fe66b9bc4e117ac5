"""The dropout family. p is always the probability to DROP."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.chance import bits, threshold_of
from runner.compiled.forms import NoiseForm
from runner.config.registry import number, register
from runner.regularizers.base import Noise


def bernoulli_factor(bits, p):
    """0 with probability p, else 1/(1-p), from uniform int32."""
    return kept(bits, p).to(p.dtype).mul_((1 / (1 - p.double())).to(p.dtype))


def kept(bits, p):
    """False with probability p: a draw is dropped where it lies below p of the range."""
    import torch

    threshold = (p.double() * 2.0**32 - 2.0**31).round().to(torch.int64)
    return bits >= threshold.clamp(max=2**31 - 1).to(torch.int32)


def dropout(y, factor, words, h):
    """y and factor times bernoulli_factor"""
    first, second, flat, factors = words[0], words[1], y.reshape(y.size), factor.reshape(y.size)
    threshold, zero = threshold_of(h[0]), y.dtype.type(0)
    scale = y.dtype.type(1 / (1 - np.float64(h[0])))
    for i in range(flat.shape[0]):
        f = scale if np.int32(bits(first, second, i)) >= threshold else zero
        flat[i] *= f
        factors[i] *= f


@register(
    "regularizer",
    "dropout",
    torch="Dropout",
    paper="Srivastava et al. 2014",
    lecture="000:86, 001:1015, 001:1023, 001:1033, 003:698, 003:729, 004:196",
    compiled=NoiseForm(dropout),
)
@dataclass
class Dropout(Noise):
    """h <- h m/(1-p), m ~ Bernoulli(1-p), on hidden activations while training (inverted dropout)

    Why 0.5 is recommended: of a linear unit with weights w, dropout adds half the sum of p (1-p) w^2 h^2 to the squared
    error (Baldi & Sadowski 2013), most at p = 0.5 for given w. In the weights that evaluation uses, v = (1-p) w, it is
    p/(1-p) v^2 h^2, an L2 penalty that grows with p throughout: no value is the best one by itself.
    """

    p: float = number(
        0.0, ge=0, lt=1, per_layer=True, neutral=0.0, preset=0.5, help="probability to drop a hidden unit"
    )
    site = "hidden"

    def change(self, bits, p):
        return bernoulli_factor(bits, p), None


@register(
    "regularizer",
    "input_dropout",
    torch="Dropout",
    paper="Srivastava et al. 2014",
    lecture="001:1027",
    compiled=NoiseForm(dropout),
)
@dataclass
class InputDropout(Noise):
    """x <- x m/(1-p), m ~ Bernoulli(1-p), on the inputs while training"""

    p: float = number(0.0, ge=0, lt=1, neutral=0.0, preset=0.2, help="probability to drop an input")
    site = "input"

    def change(self, bits, p):
        return bernoulli_factor(bits, p), None


ALPHA_PRIME = -1.7580993408473766  # -lambda alpha of SELU: the value of a unit that is switched off


def alpha_dropout(y, factor, words, h):
    """y <- y f + addend, factor times f, with (f, addend) = (a, b) where a unit is kept, else (0, b + a alpha')"""
    first, second, flat, factors = words[0], words[1], y.reshape(y.size), factor.reshape(y.size)
    threshold, p, zero = threshold_of(h[0]), np.float64(h[0]), y.dtype.type(0)
    slope = 1 / np.sqrt((1 - p) * (1 + p * ALPHA_PRIME * ALPHA_PRIME))
    a, b = y.dtype.type(slope), y.dtype.type(-slope * p * ALPHA_PRIME)
    dropped = b + y.dtype.type(slope * ALPHA_PRIME)
    for i in range(flat.shape[0]):
        kept = np.int32(bits(first, second, i)) >= threshold
        f = a if kept else zero
        flat[i] = flat[i] * f + (b if kept else dropped)
        factors[i] *= f


@register(
    "regularizer",
    "alpha_dropout",
    torch="AlphaDropout",
    paper="Klambauer et al. 2017",
    lecture="003:782",
    compiled=NoiseForm(alpha_dropout),
)
@dataclass
class AlphaDropout(Noise):
    """h <- a (h m + alpha' (1-m)) + b, m ~ Bernoulli(1-p), alpha' = -1.7581: keeps mean 0 and variance 1 under SELU

    a = [(1-p)(1 + p alpha'^2)]^(-1/2), b = -a p alpha'.
    """

    p: float = number(0.0, ge=0, lt=1, per_layer=True, neutral=0.0, preset=0.05, help="probability to drop a unit")
    site = "hidden"

    def change(self, bits, p):
        a, b = alpha_affine(p.double())
        kept = bernoulli_factor(bits, p).ne(0)
        factor = kept * a.to(p.dtype)
        return factor, b.to(p.dtype) + (a * ALPHA_PRIME).to(p.dtype) * ~kept


def alpha_affine(p):
    """(a, b) of alpha dropout with probability p to drop: with them mean 0 and variance 1 stay so."""
    a = 1 / ((1 - p) * (1 + p * ALPHA_PRIME**2)) ** 0.5
    return a, -a * p * ALPHA_PRIME
