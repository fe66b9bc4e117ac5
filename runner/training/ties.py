"""Networks of an ensemble whose weights are drawn to each other (`ensemble.tie`): soft parameter sharing.

strength sum_{i<j} ||w_i - w_j||^2 is added to the sum of the objectives of the members of a group (Goodfellow et al.
2016, section 7.9). What a row is shown of it, and decreases, is the part in which its own weights stand. Weights only,
as for penalties.

Shapes: M members, K members of a group, P weights.
"""

from __future__ import annotations

from torch import Tensor

from runner.config.settings import Tied
from runner.population.layout import Layout
from runner.population.members import Columns


class Ties:
    """The groups of rows that are drawn to each other."""

    def __init__(self, columns: Columns, layout: Layout):
        self.weights = layout.weights
        groups: dict[Tied, list[int]] = {}
        for row, run in enumerate(columns.runs):
            if run.tied:
                groups.setdefault(run.tied, []).append(row)
        self.groups = [(rows, columns.column([tied.strength] * len(rows))) for tied, rows in groups.items()]
        self.active = bool(self.groups)

    def value(self, theta: Tensor) -> Tensor:
        """strength sum_j ||w_i - w_j||^2 of each row i [M], in which the others' weights are given."""
        found = theta.new_zeros(len(theta))
        for rows, strength in self.groups:
            w = theta[rows, : self.weights]
            apart = (w.unsqueeze(1) - w.detach()).square().sum((1, 2))
            found = found.index_add(0, _on(theta, rows), strength.view(-1) * apart)
        return found

    def add_gradient(self, theta: Tensor, grad: Tensor) -> None:
        """grad_i += 2 strength sum_j (w_i - w_j)."""
        for rows, strength in self.groups:
            w = theta[rows, : self.weights]
            grad[rows, : self.weights] += 2 * strength * (len(rows) * w - w.sum(0))


def _on(theta: Tensor, rows: list[int]) -> Tensor:
    return theta.new_tensor(rows).long()
