"""The data loss of rows whose hidden layers are normal numbers, known by mean and variance (Wang & Manning 2013).

Shapes: M members, P parameters, B batch, W width, C outputs.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from runner.population.layout import Layout
from runner.population.members import Columns, active_entries, using
from runner.population.network import Network, changed
from runner.regularizers.base import Moments
from runner.training.steps.protocols import Batch

LEAST = 1e-30  # a number of no more variance counts as known


def rectified(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of max(z, 0), z ~ N(mean, variance)."""
    spread = variance > LEAST
    sd = torch.where(spread, variance, 1.0).sqrt()
    r = mean / sd
    below, density = torch.special.ndtr(r), (-r * r / 2).exp() / math.sqrt(2 * math.pi)
    first = torch.where(spread, mean * below + sd * density, mean.relu())
    second = (mean * mean + variance) * below + mean * sd * density
    return first, torch.where(spread, (second - first * first).clamp(min=0), 0.0)


class ByMoments:
    """The rows that use such a technique, and their objective in the place of the one by a sample."""

    def __init__(self, columns: Columns, layout: Layout, loss: Any, head: Any):
        self.loss, self.head = loss, head
        found = active_entries(columns, Moments)
        self.active = bool(found)
        self.layers: list[tuple[Any, dict[str, Tensor]]] = []
        if found:
            ((_, piece, paths),) = found
            self.used = torch.tensor(using(columns, paths), device=columns.device)
            for layer in range(layout.layers - 1):
                h = {key: columns.tensor(path, layer, dims=3) for key, path in paths.items()}
                self.layers.append((piece, h))

    def replace(self, network: Network, batch: Batch, theta: Tensor, objective: Tensor, grad: Tensor) -> None:
        """Objective [M] and gradient [M, P] of the rows that use it, in place, at theta [M, P]."""
        with torch.enable_grad():
            leaf = theta.detach().requires_grad_()
            values = self.value(network, batch, leaf)
            found = torch.autograd.grad(values.sum(), leaf)[0]
        objective.copy_(self.mixed(objective, values.detach()))
        grad.copy_(torch.where(self.used.unsqueeze(1), found, grad))

    def value(self, network: Network, batch: Batch, theta: Tensor) -> Tensor:
        """The objective [M] at theta [M, P] as if all rows used it."""
        return self._terms(network.linear_at(theta), batch).sum((1, 2))

    def mixed(self, sampled: Tensor, known: Tensor) -> Tensor:
        """What is known [M], of the rows that use it; of the others what is sampled."""
        return torch.where(self.used, known, sampled)

    def _terms(self, linear: list[tuple[Tensor, ...]], batch: Batch) -> Tensor:
        """Terms [M, B, C] that sum to the mean loss of each row, from weights [M, I, O] and biases of every layer."""
        change = batch.noise[0] if batch.noise else None
        variance: Tensor | None = None
        x = batch.x if change is None else changed(batch.x, change)
        for of_layer, (piece, h) in zip(linear[:-1], self.layers, strict=True):
            x, variance = _linear(x, variance, *of_layer)
            x, variance = (x.relu(), torch.zeros_like(x)) if variance is None else rectified(x, variance)
            x, variance = piece.passed_on(x, variance, **h)
        mean, variance = _linear(x, variance, *linear[-1])
        weight: float | Tensor = 1 / batch.x.shape[1] if batch.weights is None else batch.weights
        return self.loss.expected(mean, variance, batch.q, self.head, weight)


def _linear(
    mean: Tensor, variance: Tensor | None, weight: Tensor, bias: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """Of W x + b; weight is [M, I, O]."""
    of_mean = mean.bmm(weight) if bias is None else bias.baddbmm(mean, weight)
    return of_mean, None if variance is None else variance.bmm(weight * weight)
