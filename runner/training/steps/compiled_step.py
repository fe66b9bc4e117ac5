"""Steps of one row after another, compiled: on a CPU a row is as fast alone as in company.

A row's numbers depend on itself alone, so there is no padding and nothing is shared but the tables of examples.
"""

from __future__ import annotations

import numpy as np

from runner.compiled.row import Examples
from runner.training.augmenting import Augmenting
from runner.training.steps.compiled_row import Row
from runner.training.steps.protocols import Epoch, Population, Stretch


class Compiled:
    """A stepper over the rows that a population has at present."""

    aligned = False

    def __init__(self, population: Population):
        self.tables, self.batch = population.tables, population.batch
        self.rows = [Row(population, row) for row in range(len(population.runs))]
        self.augmenting = Augmenting(population.columns, self.tables.data)
        self.x, self.q = self.tables.x.numpy(), self.tables.q.numpy()

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""
        self.epoch = epoch
        self.of_x, self.of_q = (index.numpy() for index in self.tables.places(epoch.order))
        for row in self.rows:
            row.start_epoch(epoch)

    def advance(self, first: int, last: int) -> Stretch:
        """Make the steps first ... last - 1 of the epoch."""
        objectives, norms = np.empty((last - first, len(self.rows))), np.empty(len(self.rows))
        for r, row in enumerate(self.rows):
            mine = np.empty(last - first)
            norms[r] = row.advance(self._examples(r, first, last), first, last, mine)
            objectives[:, r] = mine
        return Stretch(objectives, norms)

    def _examples(self, r: int, first: int, last: int) -> Examples:
        steps = slice(first * self.batch, last * self.batch)
        weights = self.x[:0, 0]
        return Examples(self.x, self.q, weights, self.of_x[r, steps], self.batch)
