"""The objective of one run as a function of all its parameters, in double precision, with gradient and curvature.

It is what training decreases: data loss and penalties, the norms of a batch as in training. `whole` takes all training
examples without any chance (dropout, noise, augmentation, smoothing); `first_step` takes the first batch of training
with everything that was drawn for it, held fast.

Shapes: P true parameters, K points.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import cast

import numpy as np
import torch
from torch import Tensor

from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.diagnose.subject import Case, precise
from runner.population.layout import Layout, Slot
from runner.population.members import Columns
from runner.regularizers.base import Connections, Noise, ParameterNoise, Targets
from runner.training.engine import Engine
from runner.training.steps.objective import Objective
from runner.training.steps.protocols import Batch
from runner.training.steps.stacked_rows import StackedRows
from runner.training.steps.stacked_step import Stacked

CHANCE = (Noise, ParameterNoise, Connections, Targets)
AT_ONCE = 128  # products with the Hessian at once
NUMBERS = 1_000_000  # what a layer gives, of all points that are evaluated at once


class Landscape:
    """The objective around `start` [P], the weights that the run kept or, `initial`, those that it begins with."""

    def __init__(self, case: Case, *, initial: bool = False, first_step: bool = False, rows: int | None = None):
        settings = _plain(case, initial=initial, chance=first_step)
        self.engine = Engine([settings], [_fewer(case.data, rows)], way=StackedRows)
        self.rows = cast(StackedRows, self.engine.rows)
        self.layout: Layout = self.engine.layout
        self.places = torch.from_numpy(np.flatnonzero(self.layout.mask))
        self.begin, self.buffers = self.rows.theta.clone(), self.rows.buffers.clone()
        self.start: np.ndarray = self.begin[0, self.places].numpy().copy()
        self.objective = Objective(self.rows, self.rows.columns, self.begin.clone(), self.buffers.clone())
        self.batch = self._first_step() if first_step else self._whole()

    @property
    def size(self) -> int:
        """P."""
        return len(self.start)

    @property
    def examples(self) -> int:
        """How many examples the objective is the mean of."""
        return self.batch.x.shape[1]

    def _first_step(self) -> Batch:
        return next(iter(Stacked(self.rows).batches.of(self.engine.plan([1.0]), 0, 1)))

    def _whole(self) -> Batch:
        index = self.engine.tables.index["train"]
        x, q = self.rows.tables.gather(index)
        weights = self.rows.tables.weights_of(index)
        weights = None if weights is None else weights.unsqueeze(2) * (1 / x.shape[1])
        q = self.rows.loss.prepare(q, 1 / x.shape[1] if weights is None else weights)
        return Batch(0, self.engine.epochs, x, q, None, weights)

    @cached_property
    def slots(self) -> dict[str, np.ndarray]:
        """Name of a tensor (0.weight, 0.bias, ...) -> where its numbers stand among the P, in its shape."""
        number = np.full((1, self.layout.size), -1)
        number[0, self.places.numpy()] = np.arange(self.size)
        return {name: slot.true(number)[0] for name, slot in self.layout.slots.items()}

    def kind(self, name: str) -> Slot:
        """The slot of a tensor."""
        return self.layout.slots[name]

    def value(self, w: np.ndarray) -> float:
        """The objective at w [P], by definitions alone."""
        return float(self.objective.differentiable(self.batch, self._theta(w)))

    def values(self, points: np.ndarray) -> np.ndarray:
        """The objective [K] at points [K, P], several at once."""
        each = max(self.batch.x[0].numel(), self.examples * max(self.layout.padded))
        many = int(np.clip(NUMBERS // each, 1, len(points)))
        return np.concatenate([self._at_once(part) for part in np.array_split(points, -(-len(points) // many))])

    def _at_once(self, points: np.ndarray) -> np.ndarray:
        """The same, each point a row of a population."""
        theta = self.begin.repeat(len(points), 1)
        theta[:, self.places] = torch.from_numpy(np.ascontiguousarray(points, dtype=np.float64))
        rows = copy.copy(self.rows)
        rows.runs, rows.theta, rows.buffers = rows.runs * len(points), theta, self.buffers.repeat(len(points), 1)
        rows.columns = Columns(rows.runs, rows.dtype, rows.device)
        b, many = self.batch, (len(points), 1, 1)
        weights = None if b.weights is None else b.weights.repeat(many)
        batch = Batch(b.s, np.repeat(b.first, len(points)), b.x.repeat(many), b.q.repeat(many), None, weights)
        objective = Objective(rows, rows.columns, theta.clone(), rows.buffers.clone())
        return objective.differentiable(batch, theta).detach().numpy()

    @torch.no_grad()
    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Its gradient [P] as training computes it."""
        grad = self.objective.gradient(self.batch, self._theta(w))[1]
        return grad[0, self.places].numpy().copy()

    def curvature(self, w: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """v [P] -> H v at w, or [K, P] -> [K, P]; a pass through the graph of the gradient (Pearlmutter 1994)."""
        leaf = torch.from_numpy(np.array(w)).requires_grad_()
        theta = self.begin.index_put((torch.zeros_like(self.places), self.places), leaf)
        (g,) = torch.autograd.grad(self.objective.differentiable(self.batch, theta).sum(), leaf, create_graph=True)

        def product(v: np.ndarray) -> np.ndarray:
            given = torch.from_numpy(np.ascontiguousarray(v, dtype=np.float64))
            if not g.requires_grad:  # a linear objective
                return np.zeros(v.shape)
            many = given.dim() == 2
            (found,) = torch.autograd.grad(g, leaf, given, retain_graph=True, is_grads_batched=many, allow_unused=True)
            return np.zeros(v.shape) if found is None else found.numpy()

        return product

    def hessian(self, w: np.ndarray) -> np.ndarray:
        """H [P, P] at w."""
        product, unit = self.curvature(w), np.eye(self.size)
        found = np.concatenate([product(part) for part in np.array_split(unit, -(-self.size // AT_ONCE))])
        return (found + found.T) / 2

    def _theta(self, w: np.ndarray) -> Tensor:
        theta = self.begin.clone()
        theta[0, self.places] = torch.from_numpy(np.asarray(w, dtype=np.float64))
        return theta


def _plain(case: Case, *, initial: bool, chance: bool) -> Settings:
    """The settings in double precision, from the weights in question, the penalties by their gradient; with `chance`
    as they train, else without.
    """
    settings = precise(case.settings)
    if case.folder and not initial:
        model = dataclasses.replace(settings.model, init_from=str(case.folder))
        settings = dataclasses.replace(settings, model=model)
    rule = settings.optimizer
    if getattr(rule, "proximal", False):
        settings = dataclasses.replace(settings, optimizer=dataclasses.replace(rule, proximal=False))
    if not chance:
        kept = {n: type(node)() if isinstance(node, CHANCE) else node for n, node in settings.regularizer.items()}
        augmentation = {name: type(node)() for name, node in settings.augmentation.items()}
        settings = dataclasses.replace(settings, regularizer=kept, augmentation=augmentation)
    return settings


def _fewer(data: RunData, rows: int | None) -> RunData:
    """The data with the first `rows` of the training examples only, if there are more."""
    if rows is None or len(data.train) <= rows:
        return data
    weights = None if data.weights is None else data.weights / data.weights[data.train[:rows]].mean()
    return dataclasses.replace(data, train=data.train[:rows], weights=weights)
