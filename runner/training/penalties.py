"""Penalties, proximal steps and constraints of a population's rows, bound to its layout.

Only techniques that some row uses are here at all. An elementwise penalty works on all weights at once; any other works
layer by layer.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from runner.population.layout import Layout
from runner.population.members import Columns, active_entries
from runner.regularizers.base import Constraint, Penalty


@dataclass
class Bound:
    """One penalty or constraint with its columns for one layer, or for all weights (layer None)."""

    piece: Any
    layer: int | None
    columns: dict[str, Tensor]

    def view(self, rows: Tensor, layout: Layout) -> Tensor:
        """The weights it acts on: flat [M, P] or [M, O, I]."""
        return rows[:, : layout.weights] if self.layer is None else layout.slots[f"{self.layer}.weight"].view(rows)


class Penalties:
    """All penalties and constraints that some row uses."""

    def __init__(self, columns: Columns, layout: Layout):
        self.layout = layout
        proximal = torch.tensor([run.optimizer.proximal for run in columns.runs], device=columns.device)
        self.by_gradient: list[Bound] = []
        self.by_prox: list[Bound] = []
        for _, piece, paths in active_entries(columns, Penalty):
            for bound in _bind(piece, paths, columns, layout, flat=piece.elementwise):
                dims = next(iter(bound.columns.values())).dim()
                by_prox = (proximal & (piece.prox is not None)).view(-1, *[1] * (dims - 1))
                if not by_prox.all():
                    self.by_gradient.append(Bound(piece, bound.layer, _only(bound.columns, ~by_prox)))
                if by_prox.any():
                    self.by_prox.append(Bound(piece, bound.layer, _only(bound.columns, by_prox)))
        self.constraints = [
            bound
            for _, piece, paths in active_entries(columns, Constraint)
            for bound in _bind(piece, paths, columns, layout, flat=False)
        ]

    @property
    def active(self) -> bool:
        """Whether some row has a penalty."""
        return bool(self.by_gradient or self.by_prox)

    def value(self, theta: Tensor) -> Tensor:
        """The sum of all penalties of each row, [M]; from the first to the last, so that those that only other rows use
        (0 here) do not change its bits.
        """
        bound = self.by_gradient + self.by_prox
        return functools.reduce(torch.add, (b.piece.value(b.view(theta, self.layout), **b.columns) for b in bound))

    def add_gradient(self, theta: Tensor, grad: Tensor) -> None:
        """grad += d penalty / d theta, for penalties that act by their gradient."""
        for b in self.by_gradient:
            b.view(grad, self.layout).add_(b.piece.gradient(b.view(theta, self.layout), **b.columns))

    def proximal_step(self, theta: Tensor, gain_MP: Tensor) -> None:
        """theta <- prox of gain times penalty, for rows with optimizer.proximal.

        A penalty on groups of weights takes the mean gain of each unit.
        """
        for b in self.by_prox:
            w, step = b.view(theta, self.layout), b.view(gain_MP, self.layout)
            if not b.piece.elementwise:
                width = self.layout.slots[f"{b.layer}.weight"].shape[-1]
                step = step[..., :width].mean(-1, keepdim=True)
            w.copy_(b.piece.prox(w, step, **b.columns))

    def project(self, theta: Tensor) -> None:
        """theta <- the nearest point that satisfies every constraint, layer by layer."""
        for b in self.constraints:
            w = b.view(theta, self.layout)
            w.copy_(b.piece.project(w, **b.columns))


def _bind(piece, paths: dict[str, str], columns: Columns, layout: Layout, *, flat: bool) -> Iterator[Bound]:
    if flat:
        yield Bound(piece, None, {key: _flat_column(path, columns, layout) for key, path in paths.items()})
        return
    for layer in range(layout.layers):
        yield Bound(piece, layer, {key: columns.tensor(path, layer, dims=3) for key, path in paths.items()})


def _flat_column(path: str, columns: Columns, layout: Layout) -> Tensor:
    """[M, 1], or [M, weights] if some row gives one value a layer: the same arithmetic for the rows that do not."""
    if not columns.per_layer(path):
        return columns.tensor(path)
    column = columns.tensor(path, 0).repeat(1, layout.weights)
    for layer in range(layout.layers):
        layout.slots[f"{layer}.weight"].view(column)[:] = columns.tensor(path, layer, dims=3)
    return column


def _only(columns: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """The columns with 0 for every other row: a penalty of strength 0 is absent."""
    return {key: torch.where(rows, column, torch.zeros_like(column)) for key, column in columns.items()}
