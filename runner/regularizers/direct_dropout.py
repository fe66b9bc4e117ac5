"""Dropout as it was first proposed: what is kept is not scaled in training; the weights that read it are, after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.chance import bits, threshold_of
from runner.compiled.forms import NoiseForm
from runner.config.registry import number, register
from runner.regularizers.base import Noise
from runner.regularizers.dropout import kept


def keep(y, factor, words, h):
    """y and factor times 0 with probability p, else 1"""
    first, second, flat, factors = words[0], words[1], y.reshape(y.size), factor.reshape(y.size)
    threshold, one, zero = threshold_of(h[0]), y.dtype.type(1), y.dtype.type(0)
    for i in range(flat.shape[0]):
        f = one if np.int32(bits(first, second, i)) >= threshold else zero
        flat[i] *= f
        factors[i] *= f


class _Direct(Noise):
    """y m, m ~ Bernoulli(1-p)"""

    def change(self, bits, p):
        return kept(bits, p).to(p.dtype), None

    def mean(self, p):
        return 1 - p


@register(
    "regularizer",
    "direct_dropout",
    paper="Hinton et al. 2012",
    lecture="003:697",
    compiled=NoiseForm(keep),
)
@dataclass
class DirectDropout(_Direct):
    """h <- h m, m ~ Bernoulli(1-p), on hidden activations while training; then the weights that read h are (1-p) w

    Evaluation, prediction and the model file use (1-p) w; `dropout` divides in training instead, which comes to the
    same network with weights 1/(1-p) as large while they are learned.
    """

    p: float = number(
        0.0, ge=0, lt=1, per_layer=True, neutral=0.0, preset=0.5, help="probability to drop a hidden unit"
    )
    site = "hidden"


@register(
    "regularizer",
    "direct_input_dropout",
    paper="Hinton et al. 2012",
    lecture="003:697",
    compiled=NoiseForm(keep),
)
@dataclass
class DirectInputDropout(_Direct):
    """x <- x m, m ~ Bernoulli(1-p), on the inputs while training; then the weights that read x are (1-p) w"""

    p: float = number(0.0, ge=0, lt=1, neutral=0.0, preset=0.2, help="probability to drop an input")
    site = "input"
