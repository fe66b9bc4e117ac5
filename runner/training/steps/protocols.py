"""What training asks of a stepper, and what a stepper works on.

The engine keeps the rows: weights, running statistics, optimizer state, the order of examples and the rates. A stepper
advances them a stretch of steps at a time. Another way to make steps is another `Stepper`.

Shapes: M members, S steps, N examples of an epoch, B batch, D inputs, C outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from runner.config.settings import Settings
from runner.data.tables import Tables
from runner.optimizers.segments import Segment
from runner.population.layout import Layout
from runner.population.members import Columns
from runner.population.network import Network
from runner.training.around_rules import Bound
from runner.training.averaging import Average


class Population(Protocol):
    """What a stepper finds in the engine: the rows that it advances, as they are until some leave or join."""

    runs: list[Settings]
    columns: Columns
    tables: Tables
    network: Network
    layout: Layout
    loss: Any
    batch: int  # examples a step
    dtype: torch.dtype
    device: torch.device
    theta: Tensor  # [M, P]
    buffers: Tensor  # [M, Q], running statistics
    segments: list[Segment]  # update rules with their state
    around: list[Bound]  # techniques around the rules with their state
    average: Average


@dataclass(frozen=True)
class Epoch:
    """One epoch as it was planned, before its first step."""

    order: Tensor  # [M, N], the examples of each row
    rates: Tensor  # [M, S], the rate of every step, in double precision
    made: np.ndarray  # [M], epochs that each row has made
    steps: int  # steps an epoch, S
    batch: int  # examples a step; the last step may have fewer

    @property
    def first(self) -> np.ndarray:
        """The number of steps [M] that each row has made."""
        return self.made * self.steps

    def of(self, row: int) -> Epoch:
        """The epoch of one row."""
        one = slice(row, row + 1)
        return Epoch(self.order[one], self.rates[one], self.made[one], self.steps, self.batch)

    @property
    def sizes(self) -> list[int]:
        """The number of examples of each step."""
        examples = self.order.shape[1]
        return [min(self.batch, examples - s * self.batch) for s in range(self.steps)]


class Batch(NamedTuple):
    """What one step works on."""

    s: int  # the step of the epoch, from 0
    first: np.ndarray  # [M], the steps that each row had made before the epoch
    x: Tensor  # features [M, B, D]
    q: Tensor  # targets [M, B, C], as the loss wants them
    noise: list | None  # changes of the input and of each hidden layer
    weights: Tensor | None  # [M, B, 1] of the examples, None if all are alike

    @property
    def steps(self) -> np.ndarray:
        """The number [M] of this step in each row's training, from 0."""
        return self.first + self.s

    def of(self, rows: slice | list[int]) -> Batch:
        """The same for some of the rows."""
        noise = None if self.noise is None else [_changes(change, rows) for change in self.noise]
        weights = None if self.weights is None else self.weights[rows]
        return Batch(self.s, self.first[rows], self.x[rows], self.q[rows], noise, weights)


def _changes(change: tuple | None, rows: slice | list[int]) -> tuple | None:
    return None if change is None else tuple(part if part is None else part[rows] for part in change)


class Stretch(NamedTuple):
    """What a stretch of steps leaves besides changed rows."""

    objectives: np.ndarray  # [S, M], what was optimized, in double precision
    grad_norm: np.ndarray  # [M], of the last step, before clipping


class Scores(Protocol):
    """A way to find outputs and losses, in evaluation mode."""

    rows: int  # how many are evaluated at once

    def __init__(self, population: Population):
        """For rows of the population's structure."""

    def of(self, population: Population, index: Tensor) -> tuple[Tensor, Tensor]:
        """(outputs [M, n, C], losses [M, n]) of the examples index [M, n] of each row, at theta and buffers."""


class Stepper(Protocol):
    """A way to make steps."""

    aligned: ClassVar[bool]  # whether rows are padded, so that arithmetic on a stack gives each the bits it gets alone

    def __init__(self, population: Population):
        """Of the rows that the population has at present."""

    @staticmethod
    def scores(population: Population) -> Scores:
        """The same way to evaluate."""

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""

    def advance(self, first: int, last: int) -> Stretch:
        """Make the steps first ... last - 1 of the epoch; an epoch may be cut anywhere."""


class Site(Protocol):
    """One of the things that happen to gradient and weights in a step, in a fixed order; left out unless `active`."""

    active: bool

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""

    def act(self, batch: Batch, objective: Tensor) -> None:
        """Change gradients, weights or what is kept of them, in place."""
