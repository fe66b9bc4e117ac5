"""The dropout family. p is always the probability to DROP."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.regularizers.base import Noise


def bernoulli_factor(bits, p):
    """0 with probability p, else 1/(1-p), from uniform int32: a draw is dropped where it lies below p of the range."""
    import torch

    threshold = (p.double() * 2.0**32 - 2.0**31).round().to(torch.int64)
    kept = bits >= threshold.clamp(max=2**31 - 1).to(torch.int32)
    return kept.to(p.dtype).mul_((1 / (1 - p.double())).to(p.dtype))


@register("regularizer", "dropout", torch="Dropout", paper="Srivastava et al. 2014")
@dataclass
class Dropout(Noise):
    """h <- h m/(1-p), m ~ Bernoulli(1-p), on hidden activations while training (inverted dropout)"""

    p: float = number(
        0.0, ge=0, lt=1, per_layer=True, neutral=0.0, preset=0.5, help="probability to drop a hidden unit"
    )
    site = "hidden"

    def factor(self, bits, p):
        return bernoulli_factor(bits, p)


@register("regularizer", "input_dropout", torch="Dropout", paper="Srivastava et al. 2014")
@dataclass
class InputDropout(Noise):
    """x <- x m/(1-p), m ~ Bernoulli(1-p), on the inputs while training"""

    p: float = number(0.0, ge=0, lt=1, neutral=0.0, preset=0.2, help="probability to drop an input")
    site = "input"

    def factor(self, bits, p):
        return bernoulli_factor(bits, p)
