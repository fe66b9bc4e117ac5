"""The tables of a population as tensors on the device where its rows are stacked.

Shapes: M members, B examples, D padded features, C padded outputs.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from runner.data.prepare import RunData
from runner.data.tables import Tables
from runner.population.devices import profile


class Lines(NamedTuple):
    """Where the examples of each row lie in the tables, [M, n] each; `weights` is None if no row weights its own."""

    x: Tensor
    q: Tensor
    weights: Tensor | None

    def of(self, begin: int, steps: int, size: int) -> Lines:
        """Those of so many steps from example `begin` on, [steps M size] each."""
        x = _cut(self.x, begin, steps, size)
        q = x if self.q is self.x else _cut(self.q, begin, steps, size)
        return Lines(x, q, None if self.weights is None else _cut(self.weights, begin, steps, size))


def _cut(lines: Tensor, begin: int, steps: int, size: int) -> Tensor:
    part = lines[:, begin : begin + steps * size]
    return part.reshape(-1, steps, size).transpose(0, 1).flatten()


class DeviceTables:
    """Features, targets and weights on the device; what `like` has there already is shared."""

    x: Tensor  # [K N, D]
    y: Tensor  # [K N], codes or scaled numbers, of several targets [K N, k]
    q: Tensor  # [K N, C]

    def __init__(self, tables: Tables, device: torch.device, like: DeviceTables | None = None):
        self.tables, self.device, self.profile = tables, device, profile(device)
        self.outputs, self.alike = tables.outputs, tables.alike
        if like is not None and like.tables.x is tables.x:
            self.x, self.y, self.q = like.x, like.y, like.q
        else:
            self.x, self.y, self.q = (self.profile.put(each, device) for each in (tables.x, tables.y, tables.q))
        self.weights = self.profile.put(tables.weights.table, device)

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

    def lines(self, index: np.ndarray) -> Lines:
        """Where examples `index` lie, whose second last dimension is the row, in one copy a table."""
        weights = self.tables.weights
        return Lines(*self._places(index), self._lines(weights.places(index)) if weights.used else None)

    def taken(self, lines: Lines, *shape: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Features [*shape, D], targets [*shape, C] and weights [*shape, 1] of flat lines."""
        x, q = self.x.index_select(0, lines.x), self.q.index_select(0, lines.q)
        weights = None if lines.weights is None else self.weights.index_select(0, lines.weights).view(*shape, 1)
        return x.view(*shape, -1), q.view(*shape, -1), weights

    def gather(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """Features [..., D] and targets [..., C] of examples `index`, whose second last dimension is the row: [..., M,
        B].
        """
        of_x, of_q = self._places(index)
        x, q = self.x.index_select(0, of_x.flatten()), self.q.index_select(0, of_q.flatten())
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
        return self.weights.index_select(0, self._lines(weights.places(index)).flatten()).view(index.shape)

    def answers(self, index: np.ndarray) -> Tensor:
        """Class codes or scaled numbers [M, B] of examples `index` [M, B], of several targets [M, B, k]."""
        return self.profile.put(self.tables.answers(index), self.device)

    def _places(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        of_x, of_q = self.tables.places(index)
        x = self._lines(of_x)
        return x, x if of_q is of_x else self._lines(of_q)

    def _lines(self, places: np.ndarray) -> Tensor:
        return self.profile.lines(places, self.device)
