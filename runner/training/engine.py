"""The rows of a population in training: M runs of one structure, one row of theta [M, P] each.

The engine keeps what a row is (weights, running statistics, optimizer state, averages, examples, epochs made), lets
rows leave and join, and evaluates them. To a stepper (`runner.training.steps`), which makes the steps, it is the
population.

Shapes: M members, P parameters, S steps an epoch.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from runner.config.engines import LOSS_OF, NATIVE, engine
from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.data.tables import Tables
from runner.optimizers.segments import Segment, segments
from runner.population.initial import initial_buffers, initial_theta
from runner.population.layout import Layout
from runner.population.members import Columns
from runner.population.network import Network
from runner.training import slots
from runner.training.around_rules import bound
from runner.training.averaging import Average
from runner.training.evaluation import evaluate, recorded, weight_statistics
from runner.training.steps.protocols import Epoch, Stepper

if TYPE_CHECKING:
    from runner.data.prepare import RunData


class Engine:
    """The rows in training. Rows must be sorted by `segment_key` and agree in every structural option.

    Tables `like` these are shared instead of made again, where they hold the same arrays. `stepper` makes what advances
    the rows that the engine has at the time: the one that the runs have chosen (`trainer.engine`), unless given.
    """

    def __init__(
        self,
        runs: list[Settings],
        data: list[RunData],
        like: Tables | None = None,
        stepper: type[Stepper] | None = None,
    ):
        first = runs[0]
        self.name = engine(first, data[0].task)
        stepper = stepper or _stepper(self.name)
        self.dtype = getattr(torch, first.trainer.dtype)
        self.device = torch.device(first.trainer.device)
        self.tables = Tables(data, self.dtype, self.device, first.trainer.train_eval_rows, like, stepper.aligned)
        self.network = Network(
            first.model, data[0].x.shape[1], data[0].outputs, self.dtype, self.device, stepper.aligned
        )
        self.layout = self.network.layout
        loss = entries("loss")[LOSS_OF[data[0].task]].cls
        self.loss = loss() if name_of(first.loss, "loss") == "auto" else first.loss
        self.batch = min(first.trainer.batch_size, self.tables.size["train"])
        self.theta = initial_theta(self.layout, [r.seed for r in runs], first.model.init, self.dtype).to(self.device)
        self.buffers = initial_buffers(self.layout, len(runs), self.dtype).to(self.device)
        self.epochs = np.zeros(len(runs), dtype=np.int64)  # epochs each row has made
        self.make_stepper, self.scores = stepper, stepper.scores(self)
        self._bind(runs)

    # ---- rows

    def _bind(self, runs: list[Settings]) -> None:
        """Everything that depends on which rows there are."""
        self.runs = runs
        self.network.bind(self.theta, None, self.buffers)
        self.columns = Columns(runs, self.dtype, self.device)
        self.segments: list[Segment] = list(segments(runs, self.layout, self.theta))
        self.around = bound(self.columns, self.theta)
        self.holders: list[slots.Holder] = [*self.segments, *self.around]
        self.average = Average(runs, self.theta, self.buffers)
        self.stepper = self.make_stepper(self)

    def state(self) -> dict[str, Tensor]:
        """All tensors that training changes, [M, ...] each; optimizer slots that a row does not use are zero."""
        held = slots.gathered(self.holders, len(self.runs))
        return {"theta": self.theta, "buffers": self.buffers} | self.average.state() | held

    def load_state(self, state: dict[str, Tensor], epochs: np.ndarray) -> None:
        """Take over what `state` gave."""
        self.theta.copy_(state["theta"])
        self.buffers.copy_(state["buffers"])
        self.average.load_state(state)
        self.epochs = epochs.copy()
        slots.restore(self.holders, state)

    def keep(self, rows: list[int]) -> None:
        """Drop every row but these and close the gaps."""
        state = {name: tensor[rows] for name, tensor in self.state().items()}
        self.theta, self.buffers = state["theta"].clone(), state["buffers"].clone()
        self.tables = self.tables.subset(rows)
        epochs = self.epochs[rows]
        self._bind([self.runs[r] for r in rows])
        self.load_state(state, epochs)

    def joined(self, old: int, runs: list[Settings], data: list[RunData], order: list[int]) -> Engine:
        """An engine of the first `old` rows as they are and of new `runs`, in `order` (positions in old + new)."""
        every = list(zip(self.runs[:old] + runs, self.tables.data[:old] + data, strict=True))
        other = Engine([every[i][0] for i in order], [every[i][1] for i in order], self.tables, self.make_stepper)
        rows = [order.index(i) for i in range(old)]
        state, epochs = other.state(), np.zeros(len(order), dtype=np.int64)
        for name, tensor in self.state().items() if old else ():
            state[name][rows] = tensor[:old]
        epochs[rows] = self.epochs[:old]
        other.load_state(state, epochs)
        return other

    def of_other(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the other engine keeps in a checkpoint as this one keeps it: the same numbers, padded or not."""
        mine, other = self.layout, Layout(self.layout.widths, self.layout.pieces, not self.make_stepper.aligned)
        found = {}
        for name, rows in tensors.items():
            if name.endswith("buffers"):
                found[name] = initial_buffers(mine, len(rows), rows.dtype).to(rows.device)
                pairs = zip(mine.buffers.values(), other.buffers.values(), strict=True)
            elif rows.shape[1] == other.size:
                found[name] = rows.new_zeros(len(rows), mine.size)
                pairs = zip(mine.slots.values(), other.slots.values(), strict=True)
            else:  # one number a row
                found[name] = rows
                continue
            for here, there in pairs:
                here.true(found[name]).copy_(there.true(rows))
        return found

    # ---- an epoch

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        n = self.tables.size["train"]
        return n // self.batch if self.runs[0].trainer.drop_last else -(-n // self.batch)

    def train_epoch(self, scales: list[float]) -> dict[str, np.ndarray]:
        """One epoch of every row; scales multiply the scheduled rates (reduce on plateau).

        Returns objective [M] (mean over examples of what was optimized), objectives [S, M] a step, grad_norm [M] (last
        step, before clipping) and lr [M] (last step).
        """
        self.epoch = self.plan(scales)
        self.stepper.start_epoch(self.epoch)
        trained = self.stepper.advance(0, self.steps)
        self.epochs += 1
        objectives_MS = np.ascontiguousarray(trained.objectives.T)  # so that the order of a sum does not depend on M
        return {
            "objective": np.average(objectives_MS, axis=1, weights=self.epoch.sizes),
            "objectives": trained.objectives,
            "grad_norm": trained.grad_norm,
            "lr": self.epoch.rates[:, -1].cpu().numpy(),
        }

    def plan(self, scales: list[float]) -> Epoch:
        """The coming epoch: the order of each row's examples, and its rates times `scales`."""
        factors = [
            run.scheduler.factors(int(e), self.steps, run.trainer.epochs)
            for run, e in zip(self.runs, self.epochs, strict=True)
        ]
        lr = np.array([run.optimizer.lr * run.scheduler.batch_factor(self.batch) for run in self.runs])
        rates = lr[:, None] * np.array(factors) * np.array(scales)[:, None]
        order = self.tables.order([run.seed for run in self.runs], self.epochs.tolist())
        return Epoch(order, torch.from_numpy(rates).to(self.device), self.epochs.copy(), self.steps, self.batch)

    # ---- evaluation

    def evaluate(self, splits: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Metrics [M] named "<split>/<metric>", of the weights that would be kept now (averaged, where a row averages),
        without dropout, penalties or smoothing.
        """
        names = list(dict.fromkeys(name for run in self.runs for name in recorded(run, self.tables.task)))
        parts = [block._evaluate(splits, names) for block in self._blocks()]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _blocks(self) -> Iterator[Engine]:
        """The rows, with the weights that are kept, a few at a time: the same bits, sooner."""
        many = self.scores.rows
        if len(self.runs) <= many and not self.average.active:
            yield self
            return
        for a in range(0, len(self.runs), many):
            rows = list(range(len(self.runs)))[a : a + many]
            yield self.subset(rows, *(tensor[a : a + many] for tensor in self.kept.values()))

    def _evaluate(self, splits: tuple[str, ...], names: list[str]) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for split in splits:
            if self.tables.size[split]:
                index = self.tables.index["train_eval" if split == "train" else split]
                metrics = evaluate(partial(self.scores.of, self), self.loss.link, self.tables, index, names)
                found |= {f"{split}/{name}": values for name, values in metrics.items()}
        return found

    @property
    def kept(self) -> dict[str, Tensor]:
        """theta and running statistics that are evaluated and kept: averages, where a row averages."""
        return self.average.shown

    def weight_statistics(self) -> dict[str, np.ndarray]:
        """The size of the weights that are kept, [M] each."""
        rows = self.kept["theta"].split(len(self.runs) if self.make_stepper.aligned else 1)
        parts = [weight_statistics(self.layout, theta) for theta in rows]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def subset(self, rows: list[int], theta: Tensor, buffers: Tensor) -> Engine:
        """A second engine of some rows with other weights (such as their best), for evaluation."""
        other = copy.copy(self)
        other.tables = self.tables.subset(rows)
        other.network = copy.copy(self.network).bind(theta, None, buffers)
        other.runs = [self.runs[r] for r in rows]
        other.theta, other.buffers = theta, buffers
        other.average = Average(other.runs, theta, buffers)
        return other


def _stepper(engine: str) -> type[Stepper]:
    """What makes the steps of an engine; the other's code is not imported."""
    if engine == NATIVE:
        from runner.training.steps.compiled_step import Compiled

        return Compiled
    from runner.training.steps.stacked_step import Stacked

    return Stacked
