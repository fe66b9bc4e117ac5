"""The random numbers of one technique for the examples of a batch: pure functions of (seed, technique, step, example,
feature), as all draws.

Shapes: K steps, M rows, B batch, D features.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from runner.population.draws import bits, key, normal, positions, words
from runner.population.layout import ALIGN, WIDE, pad


class Chance:
    """Draws of the rows `seeds` [M] at the absolute steps `steps` [K, M]; `draw` counts independent ones of a kind."""

    def __init__(self, purpose: str, seeds: np.ndarray, steps: np.ndarray, batch: int, device="cpu"):
        self._purpose, self._seeds, self._steps = purpose, seeds, steps
        self._batch, self._device = batch, device

    def steps(self, draw: int = 0) -> np.ndarray:
        """Uniform between 0 and 1, one a step and row: [K, M]."""
        return ((self._keys("step", draw) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def beta(self, alpha: Tensor, draw: int = 0) -> np.ndarray:
        """Beta(alpha, alpha), alpha [M, 1], one a step and row [K, M], by the inverse of its distribution function."""
        from scipy.special import betaincinv

        a = alpha.cpu().numpy()[:, 0]
        return betaincinv(a, a, self.steps(draw))

    def examples(self, draw: int = 0) -> Tensor:
        """Uniform between 0 and 1, float64, one an example: [K, M, B]."""
        return self.cut(self.padded_examples(draw))

    def padded_examples(self, draw: int = 0) -> Tensor:
        """The same and some more behind, for functions whose bits depend on how many numbers they get; see `cut`."""
        many = pad(self._batch, WIDE)
        return _uniform(self._bits("example", draw, 1, many, many).squeeze(2))

    def cut(self, values: Tensor) -> Tensor:
        """The values of the batch among those of `padded_examples`."""
        return values[..., : self._batch]

    def order(self, draw: int = 0) -> Tensor:
        """A permutation of the batch: [K, M, B]."""
        return self._bits("order", draw, 1, self._batch, self._batch).squeeze(2).argsort(dim=-1, stable=True)

    def features(self, width: int, draw: int = 0) -> Tensor:
        """Uniform between 0 and 1, float64, one a feature: [K, M, B, width]."""
        return _uniform(self._bits("feature", draw, self._batch, width, width))

    def normal(self, width: int) -> Tensor:
        """Standard normal numbers, float64: [K, M, B, width]."""
        padded = pad(width, ALIGN)
        return normal(*(self._bits("normal", i, self._batch, width, padded) for i in range(2)))[..., :width]

    def _keys(self, kind: str, draw: int) -> np.ndarray:
        return key(self._seeds, f"{self._purpose}/{kind}/{draw}", self._steps)

    def _bits(self, kind: str, draw: int, rows: int, width: int, padded: int) -> Tensor:
        place = positions(rows, width, padded, self._device)
        return bits(words(self._keys(kind, draw), self._device), place)


def _uniform(drawn: Tensor) -> Tensor:
    """Between 0 and 1, both excluded, from uniform int32."""
    return (drawn.double() + (2.0**31 + 0.5)) * 2.0**-32
