"""DropConnect: random connections between units are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.chance import bits, threshold_of
from runner.compiled.forms import ConnectionsForm
from runner.config.registry import number, register
from runner.regularizers.base import Connections
from runner.regularizers.dropout import bernoulli_factor


def drop_connections(w, words, first, h):
    """w times bernoulli_factor"""
    k0, k1, flat, p = words[0], words[1], w.reshape(w.size), h[0]
    threshold, zero, begin = threshold_of(p), w.dtype.type(0), np.uint32(first)
    scale = w.dtype.type(1 / (1 - np.float64(p)))
    for i in range(flat.shape[0] if p > zero else 0):
        flat[i] *= scale if np.int32(bits(k0, k1, np.uint32(begin + np.uint32(i)))) >= threshold else zero


@register(
    "regularizer",
    "dropconnect",
    paper="Wan et al. 2013",
    lecture="003:769, 004:196",
    compiled=ConnectionsForm(drop_connections),
)
@dataclass
class DropConnect(Connections):
    """w <- w m/(1-p), m ~ Bernoulli(1-p), on each weight while training; new m every step, the same for its examples

    The mask of a step and not of an example, as in the paper's fast variant: a unit w with inputs x gets w.x on the
    average, with variance p/(1-p) sum_i w_i^2 x_i^2. Biases are kept.
    """

    p: float = number(0.0, ge=0, lt=1, per_layer=True, neutral=0.0, preset=0.5, help="probability to drop a weight")

    def factor(self, bits, p):
        return bernoulli_factor(bits, p)
