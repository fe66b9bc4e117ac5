"""Steps of all rows at once, by torch: the definition of a step.

Its order: batch -> augment -> forward -> data loss -> gradients -> + penalty gradients -> another gradient (techniques
around the rule) -> clip -> + gradient noise -> rule (decay inside) -> proximal step -> projection -> other weights
(techniques around the rule) -> averaging. `gradient` makes the first half, `apply` the second.
"""

from __future__ import annotations

import torch
from torch import Tensor

from runner.training.steps.batches import Batches
from runner.training.steps.objective import Objective
from runner.training.steps.protocols import Batch, Epoch, Population, Stretch
from runner.training.steps.sites import Norms, in_order


class Stacked:
    """A stepper over the rows that a population has at present."""

    def __init__(self, population: Population):
        self.theta, self.around = population.theta, population.around
        self.batches = Batches(population)
        self.objective = Objective(population, population.columns, population.theta, population.buffers)
        self.gradient = self.objective.gradient
        self.norms = Norms(population, self.objective.grad)
        self.sites = [site for site in in_order(population, self.objective, self.norms) if site.active]
        self.acts = [site.act for site in self.sites]

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""
        self.epoch = epoch
        for technique in self.around:
            technique.start_epoch(torch.from_numpy(epoch.first).to(self.theta.device))
        for site in self.sites:
            site.start_epoch(epoch)

    @torch.no_grad()
    def advance(self, first: int, last: int) -> Stretch:
        """Make the steps first ... last - 1 of the epoch."""
        self.norms.last = last - 1
        objectives = []
        for batch in self.batches.of(self.epoch, first, last):
            objective, _ = self.gradient(batch, self.theta)
            self.apply(batch, objective)
            objectives.append(objective)
        objectives_SM = torch.stack(objectives).double().cpu().numpy()
        return Stretch(objectives_SM, self.norms.value.double().cpu().numpy())

    def apply(self, batch: Batch, objective: Tensor) -> None:
        """Change the weights by the gradient that was taken on a batch."""
        for act in self.acts:
            act(batch, objective)
