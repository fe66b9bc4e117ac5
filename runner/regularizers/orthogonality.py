"""Orthogonality: the units of a layer look in different directions, and their weights have length 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import PenaltyForm
from runner.config.registry import number, register
from runner.regularizers.base import Penalty


def orthogonality(w, h):
    """strength ||W W^T - I||_F^2"""
    products, one, total = np.dot(w, w.T), w.dtype.type(1), w.dtype.type(0)
    for o in range(w.shape[0]):
        products[o, o] -= one
        for u in range(w.shape[0]):
            total += products[o, u] * products[o, u]
    return h[0] * total


def orthogonality_gradient(w, h, g):
    """g <- g + 4 strength (W W^T - I) W"""
    products, scale = np.dot(w, w.T), w.dtype.type(4) * h[0]
    for o in range(w.shape[0]):
        products[o, o] -= w.dtype.type(1)
    change = np.dot(products, w)
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            g[o, i] += scale * change[o, i]


@register(
    "regularizer",
    "orthogonality",
    paper="Brock et al. 2017; Bansal et al. 2018",
    compiled=PenaltyForm(orthogonality, orthogonality_gradient),
)
@dataclass
class Orthogonality(Penalty):
    """strength ||W W^T - I||_F^2, summed over layers; gradient 4 strength (W W^T - I) W

    A row of W is a unit. More units than inputs cannot all be orthogonal: the penalty then stays above 0.
    """

    strength: float = number(
        0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="a in a ||W W^T - I||^2, a unit a row of W"
    )

    def value(self, w, strength):
        return (strength * _excess(w).square()).flatten(1).sum(1)

    def gradient(self, w, strength):
        return 4 * strength * (_excess(w) @ w)


def _excess(w):
    """W W^T - I, [M, O, O]"""
    import torch

    return w @ w.transpose(1, 2) - torch.eye(w.shape[1], dtype=w.dtype, device=w.device)
