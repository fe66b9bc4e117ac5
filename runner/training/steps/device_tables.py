"""The tables of a population as tensors on the device where its rows are stacked.

Shapes: M members, B examples, D padded features, C padded outputs.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from runner.data.prepare import RunData
from runner.data.tables import Tables


class DeviceTables:
    """Features, targets and weights on the device; what `like` has there already is shared."""

    x: Tensor  # [K N, D]
    y: Tensor  # [K N], codes or scaled numbers
    q: Tensor  # [K N, C]

    def __init__(self, tables: Tables, device: torch.device, like: DeviceTables | None = None):
        self.tables, self.device = tables, device
        self.outputs, self.alike = tables.outputs, tables.alike
        if like is not None and like.tables.x is tables.x:
            self.x, self.y, self.q = like.x, like.y, like.q
        else:
            self.x, self.y, self.q = (torch.from_numpy(each).to(device) for each in (tables.x, tables.y, tables.q))
        self.weights = torch.from_numpy(tables.weights.table).to(device)

    @property
    def data(self) -> list[RunData]:
        """The data of each row."""
        return self.tables.data

    def subset(self, rows: list[int]) -> DeviceTables:
        """The same tables for some of the rows."""
        return self.of(self.tables.subset(rows))

    def of(self, tables: Tables) -> DeviceTables:
        """The same for a subset of these tables."""
        other = copy.copy(self)
        other.tables, other.alike = tables, tables.alike
        return other

    def gather(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """Features [..., D] and targets [..., C] of examples `index`, whose second last dimension is the row: [..., M,
        B].
        """
        of_x, of_y = (self._tensor(places) for places in self.tables.places(index))
        x, q = self.x.index_select(0, of_x), self.q.index_select(0, of_y)
        return x.view(*index.shape, -1), q.view(*index.shape, -1)

    def gather_alike(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """What `gather` gives for index [M, B] with equal rows, laid down once for all of them."""
        x, q = self.subset([0]).gather(index[:1])
        return x.expand(len(index), -1, -1), q.expand(len(index), -1, -1)

    def weights_of(self, index: np.ndarray) -> Tensor | None:
        """[..., M, B] of the examples index [..., M, B]; None if no row weights its examples."""
        weights = self.tables.weights
        if not weights.used:
            return None
        return self.weights.index_select(0, self._tensor(weights.places(index))).view(index.shape)

    def answers(self, index: np.ndarray) -> Tensor:
        """Class codes or scaled numbers [M, B] of examples `index` [M, B]."""
        return torch.from_numpy(self.tables.answers(index)).to(self.device)

    def _tensor(self, places: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(places)).to(self.device).flatten()
