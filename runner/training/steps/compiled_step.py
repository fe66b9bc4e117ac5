"""Steps of one row after another, compiled: on a CPU a row is as fast alone as in company.

A row's numbers depend on itself alone, so there is no padding and nothing is shared but the tables of examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from runner.compiled.row import Examples
from runner.population.members import Columns
from runner.training.steps.batches import Gathered, chunks
from runner.training.steps.compiled_network import Scores
from runner.training.steps.compiled_row import Row
from runner.training.steps.protocols import Epoch, Population, Stretch


class Compiled:
    """A stepper over the rows that a population has at present."""

    aligned: ClassVar[bool] = False

    def __init__(self, population: Population):
        self.tables, self.batch = population.tables, population.batch
        self.rows = [Row(population, row) for row in range(len(population.runs))]
        self.gathered = [
            Gathered(Columns([run], population.dtype), self.tables.subset([r])) for r, run in enumerate(population.runs)
        ]
        self.widest = max(population.layout.widths[:-1])
        self.x, self.q = self.tables.x.numpy(), self.tables.q.numpy()

    @staticmethod
    def scores(population: Population) -> Scores:
        """The compiled way to evaluate."""
        return Scores(population)

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""
        self.epoch = epoch
        self.of_x, self.of_q = (index.numpy() for index in self.tables.places(epoch.order))
        for row in self.rows:
            row.start_epoch(epoch)

    def advance(self, first: int, last: int) -> Stretch:
        """Make the steps first ... last - 1 of the epoch."""
        objectives, norms = np.empty((len(self.rows), last - first)), np.empty(len(self.rows))
        for r, row in enumerate(self.rows):
            for a, b, examples in self._examples(r, first, last):
                norms[r] = row.advance(examples, a, b, objectives[r, a - first : b - first])
        return Stretch(np.ascontiguousarray(objectives.T), norms)

    def _examples(self, r: int, first: int, last: int) -> Iterator[tuple[int, int, Examples]]:
        """(first step, end, examples) of stretches of steps of a row: one, or, with augmentation, a few steps each."""
        gathered = self.gathered[r]
        if gathered.augments:
            yield from self._augmented(r, first, last)
            return
        part = slice(first * self.batch, last * self.batch)
        weights = gathered.tables.weights
        of = weights.of(self.epoch.order[r : r + 1, part]).flatten().numpy() if weights.used else self.x[:0, 0]
        yield first, last, Examples(self.x, self.q, of, self.of_x[r, part], self.of_q[r, part], self.batch)

    def _augmented(self, r: int, first: int, last: int) -> Iterator[tuple[int, int, Examples]]:
        epoch = self.epoch.of(r)
        for a, b, size in chunks(epoch, first, last, self.widest):
            x_K1BD, q_K1BC, weights = self.gathered[r].of(epoch, a, b, size)
            x, q = x_K1BD.flatten(0, 2).numpy(), q_K1BC.flatten(0, 2).numpy()
            lines = np.arange(len(x))
            yield a, b, Examples(x, q, x[:0, 0] if weights is None else weights.flatten().numpy(), lines, lines, size)
