"""What rows decrease in a step, and its gradient: the data loss of a batch and the penalties."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from runner.optimizers.rules.base import Search
from runner.population.draws import bits, key, words
from runner.population.members import Columns, active_entries
from runner.population.network import Network
from runner.regularizers.base import OtherInputs
from runner.training.activities import Activities
from runner.training.penalties import Penalties
from runner.training.steps.elsewhere import Elsewhere
from runner.training.steps.moments import ByMoments
from runner.training.steps.protocols import Batch, Population
from runner.training.ties import Ties
from runner.training.weights import PassedWeights


class Objective:
    """The objective of the rows of `columns`, at the weights `theta` [M, P] unless `gradient` is given others.

    The passes may go through other weights that come from theta (`runner.training.weights`); the gradient is that of
    theta.
    """

    def __init__(self, population: Population, columns: Columns, theta: Tensor, buffers: Tensor):
        self.loss, self.head = population.loss, population.network.head
        self.penalties = Penalties(columns, population.layout)
        ties = Ties(columns, population.layout)
        self.terms: list[Penalties | Ties] = [each for each in (self.penalties, ties) if each.active]
        self.weights, self.buffers = PassedWeights(columns, population.layout), buffers
        self.passed = theta.clone() if self.weights.active else theta
        activities = Activities(columns, population.layout)
        self.activities = activities if activities.active else None
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
        if self.weights.active:
            self.weights.apply(theta, self.buffers, batch.steps, self.passed)
        elif self.passed is not theta:
            self.passed.copy_(theta)
        objective, g = self._taken(self.network, batch, batch.x)
        for elsewhere in self.elsewhere:
            taken = functools.partial(self._taken, elsewhere.network, batch)
            elsewhere.mix(taken, batch.x, self.network.input_slope(g, batch.noise), objective, self.grad)
        if self.by_moments.active:
            self.by_moments.replace(self.network, batch, self.passed, objective, self.grad)
        if self.weights.active:
            self.weights.pull_back(theta, self.buffers, self.grad)
        for term in self.terms:
            objective += term.value(theta)
            term.add_gradient(theta, self.grad)
        if self.terms:
            self.weights.masks.restrict(self.grad, self.buffers)
        return objective, self.grad

    def _taken(self, network: Network, batch: Batch, x: Tensor) -> tuple[Tensor, Tensor]:
        """The objective [M] of a batch, penalties of weights apart, at inputs x, whose gradient the network writes; and
        what `Network.backward` returns.
        """
        tape: list = []
        activations: list[Tensor] = []
        outputs = network.forward(x, training=True, noise=batch.noise, tape=tape, activations=activations)
        losses, g = self.data_loss(outputs, batch.q, batch.weights)
        objective = losses.sum((1, 2))
        if self.activities is not None:
            objective += self.activities.value(activations)
        return objective, network.backward(tape, g, self.activities)

    def differentiable(self, batch: Batch, theta: Tensor) -> Tensor:
        """The objective [M] of a batch by definitions alone, which autograd can differentiate twice."""
        passed = theta
        if self.weights.active:
            passed = theta.clone()
            self.weights.apply(theta, self.buffers, batch.steps, passed)
        network = copy.copy(self.network).bind(passed, None, self.buffers.clone())  # which a batch norm changes
        defined = functools.partial(self._defined, network, batch)
        x = batch.x.detach().requires_grad_(bool(self.elsewhere))
        objective = defined(x)
        for elsewhere in self.elsewhere:
            (slope,) = torch.autograd.grad(objective.sum(), x, retain_graph=True)
            objective = elsewhere.mixed(objective, defined(elsewhere.inputs(batch.x, slope)))
        if self.by_moments.active:
            objective = self.by_moments.mixed(objective, self.by_moments.value(network, batch, passed))
        return objective + sum(term.value(theta) for term in self.terms)

    def _defined(self, network: Network, batch: Batch, x: Tensor) -> Tensor:
        """The objective [M] of a batch, penalties of weights apart, at inputs x, by definitions alone."""
        activations: list[Tensor] = []
        outputs = network.forward(x, training=True, noise=batch.noise, activations=activations)
        if self.loss.gradient is not None:
            weight = 1 / outputs.shape[1] if batch.weights is None else batch.weights
            objective = self.loss.gradient(outputs, batch.q, self.head, weight)[0].sum((1, 2))
        else:
            weight = 1 / outputs.shape[1] if batch.weights is None else batch.weights.squeeze(2)
            objective = (self.loss.forward(outputs, batch.q, self.head) * weight).sum(1)
        return objective if self.activities is None else objective + self.activities.value(activations)

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
        self.seeds, self.dtype = np.array([run.seed for run in runs], dtype=np.uint64), population.dtype
        self.places = population.layout.true_positions(population.layout.size, population.device)

    def search(self, batch: Batch, objective: Tensor) -> Search:
        """What a rule that searches is given, with the objective [R] of the batch as the step begins."""
        own = batch.of(self.rows)
        curvature, signs = functools.partial(self.curvature, own), functools.partial(self.signs, own.steps)
        return Search(objective.unsqueeze(1), self.at(batch), curvature, signs)

    def signs(self, steps: np.ndarray) -> Tensor:
        """1 or -1 for each true parameter of the rows, by their seeds and their steps [R]."""
        place, mask = self.places
        drawn = bits(words(key(self.seeds, "signs", steps), place.device), place).squeeze(1)
        return (1 - 2 * (drawn < 0).to(self.dtype)) * mask

    def curvature(self, own: Batch, w: Tensor) -> Callable[[Tensor], Tensor]:
        """v [R, P] -> H v at weights w [R, P] of the rows, or [K, R, P] for K products at once.

        A product is a pass through the graph of the gradient (Pearlmutter 1994).
        """
        self.scratch.copy_(self.buffers[self.rows])
        with torch.enable_grad():
            leaf = w.detach().requires_grad_()
            (g,) = torch.autograd.grad(self.objective.differentiable(own, leaf).sum(), leaf, create_graph=True)

        def product(v: Tensor) -> Tensor:
            if not g.requires_grad:  # a linear objective
                return torch.zeros_like(v)
            return torch.autograd.grad(g, leaf, v, retain_graph=True, is_grads_batched=v.dim() == 3)[0]

        return product

    def at(self, batch: Batch) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """A function of weights [R, P] of the rows: (objective [R, 1], gradient [R, P])."""
        own = batch.of(self.rows)

        def evaluate(w: Tensor) -> tuple[Tensor, Tensor]:
            self.scratch.copy_(self.buffers[self.rows])
            objective, grad = self.objective.gradient(own, w)
            return objective.unsqueeze(1), grad.clone()

        return evaluate
