"""Techniques around the update rule (`runner.regularizers.base.Around`), bound to the rows that use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from runner.population.members import Columns, active_entries, using
from runner.regularizers.base import Around


class Bound:
    """One technique, the rows that use it and their state."""

    def __init__(self, name: str, piece: Any, paths: dict[str, str], columns: Columns, theta: Tensor, weights: int):
        used = [row for row, uses in enumerate(using(columns, paths)) if uses]
        self.rows: slice | list[int] = slice(None) if len(used) == len(columns.runs) else used  # all: views, no copies
        self.name, self.piece = name, piece
        self.size = weights if piece.of_weights else theta.shape[1]  # of a row's numbers, the first
        self.theta = theta[:, : self.size]
        self.h = {key: columns.tensor(path)[used] for key, path in paths.items()}
        widths = dict.fromkeys(piece.slots, self.size) | dict.fromkeys(piece.row_slots, 1)
        self.state = {slot: theta.new_zeros(len(used), width) for slot, width in widths.items()}
        base = type(piece)
        self.changes_gradient, self.changes_weights = (
            getattr(base, hook) is not getattr(Around, hook) for hook in ("gradient", "after")
        )

    def kept(self) -> dict[str, Tensor]:
        """The state by the names that a checkpoint knows it by."""
        return {f"around.{self.name}.{slot}": tensor for slot, tensor in self.state.items()}

    def start_epoch(self, first: Tensor) -> None:
        """Before an epoch of rows that have made `first` [M] steps."""
        self.first = first[self.rows].unsqueeze(1)
        new = self.first == 0
        if new.any():
            self.piece.begin(self.theta[self.rows], self.state, new)

    def gradient(self, s: int, evaluate: Callable, grad: Tensor) -> None:
        """Replace the gradient of the rows in step s of the epoch."""
        grad = grad[:, : self.size]
        w, g = self.theta[self.rows], grad[self.rows]
        grad[self.rows] = self.piece.gradient(evaluate, w, g, self.state, self.first + s + 1, **self.h)

    def after(self, s: int) -> None:
        """Change the weights of the rows after step s of the epoch."""
        w = self.theta[self.rows]
        self.piece.after(w, self.state, self.first + s + 1, **self.h)
        self.theta[self.rows] = w


def bound(columns: Columns, theta: Tensor, weights: int) -> list[Bound]:
    """Every technique that some row uses; the first `weights` numbers of a row of theta are weights."""
    return [
        Bound(name, piece, paths, columns, theta, weights) for name, piece, paths in active_entries(columns, Around)
    ]
