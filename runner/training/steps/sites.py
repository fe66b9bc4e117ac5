"""What happens to gradient and weights in a step, one class a site; `in_order` is the order.

Shapes: M members, P parameters.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from runner.optimizers.clipping import Clipping, row_norms
from runner.training.noise import ParameterNoiseSource
from runner.training.steps.objective import Further, Objective
from runner.training.steps.protocols import Batch, Epoch, Population, Site


class Always:
    """A site that is always active and has nothing to prepare, unless its class says otherwise."""

    active = True

    def start_epoch(self, epoch: Epoch) -> None:
        """Nothing to prepare."""


class OtherGradient(Always):
    """What techniques around the rule put in the place of the gradient."""

    def __init__(self, population: Population, grad: Tensor):
        self.grad = grad
        self.pairs = [(each, Further(population, each.rows)) for each in population.around if each.changes_gradient]
        self.active = bool(self.pairs)

    def act(self, batch: Batch, objective: Tensor) -> None:
        for technique, further in self.pairs:
            technique.gradient(batch.s, further.at(batch), self.grad)


class Norms(Always):
    """The norm [M] of the gradient, where clipping needs it and in the last step of a stretch."""

    def __init__(self, population: Population, grad: Tensor):
        self.clipping, self.grad, self.last = Clipping(population.columns), grad, -1

    def act(self, batch: Batch, objective: Tensor) -> None:
        if self.clipping.needs_norm or batch.s == self.last:
            self.value = row_norms(self.grad)


class Clip(Always):
    """Gradients cut to their limits."""

    def __init__(self, norms: Norms):
        self.norms, self.clipping, self.active = norms, norms.clipping, norms.clipping.active

    def act(self, batch: Batch, objective: Tensor) -> None:
        self.clipping.clip(self.norms.grad, self.norms.value if self.clipping.needs_norm else None)


class GradientNoise(Always):
    """Noise added to the gradient."""

    def __init__(self, population: Population, grad: Tensor):
        self.noise, self.grad = ParameterNoiseSource(population.columns, population.layout, "gradient"), grad
        self.active = self.noise.active

    def act(self, batch: Batch, objective: Tensor) -> None:
        self.noise.add(self.grad, batch.steps)


class Rules(Always):
    """The update rule of every segment, with its weight decay."""

    def __init__(self, population: Population, grad: Tensor):
        self.theta, self.grad = population.theta, grad
        self.pairs = [
            (each, Further(population, each.rows) if each.rule.searches else None) for each in population.segments
        ]

    def start_epoch(self, epoch: Epoch) -> None:
        for segment, _ in self.pairs:
            first, rates = (torch.from_numpy(each[segment.rows]) for each in (epoch.first, epoch.rates))
            segment.start_epoch(rates.to(self.theta.device), first, self.theta, self.grad)

    def act(self, batch: Batch, objective: Tensor) -> None:
        for segment, further in self.pairs:
            segment.update(batch.s, further.search(batch, objective[segment.rows]) if further else None)


class Prox(Always):
    """Penalties by their proximal step, of the length that the rule's step had."""

    def __init__(self, population: Population, objective: Objective):
        self.theta, self.segments, self.penalties = population.theta, population.segments, objective.penalties
        self.active = bool(self.penalties.by_prox)

    def act(self, batch: Batch, objective: Tensor) -> None:
        self.penalties.proximal_step(self.theta, torch.cat([segment.gain(batch.s) for segment in self.segments]))


class Projection(Always):
    """Weights brought back into what constraints allow."""

    def __init__(self, population: Population, objective: Objective):
        self.theta, self.penalties = population.theta, objective.penalties
        self.active = bool(self.penalties.constraints)

    def act(self, batch: Batch, objective: Tensor) -> None:
        self.penalties.project(self.theta)


class Restriction(Always):
    """Weights that stay 0 brought back to it."""

    def __init__(self, population: Population, objective: Objective):
        self.theta, self.buffers, self.masks = population.theta, population.buffers, objective.weights.masks
        self.active = self.masks.active

    def act(self, batch: Batch, objective: Tensor) -> None:
        self.masks.restrict(self.theta, self.buffers)


class OtherWeights(Always):
    """What techniques around the rule make of the weights after a step."""

    def __init__(self, population: Population):
        self.techniques = [each for each in population.around if each.changes_weights]
        self.active = bool(self.techniques)

    def act(self, batch: Batch, objective: Tensor) -> None:
        for technique in self.techniques:
            technique.after(batch.s)


class Averaging:
    """The running mean of the weights that is kept in their place."""

    def __init__(self, population: Population):
        self.average, self.active = population.average, population.average.active

    def start_epoch(self, epoch: Epoch) -> None:
        self.average.start_epoch(epoch.made, epoch.steps)

    def act(self, batch: Batch, objective: Tensor) -> None:
        self.average.update(batch.s)


def in_order(population: Population, objective: Objective, norms: Norms) -> Iterator[Site]:
    """The sites of a step, from the first to the last."""
    yield OtherGradient(population, objective.grad)
    yield norms
    yield Clip(norms)
    yield GradientNoise(population, objective.grad)
    yield Rules(population, objective.grad)
    yield Prox(population, objective)
    yield Projection(population, objective)
    yield Restriction(population, objective)
    yield OtherWeights(population)
    yield Averaging(population)
