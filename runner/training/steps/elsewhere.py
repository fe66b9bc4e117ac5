"""The objective of a batch at other inputs as well.

Shapes: M members, P parameters, B batch, D inputs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from runner.population.members import Columns, using
from runner.population.network import Network


class Elsewhere:
    """A technique of the role "inputs", and a second network at the same weights for its pass, whose running statistics
    are given up again.
    """

    def __init__(self, used: tuple, columns: Columns, network: Network, theta: Tensor, buffers: Tensor):
        _, self.piece, paths = used
        self.used = torch.tensor(using(columns, paths), device=columns.device)
        self.h: dict[str, Any] = {key: columns.tensor(path, dims=3) for key, path in paths.items()}
        self.weight = self.h.pop("weight").view(-1)
        self.buffers, self.scratch, self.grad = buffers, buffers.clone(), torch.zeros_like(theta)
        self.network = copy.copy(network).bind(theta, self.grad, self.scratch)

    def mix(self, taken: Callable, x: Tensor, slope: Tensor, objective: Tensor, grad: Tensor) -> None:
        """Objective [M] and gradient [M, P] of the rows that use it, in place; taken(x) gives the objective at other
        inputs, and `slope` [M, B, D] is that of the objective at x.
        """
        self.scratch.copy_(self.buffers)
        other, _ = taken(self.inputs(x, slope))
        objective.copy_(self.mixed(objective, other))
        grad.copy_(self.mixed(grad, self.grad))

    def inputs(self, x: Tensor, slope: Tensor) -> Tensor:
        """The other inputs [M, B, D], of the slope of the objective at x."""
        return self.piece.inputs(x, slope, **self.h)

    def mixed(self, here: Tensor, there: Tensor) -> Tensor:
        """Of the rows that use it, (1 - weight) here + weight there; of the others, what is here."""
        shape = -1, *[1] * (here.dim() - 1)
        weight, used = self.weight.view(shape), self.used.view(shape)
        return torch.where(used, (1 - weight) * here + weight * there, here)
