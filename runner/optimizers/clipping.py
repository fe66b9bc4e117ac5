"""Gradient clipping, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.population.members import Columns

if TYPE_CHECKING:
    from torch import Tensor


class Clipping:
    """The limits of the rows that clip: by norm first, then by value."""

    def __init__(self, columns: Columns):
        self.norm, self.value = (
            columns.tensor(f"optimizer.{key}") if columns.active(f"optimizer.{key}") else None
            for key in ("clip_norm", "clip_value")
        )
        self.needs_norm = self.norm is not None
        self.active = self.needs_norm or self.value is not None

    def clip(self, g: Tensor, norms: Tensor | None) -> None:
        """Clip g [M, P] in place; norms [M] of its rows, where a row clips by norm."""
        if self.norm is not None and norms is not None:
            clip_by_norm(g, self.norm, norms)
        if self.value is not None:
            g.clamp_(-self.value, self.value)


def row_norms(g: Tensor) -> Tensor:
    """||g||_2 of each row, [M], from g [M, P]."""
    return g.square().sum(1).sqrt_()


def clip_by_norm(g: Tensor, limit: Tensor, norms: Tensor) -> None:
    """g <- g min(1, u / (||g|| + 1e-6)) in place, per row; limit u [M, 1] (Pascanu et al. 2013; torch's
    clip_grad_norm_). A row with u = inf is left as it is, also where its norm is not finite.
    """
    g.mul_((limit / (norms.unsqueeze(1) + 1e-6)).clamp_(max=1).masked_fill_(limit.isinf(), 1))
