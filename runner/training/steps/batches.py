"""The batches of an epoch, a few prepared at once so that what is drawn and gathered for them suits the device.

Shapes: K steps prepared at once, M members, B batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from torch import Tensor

from runner.population.members import Columns
from runner.training.augmenting import Augmenting
from runner.training.noise import NoiseSource, TargetSource
from runner.training.steps.device_tables import DeviceTables
from runner.training.steps.protocols import Batch, Epoch, Population


class Gathered:
    """Features, targets and weights of examples, changed as augmentation says."""

    def __init__(self, columns: Columns, tables: DeviceTables):
        self.tables, self.augmenting = tables, Augmenting(columns, tables.tables.data)
        self.augments = self.augmenting.active
        self.epoch: Epoch | None = None

    def of(self, epoch: Epoch, a: int, b: int, size: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Of the steps a ... b - 1 of an epoch, of `size` examples each: [K, M, B, D], [K, M, B, C], [K, M, B, 1]."""
        if self.epoch is not epoch:  # the order of an epoch comes to the device once
            self.epoch, self.lines = epoch, self.tables.lines(epoch.order)
        lines = self.lines.of(a * epoch.batch, b - a, size)
        x, q, weights = self.tables.taken(lines, b - a, len(epoch.order), size)
        if self.augments:
            part = epoch.order[:, a * epoch.batch : a * epoch.batch + (b - a) * size]
            index = part.reshape(len(part), b - a, size).swapaxes(0, 1)
            x, q, weights = self.augmenting.apply(x, q, np.arange(a, b)[:, None] + epoch.first, index, weights)
        return x, q, weights

    def chunks(self, epoch: Epoch, first: int, last: int, width: int) -> Iterator[tuple[int, int, int]]:
        """(first step, end, batch size) of what is prepared at once for the steps first ... last - 1, of `width`
        numbers an example at most; a ragged last batch is a chunk for itself.
        """
        members, examples = epoch.order.shape
        full = examples // epoch.batch
        many = max(1, self.tables.profile.prepared // (members * epoch.batch * width))
        for a in range(first, min(last, full), many):
            yield a, min(a + many, last, full), epoch.batch
        if last > full:
            yield full, last, examples - full * epoch.batch


class Batches:
    """The batches of the rows of a population."""

    def __init__(self, population: Population):
        columns = population.columns
        self.layout, self.loss = population.layout, population.loss
        self.gathered = Gathered(columns, population.tables)
        self.noise = NoiseSource(columns, self.layout, population.batch)
        self.targets = TargetSource(
            columns, self.layout, population.batch, population.network.masks[-1], population.tables.tables.heads
        )

    def of(self, epoch: Epoch, first: int, last: int) -> Iterator[Batch]:
        """The batches of the steps first ... last - 1."""
        for a, b, size in self.gathered.chunks(epoch, first, last, max(self.layout.padded[:-1])):
            yield from self._prepared(epoch, a, b, size)

    def _prepared(self, epoch: Epoch, a: int, b: int, size: int) -> Iterator[Batch]:
        x, q, weights = self.gathered.of(epoch, a, b, size)
        steps_KM = np.arange(a, b)[:, None] + epoch.first
        q = self.targets.change(q, steps_KM, size)
        noise = self.noise.draw(steps_KM, size)
        weights = None if weights is None else weights * (1 / size)
        q = self.loss.prepare(q, 1 / size if weights is None else weights)
        absent = [None] * (b - a)
        parts = x, q, noise or absent, absent if weights is None else weights
        yield from map(Batch._make, zip(range(a, b), itertools.repeat(epoch.first), *parts, strict=False))
