"""The data of a population: shared tables on the device, and per row which examples it sees.

Rows whose encoded features are the same array share one table; the tables lie one below the other, and a row's indices
are shifted to its own. One index_select gathers a step's examples for all rows. Shapes: M members, N examples, D padded
features, C padded outputs.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from runner.data.example_weights import ExampleWeights
from runner.population.draws import generator
from runner.population.layout import ALIGN, pad

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def _stack(arrays: list[np.ndarray]) -> tuple[list[np.ndarray], list[int]]:
    """The distinct arrays (by identity) and, for each input, which one it is."""
    distinct: dict[int, int] = {}
    which = [distinct.setdefault(id(a), len(distinct)) for a in arrays]
    first = [which.index(k) for k in range(len(distinct))]
    return [arrays[i] for i in first], which


class Tables:
    """Features and targets on the device; indices [M, n] of each split."""

    x: Tensor  # [K N, D]
    y: Tensor  # [K N], codes or scaled numbers
    q: Tensor  # [K N, C], what the loss compares with

    def __init__(
        self,
        data: list[RunData],
        dtype=torch.float32,
        device="cpu",
        train_eval_rows: int = 2000,
        like: Tables | None = None,
        aligned: bool = True,
    ):
        self.align = ALIGN if aligned else 1
        self.data = data
        self.task, self.outputs = data[0].task, data[0].outputs
        self.size = {split: len(getattr(data[0], split)) for split in ("train", "val", "test")}
        features, x_of = _stack([d.x for d in data])
        targets, y_of = _stack([d.y for d in data])
        self._arrays = [id(array) for array in features + targets]
        if like is not None and like._arrays == self._arrays:
            self.x, self.y, self.q = like.x, like.y, like.q
        else:
            self.x = self._features(features, dtype).to(device)
            self.y = torch.from_numpy(np.concatenate(targets)).to(device)
            self.q = self._targets(dtype)
        count = len(data[0].x)
        self._x_shift = torch.tensor([k * count for k in x_of])
        self._y_shift = torch.tensor([k * count for k in y_of])
        self._same = x_of == y_of
        self.weights = ExampleWeights(data, dtype, device)
        self.index = {s: torch.from_numpy(np.stack([getattr(d, s) for d in data])) for s in self.size}
        self.index["train_eval"] = self.sample(train_eval_rows)  # on them train/* is measured
        self.device = device

    def _features(self, arrays, dtype) -> Tensor:
        width = arrays[0].shape[1]
        x = torch.zeros(sum(len(a) for a in arrays), pad(width, self.align), dtype=dtype)
        x[:, :width] = torch.from_numpy(np.concatenate(arrays)) if len(arrays) > 1 else torch.from_numpy(arrays[0])
        return x

    def _targets(self, dtype) -> Tensor:
        q = torch.zeros(len(self.y), pad(self.outputs, self.align), dtype=dtype, device=self.y.device)
        if self.task == "classification":
            return q.scatter_(1, self.y[:, None], 1)
        q[:, 0] = self.y.to(dtype)
        return q

    def sample(self, rows: int) -> Tensor:
        """Fixed training examples [M, rows] at random, all if there are no more."""
        shuffles = [
            torch.randperm(self.size["train"], generator=generator(d.split_seed, "train_eval")) for d in self.data
        ]
        return self.index["train"].gather(1, torch.stack(shuffles)[:, :rows].sort(1).values)

    def subset(self, rows: list[int]) -> Tables:
        """The same tables for some of the rows."""
        other = copy.copy(self)
        other.data = [self.data[r] for r in rows]
        other.weights = self.weights.subset(rows)
        other._x_shift, other._y_shift = self._x_shift[rows], self._y_shift[rows]
        other.index = {split: index[rows] for split, index in self.index.items()}
        return other

    def order(self, seeds: list[int], epochs: list[int]) -> Tensor:
        """Training indices [M, n] of one epoch: each row's own permutation, from its seed and epoch alone."""
        n = self.size["train"]
        keys = zip(seeds, epochs, strict=True)
        shuffles = torch.stack([torch.randperm(n, generator=generator(s, "order", e)) for s, e in keys])
        return self.index["train"].gather(1, shuffles)

    def gather(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Features [..., D] and targets [..., C] of examples `index`, whose second last dimension is the row: [..., M,
        B].
        """
        of_x, of_y = (places.to(self.device).flatten() for places in self.places(index))
        x, q = self.x.index_select(0, of_x), self.q.index_select(0, of_y)
        return x.view(*index.shape, -1), q.view(*index.shape, -1)

    def places(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of `x` and of `q` of examples `index` [..., M, B]."""
        of_x = index + self._x_shift[:, None]
        return of_x, of_x if self._same else index + self._y_shift[:, None]

    @property
    def alike(self) -> bool:
        """Whether every row has the same examples in the same splits."""
        return all(data is self.data[0] for data in self.data)

    def gather_alike(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """What `gather` gives for index [M, B] with equal rows, laid down once for all of them."""
        x, q = self.subset([0]).gather(index[:1])
        return x.expand(len(index), -1, -1), q.expand(len(index), -1, -1)

    def answers(self, index: Tensor) -> Tensor:
        """Class codes or scaled numbers [M, B] of examples `index` [M, B]."""
        return self.y.index_select(0, (index + self._y_shift[:, None]).to(self.device).flatten()).view(index.shape)
