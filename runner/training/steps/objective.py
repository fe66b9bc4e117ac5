"""What rows decrease in a step, and its gradient: the data loss of a batch and the penalties."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable

import torch
from torch import Tensor

from runner.population.members import Columns, active_entries
from runner.population.network import Network
from runner.regularizers.base import OtherInputs
from runner.training.activities import Activities
from runner.training.noise import ParameterNoiseSource
from runner.training.penalties import Penalties
from runner.training.steps.elsewhere import Elsewhere
from runner.training.steps.moments import ByMoments
from runner.training.steps.protocols import Batch, Population


class Objective:
    """The objective of the rows of `columns`, at the weights `theta` [M, P] unless `gradient` is given others.

    With weight noise the passes go through perturbed weights, and the gradient found there is that of the true ones.
    """

    def __init__(self, population: Population, columns: Columns, theta: Tensor, buffers: Tensor):
        self.loss, self.head = population.loss, population.network.head
        self.penalties = Penalties(columns, population.layout)
        self.terms = [self.penalties] if self.penalties.active else []
        activities = Activities(columns, population.layout)
        self.activities = activities if activities.active else None
        noise = ParameterNoiseSource(columns, population.layout, "weights")
        self.perturbations = [noise] if noise.active else []
        self.passed = theta.clone() if self.perturbations else theta
        self.grad = torch.zeros_like(theta)
        network = population.network if self.passed is population.theta else copy.copy(population.network)
        self.network = network.bind(self.passed, self.grad, buffers)
        self.elsewhere = [
            Elsewhere(used, columns, self.network, self.passed, buffers)
            for used in active_entries(columns, OtherInputs)
        ]
        self.by_moments = ByMoments(columns, population.layout, self.loss, self.head)

    def gradient(self, batch: Batch, theta: Tensor) -> tuple[Tensor, Tensor]:
        """(objective [M], gradient [M, P]) of a batch at theta; the gradient is overwritten by the next one."""
        if self.passed is not theta:
            self.passed.copy_(theta)
        for noise in self.perturbations:
            noise.add(self.passed, batch.steps)
        objective, g = self._taken(self.network, batch, batch.x)
        for elsewhere in self.elsewhere:
            taken = functools.partial(self._taken, elsewhere.network, batch)
            elsewhere.mix(taken, batch.x, self.network.input_slope(g, batch.noise), objective, self.grad)
        if self.by_moments.active:
            self.by_moments.replace(self.network, batch, self.passed, objective, self.grad)
        for term in self.terms:
            objective += term.value(theta)
            term.add_gradient(theta, self.grad)
        return objective, self.grad

    def _taken(self, network: Network, batch: Batch, x: Tensor) -> tuple[Tensor, Tensor]:
        """The objective [M] of a batch, penalties of weights apart, at inputs x, whose gradient the network writes; and
        what `Network.backward` returns.
        """
        tape: list = []
        outputs = network.forward(x, training=True, noise=batch.noise, tape=tape)
        losses, g = self.data_loss(outputs, batch.q, batch.weights)
        objective = losses.sum((1, 2))
        if self.activities is not None:
            objective += self.activities.value(tape[:-1])
        return objective, network.backward(tape, g, self.activities)

    def data_loss(self, outputs: Tensor, q: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Terms [M, B, C] that sum to the mean data loss of each row, and their gradient by the outputs."""
        weight = 1 / outputs.shape[1] if weights is None else weights
        if self.loss.gradient is not None:
            return self.loss.gradient(outputs, q, self.head, weight)
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_()
            value = self.loss.forward(leaf, q, self.head)
            value = value * (weight if weights is None else weights.squeeze(2))
            return value.detach().unsqueeze(2), torch.autograd.grad(value.sum(), leaf)[0]


class Further:
    """Gradients of some rows at other weights than theirs, in the step that is being made.

    Batch, dropout and weight noise are those of the step. Running statistics stay as they are: they are those of the
    weights that the step begins with.
    """

    def __init__(self, population: Population, rows: slice | list[int]):
        self.rows, self.buffers = rows, population.buffers
        theta, self.scratch = population.theta[rows].clone(), population.buffers[rows].clone()
        runs = population.runs[rows] if isinstance(rows, slice) else [population.runs[row] for row in rows]
        self.objective = Objective(population, Columns(runs, population.dtype, population.device), theta, self.scratch)

    def at(self, batch: Batch) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """A function of weights [R, P] of the rows: (objective [R, 1], gradient [R, P])."""
        own = batch.of(self.rows)

        def evaluate(w: Tensor) -> tuple[Tensor, Tensor]:
            self.scratch.copy_(self.buffers[self.rows])
            objective, grad = self.objective.gradient(own, w)
            return objective.unsqueeze(1), grad.clone()

        return evaluate
