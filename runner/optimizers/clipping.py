"""Gradient clipping, row by row."""

from __future__ import annotations

from torch import Tensor


def row_norms(g: Tensor) -> Tensor:
    """||g||_2 of each row, [M], from g [M, P]."""
    return g.square().sum(1).sqrt_()


def clip_by_norm(g: Tensor, limit: Tensor, norms: Tensor) -> None:
    """g <- g min(1, u / (||g|| + 1e-6)) in place, per row; limit u [M, 1] (Pascanu et al. 2013; torch's
    clip_grad_norm_).
    """
    g.mul_((limit / (norms.unsqueeze(1) + 1e-6)).clamp_(max=1))
