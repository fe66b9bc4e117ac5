"""The batches of an epoch, a few prepared at once so that what is drawn and gathered for them stays in the cache.

Shapes: K steps prepared at once, M members, B batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from runner.population.members import active_entries
from runner.regularizers.base import Targets
from runner.training.augmenting import Augmenting
from runner.training.noise import NoiseSource
from runner.training.steps.protocols import Batch, Epoch, Population

PREPARED = 1 << 19  # numbers prepared at once (batches, noise)


class Batches:
    """The batches of the rows of a population."""

    def __init__(self, population: Population):
        columns, self.size = population.columns, population.batch
        self.tables, self.layout, self.loss = population.tables, population.layout, population.loss
        self.mask = population.network.masks[-1]
        self.augmenting = Augmenting(columns, self.tables.data)
        self.noise = NoiseSource(columns, self.layout, self.size)
        self.smoothing = [
            (piece, {key: columns.tensor(path, dims=3) for key, path in paths.items()})
            for _, piece, paths in active_entries(columns, Targets)
        ]

    def of(self, epoch: Epoch, first: int, last: int) -> Iterator[Batch]:
        """The batches of the steps first ... last - 1."""
        for a, b, size in self._chunks(epoch, first, last):
            yield from self._prepared(epoch, a, b, size)

    def _chunks(self, epoch: Epoch, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """(first step, end, batch size) of what is prepared at once; a ragged last batch is a chunk for itself."""
        members, examples = epoch.order.shape
        full = examples // self.size
        many = max(1, PREPARED // (members * self.size * max(self.layout.padded[:-1])))
        for a in range(first, min(last, full), many):
            yield a, min(a + many, last, full), self.size
        if last > full:
            yield full, last, examples - full * self.size

    def _prepared(self, epoch: Epoch, a: int, b: int, size: int) -> Iterator[Batch]:
        index = epoch.order[:, a * self.size : a * self.size + (b - a) * size].view(-1, b - a, size).transpose(0, 1)
        steps_KM = np.arange(a, b)[:, None] + epoch.first
        x, q = self.tables.gather(index)
        weights = self.tables.weights.of(index) if self.tables.weights.used else None
        if self.augmenting.active:
            x, q, weights = self.augmenting.apply(x, q, steps_KM, weights)
        for piece, h in self.smoothing:
            q = piece.targets(q, self.layout.widths[-1], **h) * self.mask
        noise = self.noise.draw(steps_KM, size)
        weights = None if weights is None else weights * (1 / size)
        q = self.loss.prepare(q, 1 / size if weights is None else weights)
        absent = [None] * (b - a)
        parts = x, q, noise or absent, absent if weights is None else weights
        yield from map(Batch._make, zip(range(a, b), itertools.repeat(epoch.first), *parts, strict=False))
