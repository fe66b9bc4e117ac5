"""Tables as metrics see them: as tensors, in the units of the targets, of one of several targets.

Shapes: M members, B examples, C outputs, k targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from runner.data.heads import TargetHead
from runner.data.prepare import RunData
from runner.population.arrays import Values, as_array, as_tensor, double, like
from runner.training.metrics.base import Seen


@dataclass
class AsTensors:
    """Tables whose answers are tensors, for metrics that torch computes."""

    tables: Seen

    @property
    def data(self) -> list[RunData]:
        return self.tables.data

    def answers(self, index: np.ndarray) -> Values:
        return as_tensor(self.tables.answers(index))

    def weights_of(self, index: np.ndarray) -> Values | None:
        return self.tables.weights_of(index)


@dataclass
class InOwnUnits:
    """Tables of regressions of which some are trained on a target that is not scaled linearly (`target_scaling`).

    The numbers of these rows are those of the target's own unit, as differences of scaled ones mean nothing there.
    """

    tables: Seen

    @property
    def data(self) -> list[RunData]:
        return self.tables.data

    def answers(self, index: np.ndarray) -> Values:
        scaled = self.tables.answers(index)
        found = as_array(scaled).copy()
        for row, data in enumerate(self.data):
            if data.target is not None:
                found[row] = data.target[index[row]]
        return like(scaled, found)

    def outputs(self, scaled: Values) -> Values:
        """Answers of the networks [M, B, C], in float64."""
        found = as_array(double(scaled)).copy()
        for row, data in enumerate(self.data):
            if data.target is not None:
                found[row] = data.encoding.scale_of_target.original(found[row])
        return like(double(scaled), found)

    def weights_of(self, index: np.ndarray) -> Values | None:
        return self.tables.weights_of(index)


@dataclass
class OfHead:
    """Tables of several targets as if there were one."""

    tables: Seen
    head: TargetHead

    @cached_property
    def data(self) -> list[RunData]:
        return [data.heads[self.head.place] for data in self.tables.data]

    def answers(self, index: np.ndarray) -> Values:
        found = self.tables.answers(index)[..., self.head.place]
        if not self.head.classes:
            return found
        return found.astype(np.int64) if isinstance(found, np.ndarray) else found.long()

    def weights_of(self, index: np.ndarray) -> Values | None:
        return self.tables.weights_of(index)


def in_own_units(tables: Seen) -> Seen:
    """`InOwnUnits`, where some row asks for it."""
    return InOwnUnits(tables) if any(data.target is not None for data in tables.data) else tables
