"""What the engine asks of its rows, and what the parts of a stacked step work on.

The engine plans: which rows there are, the order of their examples, their rates. `Rows` hold what training changes and
advance it a stretch of steps at a time; another way to train is another `Rows`.

Shapes: M members, S steps, N examples of an epoch, B batch, D inputs, C outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np

from runner.config.settings import Settings
from runner.data.tables import Tables
from runner.population.architecture import Architecture
from runner.population.arrays import Values
from runner.population.layout import Layout
from runner.population.members import Columns

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from runner.optimizers.segments import Segment
    from runner.population.network import Network
    from runner.training.around_rules import Bound
    from runner.training.averaging import Average
    from runner.training.steps.device_tables import DeviceTables


class Membership(NamedTuple):
    """Which rows a population has, and what they train on."""

    runs: list[Settings]
    architecture: Architecture
    tables: Tables
    loss: Any
    batch: int  # examples a step
    dtype: str


class Population(Protocol):
    """Stacked rows as the parts of a step find them, as they are until some leave or join."""

    runs: list[Settings]
    columns: Columns
    tables: DeviceTables
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

    order: np.ndarray  # [M, N], the examples of each row
    rates: np.ndarray  # [M, S], the rate of every step, in double precision
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


class Rows(Protocol):
    """Rows of a population: what training changes of them, and one way to train and to evaluate them.

    Arrays are NumPy's or tensors, whichever the way works on.
    """

    aligned: ClassVar[bool]  # whether rows are padded, so that arithmetic on a stack gives each the bits it gets alone
    theta: Values  # [M, P]
    buffers: Values  # [M, Q], running statistics
    tables: Any  # the examples: `answers` and `weights_of`

    def __init__(self, member: Membership, theta: Values, buffers: Values, like: Any = None):
        """Rows that begin at these weights; tables of `like` are shared where they hold the same arrays."""

    @property
    def evaluated(self) -> int:
        """How many rows are best evaluated at once."""

    @property
    def kept(self) -> dict[str, Values]:
        """theta and buffers that are evaluated and kept: averages, where a row averages."""

    def own(self, array: Values) -> Values:
        """An array as these rows hold theirs: on their device, or NumPy's."""

    def state(self) -> dict[str, Values]:
        """All that training changes, [M, ...] each; optimizer slots that a row does not use are zero."""

    def load_state(self, state: dict[str, Values]) -> None:
        """Take over what `state` gave."""

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""

    def advance(self, first: int, last: int) -> Stretch:
        """Make the steps first ... last - 1 of the epoch; an epoch may be cut anywhere."""

    def remarks(self) -> Sequence[str]:
        """What the rules have to say of each row, "" or nothing at all if they have nothing."""

    def subset(self, rows: Sequence[int], tables: Tables, theta: Values, buffers: Values) -> Rows:
        """Some of the rows at other weights, for evaluation only."""

    def scores(self, index: np.ndarray) -> tuple[Values, Values, Values]:
        """(outputs [M, n, C], losses [M, n], likeliest classes [M, n]) of the examples index [M, n] of each row, in
        evaluation mode.
        """

    def outputs(self, x: np.ndarray) -> Values:
        """Outputs [n, C] of the first row for features x [n, D], in evaluation mode."""

    def signals(self, index: np.ndarray) -> tuple[list[Values], Values]:
        """Of the first row, on the examples index [1, n], without noise and penalties but with norms of the batch as in
        training: what each hidden layer passes on [n, W], and the gradient [P] of the mean data loss.
        """

    def weight_sums(self, theta: Values) -> tuple[np.ndarray, np.ndarray]:
        """L2 norm of all weights and how many are exactly zero, [M] each, in double precision."""


class Site(Protocol):
    """One of the things that happen to gradient and weights in a step, in a fixed order; left out unless `active`."""

    active: bool

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""

    def act(self, batch: Batch, objective: Tensor) -> None:
        """Change gradients, weights or what is kept of them, in place."""
