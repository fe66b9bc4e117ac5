"""Rows as stacked tensors: one torch call works on all of them, on any device.

Shapes: M members, P parameters.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from runner.data.tables import Tables
from runner.optimizers.clipping import row_norms
from runner.optimizers.rules.base import Rule
from runner.optimizers.segments import Segment, segments
from runner.population.arrays import Values
from runner.population.devices import profile
from runner.population.members import Columns
from runner.population.network import Network
from runner.training import slots
from runner.training.around_rules import bound
from runner.training.averaging import Average
from runner.training.readers import differ
from runner.training.steps.device_tables import DeviceTables
from runner.training.steps.protocols import Epoch, Membership, Signals, Stretch
from runner.training.steps.stacked_step import Stacked
from runner.training.weights import used


def divisors(weights: np.ndarray, padded: int, dtype: torch.dtype) -> Tensor:
    """`Head.divisors` [padded] of weights [k]; a weight of 0 has an infinite one."""
    found = torch.ones(padded, dtype=torch.float64)
    found[: len(weights)] = weights.sum() / torch.from_numpy(weights)
    return found.to(dtype)


class StackedRows:
    """The population that a stacked step works on."""

    aligned: ClassVar[bool] = True

    def __init__(self, member: Membership, theta: Values, buffers: Values, like: Any = None):
        self.runs, self.loss, self.batch = member.runs, member.loss, member.batch
        self.layout = member.architecture.layout
        self.dtype, self.device = getattr(torch, member.dtype), torch.device(member.runs[0].trainer.device)
        self.profile = profile(self.device)
        self.tables: DeviceTables = DeviceTables(member.tables, self.device, like.tables if like else None)
        self.theta, self.buffers = self.own(theta), self.own(buffers)
        self.network = Network(member.architecture, self.dtype, self.device).bind(self.theta, None, self.buffers)
        if (weights := member.tables.data[0].target_weights) is not None and not member.tables.heads:
            self.network.head.divisors = self.own(divisors(weights, self.layout.padded[-1], self.dtype))
        self.columns = Columns(self.runs, self.dtype, self.device)
        self.segments: list[Segment] = list(segments(self.runs, self.layout, self.theta))
        self.around = bound(self.columns, self.theta, self.layout.weights)
        self.holders: list[slots.Holder] = [*self.segments, *self.around]
        self.average = Average(self.runs, self.theta, self.buffers)
        self.stepper = Stacked(self)
        self.differ = differ(self.runs, self.layout)

    @property
    def evaluated(self) -> int:
        """How many rows are best evaluated at once."""
        return max(1, self.profile.evaluated // max(self.layout.padded))

    @property
    def shown(self) -> dict[str, Tensor]:
        """`kept` with the weights that evaluation and the exported network use in the place of what is learned."""
        kept = self.kept
        return kept | {"theta": self.used(range(len(self.runs)), **kept)} if self.differ else kept

    def used(self, rows: Sequence[int], theta: Values, buffers: Values) -> Tensor:
        """theta [R, P] of some of the rows with the weights that are used."""
        runs = [self.runs[r] for r in rows]
        return used(runs, self.layout, self.own(theta), self.own(buffers)) if self.differ else self.own(theta)

    def own(self, array: Values) -> Tensor:
        """A tensor on the device of these rows."""
        return self.profile.put(array, self.device)

    @property
    def kept(self) -> dict[str, Tensor]:
        """theta and running statistics that are evaluated and kept: averages, where a row averages, or what a rule
        keeps beside the weights that it takes gradients at.
        """
        shown, apart = self.average.shown, [each for each in self.segments if each.rule.apart]
        if not apart:
            return shown
        theta = shown["theta"].clone()
        for segment in apart:
            theta[segment.rows] = segment.rule.kept(self.theta[segment.rows], segment.state, segment.columns)
        return shown | {"theta": theta}

    def state(self) -> dict[str, Tensor]:
        """All tensors that training changes, [M, ...] each; optimizer slots that a row does not use are zero."""
        held = slots.gathered(self.holders, len(self.runs))
        return {"theta": self.theta, "buffers": self.buffers} | self.average.state() | held

    def load_state(self, state: dict[str, Values]) -> None:
        """Take over what `state` gave."""
        tensors = {name: self.own(array) for name, array in state.items()}
        self.theta.copy_(tensors["theta"])
        self.buffers.copy_(tensors["buffers"])
        self.average.load_state(tensors)
        slots.restore(self.holders, tensors)

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""
        self.stepper.start_epoch(epoch)

    def advance(self, first: int, last: int) -> Stretch:
        """Make the steps first ... last - 1 of the epoch."""
        return self.stepper.advance(first, last)

    @torch.no_grad()
    def settle(self, rows: list[int], order: np.ndarray) -> None:
        """Give rows the statistics of all batches of the examples order [R, n]."""
        tables = self.tables.subset(rows)
        for held in [self.average.present, self.average.shown][: 1 + self.average.active]:
            buffers = self.layout.uncounted(held["buffers"][rows])
            network = copy.copy(self.network).bind(self.used(rows, held["theta"][rows], buffers), None, buffers)
            for a in range(0, order.shape[1], self.batch):
                network.forward(tables.gather(order[:, a : a + self.batch])[0], training=True)
            held["buffers"][rows] = buffers

    def remarks(self) -> Sequence[str]:
        """What the rules have to say of each row."""
        if all(type(segment.rule).remark is Rule.remark for segment in self.segments):
            return ()
        return [each for segment in self.segments for each in segment.remarks()]

    def subset(self, rows: Sequence[int], tables: Tables, theta: Values, buffers: Values) -> StackedRows:
        """Some of the rows at other weights, which are used as they are, for evaluation only."""
        other = copy.copy(self)
        other.runs, other.tables = [self.runs[r] for r in rows], self.tables.of(tables)
        other.theta, other.buffers = self.own(theta), self.own(buffers)
        other.network = copy.copy(self.network).bind(other.theta, None, other.buffers)
        other.average, other.segments, other.differ = Average.of(other.theta, other.buffers), [], False
        return other

    @torch.no_grad()
    def activations(self, index: np.ndarray) -> list[Tensor]:
        """What the activation function of each hidden layer gives [M, n, W] for the examples index [M, n] of each row,
        in evaluation mode.
        """
        found: list[Tensor] = []
        self.network.forward(self.tables.gather(index)[0], activations=found)
        return [a_MBW[..., :width] for a_MBW, width in zip(found, self.layout.widths[1:-1], strict=True)]

    @torch.no_grad()
    def scores(self, index: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """(outputs [M, n, C], losses [M, n], likeliest classes [M, n]) of the examples index [M, n] of each row, in
        evaluation mode; of several heads the losses of each [M, n, k].
        """
        tables, network = self.tables, self.network
        x, q = tables.gather_alike(index) if tables.alike else tables.gather(index)
        padded = network.forward(x)
        outputs = padded[..., : tables.outputs]
        return outputs, self.loss.by_target(padded, q, network.head), outputs.argmax(-1)

    @torch.no_grad()
    def outputs(self, x: np.ndarray) -> Tensor:
        """Outputs [n, C] of the first row for features x [n, D], in evaluation mode."""
        padded = torch.zeros(1, len(x), self.layout.padded[0], dtype=self.dtype, device=self.device)
        padded[0, :, : x.shape[1]] = torch.from_numpy(x)
        return self.network.forward(padded)[0, :, : self.layout.widths[-1]]

    def signals(self, index: np.ndarray) -> Signals:
        """Of the first row, on the examples index [1, n], without noise and penalties but with norms of the batch as in
        training.
        """
        x, q = self.tables.subset([0]).gather(index)
        grad = torch.zeros_like(self.theta[:1])
        network = copy.copy(self.network).bind(self.theta[:1], grad, self.buffers[:1].clone())
        tape: list = []
        with torch.no_grad():
            outputs = network.forward(x, training=True, tape=tape)
        passed_on = [step.x_MBW for step in tape[2:-1]] + tape[-1:] if len(tape) > 2 else []
        entering = [step.z_MBW for step in tape[1:-1]]
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_()
            (g,) = torch.autograd.grad(self.loss.forward(leaf, q, network.head).mean(1).sum(), leaf)
        with torch.no_grad():
            network.backward(tape, g)
        return Signals(self._true(entering), self._true(passed_on), grad[0])

    def _true(self, hidden: list[Tensor]) -> list[Tensor]:
        """Of the first row [n, W], of what hidden layers give."""
        return [out[0, :, :width] for out, width in zip(hidden, self.layout.widths[1:-1], strict=True)]

    def weight_sums(self, theta: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """L2 norm of all weights and how many are exactly zero, [M] each, in double precision."""
        true_MP = self.layout.true_weights_of(theta)
        zeros = (true_MP == 0).sum(1) - (self.layout.weights - self.layout.true_weights)
        return row_norms(true_MP).double().cpu().numpy(), zeros.double().cpu().numpy()
