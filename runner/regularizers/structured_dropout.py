"""Dropout of more than single units: of a whole residual layer, and of all units from a random one on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from runner.compiled.chance import bits, threshold_of, uniform
from runner.compiled.forms import NoiseForm
from runner.config.registry import number, register
from runner.regularizers.base import Noise
from runner.regularizers.dropout import bernoulli_factor


def stochastic_depth(y, factor, words, h):
    """The line of an example in y and factor times bernoulli_factor"""
    first, second, threshold, zero = words[0], words[1], threshold_of(h[0]), y.dtype.type(0)
    scale = y.dtype.type(1 / (1 - np.float64(h[0])))
    for r in range(y.shape[0]):
        f = scale if np.int32(bits(first, second, r)) >= threshold else zero
        for j in range(y.shape[1]):
            y[r, j] *= f
            factor[r, j] *= f


@register(
    "regularizer",
    "stochastic_depth",
    paper="Huang et al. 2016 (scaled while training, as torchvision's)",
    lecture="002:27",
    compiled=NoiseForm(stochastic_depth),
)
@dataclass
class StochasticDepth(Noise):
    """x + f(x) m/(1-p_l), m ~ Bernoulli(1-p_l) for each example, p_l = p l/L in the l-th of L residual layers

    A dropped layer passes its input on. The paper keeps f as it is while training and multiplies it by 1-p_l
    afterwards; here f is divided by 1-p_l while training, so that the trained network is the plain one. Their p_L is
    the probability to keep the last layer, 1-p.
    """

    p: float = number(
        0.0, ge=0, lt=1, neutral=0.0, preset=0.5, help="probability to drop the last residual layer; earlier ones less"
    )
    per, beside_skips = "example", True
    needs: ClassVar[dict[str, Any]] = {"model.hidden": [7, 7], "model.residual": True}

    def in_layer(self, place, count, p):
        return {"p": p * place / count}

    def change(self, bits, units, p):
        return bernoulli_factor(bits, p), None


def structural_dropout(y, factor, words, h):
    """y and factor times n/k in the first k of n units, times 0 in the others"""
    first, second, p = words[0], words[1], np.float64(h[0])
    n, one, zero = y.shape[1], y.dtype.type(1), y.dtype.type(0)
    for r in range(y.shape[0]):
        u = uniform(first, second, r)
        cut = u < p
        k = np.int64(np.ceil(u / p * n)) if cut else n
        f = y.dtype.type(np.float64(n) / np.float64(k)) if cut else one
        for j in range(n):
            change = f if j < k else zero
            y[r, j] *= change
            factor[r, j] *= change


@register(
    "regularizer",
    "structural_dropout",
    paper="Knodt 2022; Rippel, Gelbart & Adams 2014 (nested dropout)",
    lecture="003:785",
    compiled=NoiseForm(structural_dropout),
)
@dataclass
class StructuralDropout(Noise):
    """h <- h n/k on the first k of a layer's n units and 0 on the others, k ~ U{1..n} for each example and layer

    One network that can be cut to any width: the first units matter most. n/k keeps the expected sum of equal units,
    not that of each unit: of 4 units the mean factors are 2.0833, 1.0833, 0.5833 and 0.25.
    """

    p: float = number(
        0.0, ge=0, le=1, per_layer=True, neutral=0.0, preset=1.0, help="share of the examples whose layer is cut"
    )
    per = "example"

    def change(self, bits, units, p):
        import torch

        n, p = units.max().double(), p.double()
        u = (bits.double() + (2.0**31 + 0.5)) * 2.0**-32
        cut = u < p
        k = torch.where(cut, (u / p * n).ceil(), n)
        return torch.where(units <= k, torch.where(cut, n / k, 1.0), 0.0).to(units.dtype), None
