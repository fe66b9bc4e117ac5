"""Penalties on the activations of a population's rows, layer by layer."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from torch import Tensor

from runner.population.layout import Layout
from runner.population.members import Columns, active_entries, using
from runner.regularizers.base import Activity
from runner.training.penalties import Bound


class Activities:
    """Those that some row uses."""

    def __init__(self, columns: Columns, layout: Layout):
        self.widths = layout.widths[1:-1]
        self.layers: list[list[Bound]] = [[] for _ in self.widths]
        for _, piece, paths in active_entries(columns, Activity):
            rows = torch.tensor(using(columns, paths), device=columns.device)
            for layer, bounds in enumerate(self.layers):
                h = {key: columns.tensor(path, layer, dims=3) for key, path in paths.items()}
                bounds.append(Bound(piece, None, h, None if rows.all() else ~rows))

    @property
    def active(self) -> bool:
        """Whether some row has one."""
        return any(self.layers)

    def value(self, activations: Sequence[Tensor]) -> Tensor:
        """The sum over all hidden layers [M], from the activations [M, B, W] of each."""
        found = [
            bound.value(a_MBW[..., :width])
            for a_MBW, width, bounds in zip(activations, self.widths, self.layers, strict=True)
            for bound in bounds
        ]
        return functools.reduce(torch.add, found)

    def add_gradient(self, layer: int, a_MBW: Tensor, g_MBW: Tensor) -> None:
        """g += d penalty / d activations of a hidden layer."""
        width = self.widths[layer]
        for bound in self.layers[layer]:
            g_MBW[..., :width] += bound.gradient(a_MBW[..., :width])
