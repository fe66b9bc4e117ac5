"""Norm balls: the weights of a whole layer stay within a radius, by projection after every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import ConstraintForm
from runner.config.registry import number, register
from runner.regularizers.base import Constraint


def radius(preset: float, help: str):
    """The key of a ball."""
    return number(None, above=0, optional=True, per_layer=True, neutral=float("inf"), preset=preset, help=help)


def l2_ball(w, h):
    """w <- w min(1, radius/||w||_2) of a layer, also where the norm is not finite"""
    limit, one, total = h[0], w.dtype.type(1), w.dtype.type(0)
    if limit < np.inf:
        for o in range(w.shape[0]):
            for i in range(w.shape[1]):
                total += w[o, i] * w[o, i]
        shrink = limit / np.sqrt(total)
        if not shrink >= one:
            for o in range(w.shape[0]):
                for i in range(w.shape[1]):
                    w[o, i] *= shrink


@register(
    "regularizer",
    "l2_ball",
    paper="Bertsekas 1976; Goodfellow et al. 2016, section 7.2",
    lecture="001:809",
    compiled=ConstraintForm(l2_ball),
)
@dataclass
class L2Ball(Constraint):
    """W <- W min(1, radius / ||W||_2) of each layer after every step

    The minimum within the ball is that of an L2 penalty whose strength is the multiplier of the constraint.
    """

    radius: float | None = radius(3.0, "largest L2 norm of a layer's weights")

    def project(self, w, radius):
        shrink = (radius / w.pow(2).sum((1, 2), keepdim=True).sqrt()).clamp(max=1)
        return w * shrink.masked_fill(radius.isinf(), 1)  # also where the norm is not finite


def l1_ball(w, h):
    """w <- sign(w) max(|w| - c, 0) of a layer. c: the mean of what the weights above it have too much, found by taking
    away those below until none is left (Michelot 1986); NaN where the norm is not finite.
    """
    limit, zero, total = h[0], w.dtype.type(0), w.dtype.type(0)
    for o in range(w.shape[0] if limit < np.inf else 0):
        for i in range(w.shape[1]):
            total += np.abs(w[o, i])
    if total > limit or (total != total and limit < np.inf):
        c, above, before = w.dtype.type(np.nan), w.size, w.size + 1
        while above < before and total < np.inf:
            before = above
            c = (total - limit) / w.dtype.type(above)
            above, total = 0, zero
            for o in range(w.shape[0]):
                for i in range(w.shape[1]):
                    if np.abs(w[o, i]) > c:
                        above += 1
                        total += np.abs(w[o, i])
        for o in range(w.shape[0]):
            for i in range(w.shape[1]):
                rest = np.abs(w[o, i]) - c
                rest = zero if rest <= 0 else rest
                w[o, i] = -rest if w[o, i] < 0 else rest


@register(
    "regularizer",
    "l1_ball",
    paper="Duchi et al. 2008",
    lecture="001:809",
    compiled=ConstraintForm(l1_ball),
)
@dataclass
class L1Ball(Constraint):
    """W <- sign(W) max(|W| - c, 0) of each layer after every step, with the c >= 0 that makes ||W||_1 <= radius

    The minimum within the ball is that of an L1 penalty whose strength is the multiplier of the constraint: with exact
    zeros.
    """

    radius: float | None = radius(30.0, "largest L1 norm of a layer's weights")

    def project(self, w, radius):
        import torch

        size = w.abs().flatten(1)
        limit = radius.view(-1, 1)
        largest = size.sort(1, descending=True).values
        total = size.sum(1, keepdim=True)
        excess = largest.cumsum(1) - limit + (total - total)  # NaN where the norm is not finite
        count = torch.arange(1, size.shape[1] + 1, dtype=w.dtype, device=w.device)
        above = (largest * count > excess).sum(1, keepdim=True).clamp(min=1)
        c = (excess.gather(1, above - 1) / above).view(-1, 1, 1)
        inside = (total <= limit).view(-1, 1, 1)
        projected = w.sign() * (w.abs() - c).clamp(min=0)
        return w.where(inside | radius.isinf(), projected)
