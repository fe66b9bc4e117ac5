"""The noise factors of a few steps at once (drawing many small masks together is what makes dropout cheap)."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from runner.population.draws import bits, key, positions, words
from runner.population.layout import Layout
from runner.population.members import Columns, active_regularizers
from runner.regularizers.base import Noise


class NoiseSource:
    """Draws factors for the input (place 0) and each hidden layer (place i + 1). Nothing is drawn where no row asks."""

    def __init__(self, columns: Columns, layout: Layout, batch: int):
        self.places = layout.layers
        self.device = columns.device
        self.seeds = np.array([run.seed for run in columns.runs], dtype=np.uint64)
        self.sources = []
        for name, piece, paths in active_regularizers(columns, Noise):
            layers = [-1] if piece.site == "input" else range(layout.layers - 1)
            for layer in layers:
                h = {k: columns.tensor(path, max(layer, 0), dims=3) for k, path in paths.items()}
                place = positions(batch, layout.widths[layer + 1], layout.padded[layer + 1], self.device)
                self.sources.append((name, piece, layer + 1, h, place))

    def draw(self, steps_KM: np.ndarray, batch: int) -> list[list[Tensor | None]] | None:
        """For each of K steps (absolute numbers [K, M]) a list of factors [M, B, W] or None, one a place; None if no
        noise.
        """
        if not self.sources:
            return None
        factors: list[Tensor | None] = [None] * self.places
        for name, piece, place, h, position in self.sources:
            keys = words(key(self.seeds, name, steps_KM, place), self.device)
            drawn = piece.factor(bits(keys, position[:batch]), **h)
            before = factors[place]
            factors[place] = drawn if before is None else before.mul_(drawn)
        return [[None if f is None else f[k] for f in factors] for k in range(len(steps_KM))]
