"""The weights that the passes of stacked rows use, which need not be those that are learned.

While training, what theta holds is reparametrized, gets noise, is restricted by masks, loses random connections, and
stands for other layers too (`model.tied`), in this order; `pull_back` takes the gradient of the outcome back to theta.
In evaluation there is no chance, but the mean of what chance does to activations (`used`).

Shapes: M members, P parameters, O x I weights of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from runner.config.settings import Settings
from runner.population.draws import bits, key, words
from runner.population.layout import Layout
from runner.population.members import Columns, active_entries
from runner.population.pieces.base import Parametrization
from runner.population.pieces.linear import Mask
from runner.regularizers.base import Connections
from runner.training.noise import ParameterNoiseSource
from runner.training.penalties import flat_column
from runner.training.readers import scale_readers


class Parametrized:
    """Layers whose weights are computed from others."""

    def __init__(self, layout: Layout):
        self.layers: list[tuple[Any, list]] = [
            (piece, [layout.slots[f"{layer}.weight"], *layout.of(layer, piece)])
            for layer, piece in layout.of_kind(Parametrization)
        ]

    def apply(self, theta: Tensor, passed: Tensor) -> None:
        """passed <- the weights that come from theta, in the layers that are parametrized."""
        for piece, slots in self.layers:
            slots[0].true(passed)[...] = piece.effective(*_views(slots, theta))

    def pull_back(self, theta: Tensor, grad: Tensor) -> None:
        """grad, of the weights that come from theta, becomes the gradient of theta."""
        for piece, slots in self.layers:
            given, g = _views(slots, theta), slots[0].true(grad)
            found = piece.gradient(*given, g) if piece.gradient else _by_autograd(piece, given, g)
            for into, each in zip(_views(slots, grad), found, strict=True):
                into.copy_(each)


def _views(slots: list, rows: Tensor) -> list[Tensor]:
    """The weights [M, O, I] and the parameters [M, O, 1] that they come with."""
    weight, *parameters = (slot.true(rows) for slot in slots)
    return [weight, *(each.unsqueeze(-1) for each in parameters)]


def _by_autograd(piece: Parametrization, given: list[Tensor], g: Tensor) -> Sequence[Tensor]:
    with torch.enable_grad():
        leaves = [each.detach().requires_grad_() for each in given]
        return torch.autograd.grad(piece.effective(*leaves), leaves, g)


class Masks:
    """Weights that stay 0: those that a mask excludes, and in a layer that has the weight of another one all."""

    def __init__(self, layout: Layout):
        names = [f"{layer}" for layer, _ in layout.of_kind(Mask)]
        self.pairs = [(layout.slots[f"{n}.weight"], layout.buffers[f"{n}.mask"]) for n in names]
        self.unused = [slot for slot, *_ in layout.ties]
        self.active = bool(self.pairs or self.unused)

    def restrict(self, values: Tensor, buffers: Tensor) -> None:
        """values [M, P] <- 0 where a mask is 0, in place."""
        for weight, mask in self.pairs:
            weight.view(values).masked_fill_(mask.view(buffers) == 0, 0)
        for weight in self.unused:
            weight.view(values).zero_()


class TiedLayers:
    """Layers that have the weight of another one."""

    def __init__(self, layout: Layout):
        self.ties = layout.ties

    def apply(self, values: Tensor) -> None:
        """values [M, P] <- with the weight of each tied layer, in place."""
        for slot, of, tied in self.ties:
            slot.true(values)[...] = tied.seen(of.true(values)).clone()

    def pull_back(self, grad: Tensor) -> None:
        """grad of a tied layer's weight is added to that of the weight that it has, in place."""
        for slot, of, tied in self.ties:
            of.true(grad).add_(tied.seen(slot.true(grad)))


class ConnectionsSource:
    """Random factors of weights, of the techniques that some row uses."""

    def __init__(self, columns: Columns, layout: Layout):
        self.seeds = np.array([run.seed for run in columns.runs], dtype=np.uint64)
        self.device, self.size = columns.device, layout.weights
        self.sources = [
            (name, piece, {k: flat_column(path, columns, layout) for k, path in paths.items()})
            for name, piece, paths in active_entries(columns, Connections)
        ]
        self.active = bool(self.sources)
        if self.active:
            self.place = layout.true_positions(self.size, self.device)[0]

    def draw(self, steps: np.ndarray) -> None:
        """Take the factors of the steps [M]."""
        self.factors = [
            piece.factor(bits(words(key(self.seeds, name, steps), self.device), self.place).squeeze(1), **h)
            for name, piece, h in self.sources
        ]

    def multiply(self, values: Tensor) -> None:
        """values [M, P] times the factors that were taken last, in place."""
        for factor in self.factors:
            values[:, : self.size] *= factor


class PassedWeights:
    """What the passes of a step go through in the place of theta."""

    def __init__(self, columns: Columns, layout: Layout):
        self.parametrized, self.masks, self.ties = Parametrized(layout), Masks(layout), TiedLayers(layout)
        self.noise = ParameterNoiseSource(columns, layout, "weights")
        self.connections = ConnectionsSource(columns, layout)
        self.active = bool(self.parametrized.layers) or any(
            each.active for each in (self.noise, self.masks, self.connections)
        )

    def apply(self, theta: Tensor, buffers: Tensor, steps: np.ndarray, passed: Tensor) -> None:
        """passed [M, P] <- what the passes of the steps [M] use."""
        passed.copy_(theta)
        self.parametrized.apply(theta, passed)
        self.noise.add(passed, steps)
        self.masks.restrict(passed, buffers)
        if self.connections.active:
            self.connections.draw(steps)
            self.connections.multiply(passed)
        self.ties.apply(passed)

    def pull_back(self, theta: Tensor, buffers: Tensor, grad: Tensor) -> None:
        """grad, of what was passed last, becomes the gradient of theta, in place."""
        self.ties.pull_back(grad)
        if self.connections.active:
            self.connections.multiply(grad)
        self.masks.restrict(grad, buffers)
        self.parametrized.pull_back(theta, grad)


@torch.no_grad()
def used(runs: list[Settings], layout: Layout, theta: Tensor, buffers: Tensor) -> Tensor:
    """theta [M, P] with the weights that evaluation and the exported network use."""
    found = theta.clone()
    Parametrized(layout).apply(theta, found)
    Masks(layout).restrict(found, buffers)
    TiedLayers(layout).apply(found)
    scale_readers(runs, layout, found)
    return found
