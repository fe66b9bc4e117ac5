"""The data of a population: shared tables, and per row which examples it sees.

Rows whose encoded features are the same array share one table; the tables lie one below the other, and a row's indices
are shifted to its own. Shapes: M members, N examples, K different tables, D features, C outputs, both padded where rows
are stacked.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from runner.data.example_weights import ExampleWeights
from runner.population.arrays import in_lines
from runner.population.draws import permutation, with_replacement
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
    """Features and targets; indices [M, n] of each split. Arrays `like` those of other tables are shared with them."""

    x: np.ndarray  # [K N, D]
    y: np.ndarray  # [K N], codes or scaled numbers, of several targets [K N, k]
    q: np.ndarray  # [K N, C], what the loss compares with

    def __init__(
        self,
        data: list[RunData],
        dtype: str = "float32",
        train_eval_rows: int = 2000,
        like: Tables | None = None,
        aligned: bool = True,
    ):
        self.align = ALIGN if aligned else 1
        self.data = data
        self.task, self.outputs, self.heads = data[0].task, data[0].outputs, data[0].encoding.heads
        self.size = {split: len(getattr(data[0], split)) for split in ("train", "val", "test")}
        features, x_of = _stack([d.x for d in data])
        targets, y_of = _stack([d.y for d in data])
        self._arrays = [id(array) for array in features + targets]
        if like is not None and like._arrays == self._arrays:
            self.x, self.y, self.q = like.x, like.y, like.q
        else:
            self.x = self._features(features, dtype)
            self.y = targets[0] if len(targets) == 1 else np.concatenate(targets)
            self.q = self._targets(dtype)
        count = len(data[0].x)
        self._x_shift = np.array([k * count for k in x_of])
        self._y_shift = np.array([k * count for k in y_of])
        self._same, self._one = x_of == y_of, not any(x_of + y_of)
        self.weights = ExampleWeights(data, dtype)
        self.index = {s: np.stack([getattr(d, s) for d in data]) for s in self.size}
        self.index["train_eval"] = self.sample(train_eval_rows)  # on them train/* is measured

    def _features(self, arrays: list[np.ndarray], dtype: str) -> np.ndarray:
        width = arrays[0].shape[1]
        if len(arrays) == 1 and self.align == 1:
            return np.ascontiguousarray(arrays[0], dtype)  # itself, as a rule
        rows, padded = sum(len(a) for a in arrays), pad(width, self.align)
        x = in_lines((rows * padded,), dtype).reshape(rows, padded)
        x[:, :width] = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
        return x

    def _targets(self, dtype: str) -> np.ndarray:
        padded = pad(self.outputs, self.align)
        if self.task == "regression" and padded == self.outputs:
            return np.ascontiguousarray(self.y.reshape(len(self.y), -1), dtype)  # y itself, if that is of the format
        q = np.zeros((len(self.y), padded), dtype)
        for head in self.heads:
            answers, start = self.y[:, head.place], head.columns.start
            if head.classes:
                q[np.arange(len(q)), start + answers.astype(np.int64)] = 1
            else:
                q[:, start] = answers
        if self.heads:
            return q
        if self.task == "classification":
            q[np.arange(len(q)), self.y] = 1
        else:
            q[:, : self.outputs] = self.y.reshape(len(q), -1)
        return q

    def sample(self, rows: int) -> np.ndarray:
        """Fixed training examples [M, rows] at random, all if there are no more."""
        n = self.size["train"]
        shuffles = np.stack([permutation(n, d.split_seed, "train_eval")[:rows] for d in self.data])
        return np.take_along_axis(self.index["train"], np.sort(shuffles, 1), 1)

    def subset(self, rows: Sequence[int]) -> Tables:
        """The same tables for some of the rows; of a range of them nothing is copied."""
        other, where = copy.copy(self), slice(rows.start, rows.stop) if isinstance(rows, range) else rows
        other.data = [self.data[r] for r in rows]
        other.weights = self.weights.subset(rows)
        other._x_shift, other._y_shift = self._x_shift[where], self._y_shift[where]
        other.index = {split: index[where] for split, index in self.index.items()}
        return other

    def order(
        self,
        seeds: list[int],
        epochs: list[int],
        sampling: Sequence[str] = (),
        among: Sequence[np.ndarray | None] = (),
    ) -> np.ndarray:
        """Training indices [M, n] of one epoch: each row's own permutation, of its bootstrap where its
        `trainer.sampling` says so, or draws with replacement, from its seed and epoch alone. Where `among` has places
        of a row's examples, these alone are drawn from, one pass over them after the other.
        """
        found = np.empty_like(self.index["train"])
        for row, (seed, epoch, how) in enumerate(zip(seeds, epochs, sampling or ["shuffle"] * len(seeds), strict=True)):
            draw = with_replacement if how == "replacement" else permutation
            examples, chosen = self.examples(row, seed, how), among[row] if among else None
            if chosen is None:
                examples.take(draw(len(examples), seed, "order", epoch), out=found[row])
                continue
            passes = [draw(len(chosen), seed, "order", epoch, k) for k in range(-(-len(examples) // len(chosen)))]
            examples.take(chosen[np.concatenate(passes)[: len(examples)]], out=found[row])
        return found

    def examples(self, row: int, seed: int, sampling: str) -> np.ndarray:
        """The training indices [n] of which the epochs of a row are made."""
        train = self.index["train"][row]
        return bootstrap(train, seed) if sampling == "bootstrap" else train

    def places(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lines of `x` and of `q` of examples `index` [..., M, B], whose second last dimension is the row."""
        if self._one:
            return index, index
        of_x = index + self._x_shift[:, None]
        return of_x, of_x if self._same else index + self._y_shift[:, None]

    @property
    def alike(self) -> bool:
        """Whether every row has the same examples in the same splits."""
        return all(data is self.data[0] for data in self.data)

    def weights_of(self, index: np.ndarray) -> np.ndarray | None:
        """[..., M, B] of the examples index [..., M, B]; None if no row weights its examples."""
        return self.weights.of(index) if self.weights.used else None

    def answers(self, index: np.ndarray) -> np.ndarray:
        """Class codes or scaled numbers [M, B] of examples `index` [M, B], of several targets [M, B, k]."""
        return self.y.take(self.places(index)[1], axis=0)


def bootstrap(examples: np.ndarray, seed: int) -> np.ndarray:
    """n draws with replacement from n examples (Efron 1979), by the seed alone: 1 - (1 - 1/n)^n of them, 63%."""
    return examples.take(with_replacement(len(examples), seed, "bootstrap"))
