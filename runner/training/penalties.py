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

from runner.population.layout import Layout, Slot
from runner.population.members import Columns, active_entries, using
from runner.regularizers.base import Constraint, Penalty


@dataclass
class Bound:
    """One penalty or constraint with its columns for the weights of one layer, or for all weights (slot None).

    `absent` [M] marks the rows that it must leave bit for bit as they are, None if there are none: the arithmetic of a
    strength of 0 would change the sign of a zero, and infinities.
    """

    piece: Any
    slot: Slot | None
    columns: dict[str, Tensor]
    absent: Tensor | None = None

    def among(self, rows: Tensor) -> Bound:
        """The same for some rows [M] only, with 0 in the columns of the others."""
        chosen = _like(rows, next(iter(self.columns.values())))
        columns = {key: torch.where(chosen, column, torch.zeros_like(column)) for key, column in self.columns.items()}
        return Bound(self.piece, self.slot, columns, None if rows.all() else ~rows)

    def value(self, w: Tensor) -> Tensor:
        """The penalty of each row [M]."""
        found = self.piece.value(w, **self.columns)
        return found if self.absent is None else found.masked_fill(self.absent, 0)

    def gradient(self, w: Tensor) -> Tensor:
        """Its gradient; -0 in the rows without it, the one number that changes nothing where it is added."""
        found = self.piece.gradient(w, **self.columns)
        return found if self.absent is None else found.masked_fill(_like(self.absent, w), -0.0)

    def prox(self, w: Tensor, step: Tensor) -> Tensor:
        """Its proximal step."""
        found = self.piece.prox(w, step, **self.columns)
        return found if self.absent is None else torch.where(_like(self.absent, w), w, found)

    def view(self, rows: Tensor, layout: Layout) -> Tensor:
        """The weights it acts on: flat [M, P] or [M, O, I]."""
        return rows[:, : layout.weights] if self.slot is None else self.slot.true(rows)


class Penalties:
    """All penalties and constraints that some row uses."""

    def __init__(self, columns: Columns, layout: Layout):
        self.layout = layout
        proximal = torch.tensor([run.optimizer.proximal for run in columns.runs], device=columns.device)
        self.by_gradient: list[Bound] = []
        self.by_prox: list[Bound] = []
        for _, piece, paths in active_entries(columns, Penalty):
            used = torch.tensor(using(columns, paths), device=columns.device)
            by_prox = used & proximal & (piece.prox is not None)
            for bound in _bind(piece, paths, columns, layout, flat=piece.elementwise):
                for rows, bounds in ((used & ~by_prox, self.by_gradient), (by_prox, self.by_prox)):
                    if rows.any():
                        bounds.append(bound.among(rows))
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
        return functools.reduce(torch.add, (b.value(b.view(theta, self.layout)) for b in bound))

    def add_gradient(self, theta: Tensor, grad: Tensor) -> None:
        """grad += d penalty / d theta, for penalties that act by their gradient."""
        for b in self.by_gradient:
            b.view(grad, self.layout).add_(b.gradient(b.view(theta, self.layout)))

    def proximal_step(self, theta: Tensor, gain_MP: Tensor) -> None:
        """theta <- prox of gain times penalty, for rows with optimizer.proximal.

        A penalty on groups of weights takes the mean gain of each unit.
        """
        for b in self.by_prox:
            w, step = b.view(theta, self.layout), b.view(gain_MP, self.layout)
            if not b.piece.elementwise:
                step = step.mean(-1, keepdim=True)
            w.copy_(b.prox(w, step))

    def project(self, theta: Tensor) -> None:
        """theta <- the nearest point that satisfies every constraint, layer by layer."""
        for b in self.constraints:
            w = b.view(theta, self.layout)
            w.copy_(b.piece.project(w, **b.columns))


def _like(rows: Tensor, other: Tensor) -> Tensor:
    """[M] as [M, 1, ...], to go with `other`."""
    return rows.view(-1, *[1] * (other.dim() - 1))


def _bind(piece, paths: dict[str, str], columns: Columns, layout: Layout, *, flat: bool) -> Iterator[Bound]:
    if flat:
        yield Bound(piece, None, {key: flat_column(path, columns, layout) for key, path in paths.items()})
        return
    for slot in (each for each in layout.learned if each.kind == "weight"):
        yield Bound(piece, slot, {key: columns.tensor(path, slot.layer, dims=3) for key, path in paths.items()})


def flat_column(path: str, columns: Columns, layout: Layout) -> Tensor:
    """[M, 1], or [M, weights] if some row gives one value a layer: the same arithmetic for the rows that do not."""
    if not columns.per_layer(path):
        return columns.tensor(path)
    column = columns.tensor(path, 0).repeat(1, layout.weights)
    for slot in layout.weight_slots:
        slot.view(column)[:] = columns.tensor(path, slot.layer, dims=3)
    return column
