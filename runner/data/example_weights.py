"""How much each example of each row counts in the loss."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from runner.data.prepare import RunData


class ExampleWeights:
    """The weights of the rows one below the other, [K N]; rows without weights share one table of ones.

    Shapes: M members, N examples, K different tables, B batch. `used` says whether any row has weights.
    """

    def __init__(self, data: list[RunData], dtype: str = "float32"):
        self.weighted = [d.weights is not None for d in data]
        ones = np.ones(len(data[0].x)) if self.used else np.ones(0)
        tables = [ones if d.weights is None else d.weights for d in data]
        distinct = {id(table): table for table in tables}
        place = {key: k for k, key in enumerate(distinct)}
        self.table = np.concatenate(list(distinct.values())).astype(dtype)
        self._shift = np.array([place[id(table)] * len(data[0].x) for table in tables])

    @property
    def used(self) -> bool:
        """Whether a row weights its examples."""
        return any(self.weighted)

    def places(self, index: np.ndarray) -> np.ndarray:
        """Where in the table the weights of the examples index [..., M, B] lie."""
        return index + self._shift[:, None]

    def of(self, index: np.ndarray) -> np.ndarray:
        """[..., M, B] of the examples index [..., M, B]."""
        return self.table[self.places(index)]

    def subset(self, rows: Sequence[int]) -> ExampleWeights:
        """The same for some of the rows."""
        other = copy.copy(self)
        other.weighted, other._shift = [self.weighted[r] for r in rows], self._shift[list(rows)]
        return other
