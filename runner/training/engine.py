"""The rows of a population in training: M runs of one structure, one row of theta [M, P] each.

The engine knows which rows there are, which examples they see and how many epochs they have made; it plans their
epochs, lets rows leave and join, and evaluates them. What training changes, and how a step is made, is that of its
`rows`: stacked tensors (`runner.training.steps.stacked_rows`) or arrays and a compiled loop (`compiled_rows`).

Shapes: M members, P parameters, S steps an epoch.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import cached_property, partial

import numpy as np

from runner.config.engines import LOSS_OF, NATIVE, engine
from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.data.tables import Tables
from runner.population.architecture import Architecture
from runner.population.arrays import Values
from runner.population.initial import begin_at, initial_buffers, initial_theta
from runner.training.ahead import Ahead
from runner.training.evaluation import evaluate, recorded
from runner.training.steps.protocols import Epoch, Membership, Rows


class Engine:
    """The rows in training. Rows must be sorted by `segment_key` and agree in every structural option.

    An engine `like` it, of the same structure, shares what both need: tables of the same arrays, rows as described.
    `way` holds the rows and makes their steps: as the runs have chosen (`trainer.engine`), unless given.
    """

    def __init__(
        self, runs: list[Settings], data: list[RunData], like: Engine | None = None, way: type[Rows] | None = None
    ):
        first = runs[0]
        self.name = engine(first, data[0].task)
        self.way = way or _way_of(self.name)
        sizes = data[0].x.shape[1], data[0].outputs
        self.architecture: Architecture = (
            like.architecture if like else Architecture(first.model, *sizes, self.way.aligned)
        )
        self.layout, self.dtype = self.architecture.layout, first.trainer.dtype
        shared = like.tables if like else None
        self.tables: Tables = Tables(data, self.dtype, first.trainer.train_eval_rows, shared, self.way.aligned)
        loss = entries("loss")[LOSS_OF[data[0].task]].cls
        self.loss = loss() if name_of(first.loss, "loss") == "auto" else first.loss
        self.batch = min(first.trainer.batch_size, self.tables.size["train"])
        self.epochs = np.zeros(len(runs), dtype=np.int64)  # epochs each row has made
        theta = initial_theta(self.layout, [run.seed for run in runs], first.model.init, self.dtype)
        for row, run in enumerate(runs):
            if not run.model.hidden and (weights := run.dataset.initial_weights()) is not None:
                begin_at(theta, self.layout, row, weights)
        self._bind(runs, theta, initial_buffers(self.layout, len(runs), self.dtype), like.rows if like else None)

    # ---- rows

    def _bind(self, runs: list[Settings], theta: Values, buffers: Values, like: Rows | None) -> None:
        """Everything that depends on which rows there are."""
        self.runs = runs
        self.metrics = list(dict.fromkeys(name for run in runs for name in recorded(run, self.tables.task)))
        self.ahead = [Ahead(partial(self._scheduled, run), run.trainer.epochs) for run in runs]
        member = Membership(runs, self.architecture, self.tables, self.loss, self.batch, self.dtype)
        self.rows: Rows = self.way(member, theta, buffers, like)

    @property
    def theta(self) -> Values:
        """[M, P]"""
        return self.rows.theta

    @property
    def buffers(self) -> Values:
        """Running statistics [M, Q]."""
        return self.rows.buffers

    def state(self) -> dict[str, Values]:
        """All that training changes, [M, ...] each; optimizer slots that a row does not use are zero."""
        return self.rows.state()

    def load_state(self, state: dict[str, Values], epochs: np.ndarray) -> None:
        """Take over what `state` gave."""
        self.rows.load_state(state)
        self.epochs = epochs.copy()

    def keep(self, rows: list[int]) -> None:
        """Drop every row but these and close the gaps."""
        state = {name: array[rows] for name, array in self.state().items()}
        self.tables = self.tables.subset(rows)
        epochs = self.epochs[rows]
        self._bind([self.runs[r] for r in rows], state["theta"], state["buffers"], self.rows)
        self.load_state(state, epochs)

    def joined(self, old: int, runs: list[Settings], data: list[RunData], order: list[int]) -> Engine:
        """An engine of the first `old` rows as they are and of new `runs`, in `order` (positions in old + new)."""
        every = list(zip(self.runs[:old] + runs, self.tables.data[:old] + data, strict=True))
        other = Engine([every[i][0] for i in order], [every[i][1] for i in order], self, self.way)
        rows = [order.index(i) for i in range(old)]
        state, epochs = other.state(), np.zeros(len(order), dtype=np.int64)
        for name, array in self.state().items() if old else ():
            state[name][rows] = array[:old]
        epochs[rows] = self.epochs[:old]
        other.load_state(state, epochs)
        return other

    # ---- an epoch

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        n = self.tables.size["train"]
        return n // self.batch if self.runs[0].trainer.drop_last else -(-n // self.batch)

    @cached_property
    def sizes(self) -> np.ndarray:
        """The number of examples [S] of each step."""
        return np.minimum(self.tables.size["train"] - np.arange(self.steps) * self.batch, self.batch)

    def train_epoch(self, scales: list[float]) -> dict[str, np.ndarray]:
        """One epoch of every row; scales multiply the scheduled rates (reduce on plateau).

        Returns objective [M] (mean over examples of what was optimized), objectives [S, M] a step, grad_norm [M] (last
        step, before clipping) and lr [M] (last step).
        """
        self.epoch = self.plan(scales)
        self.rows.start_epoch(self.epoch)
        trained = self.rows.advance(0, self.steps)
        self.epochs += 1
        objectives_MS = np.ascontiguousarray(trained.objectives.T)  # so that the order of a sum does not depend on M
        return {
            "objective": (objectives_MS * self.sizes).sum(1) / self.sizes.sum(),
            "objectives": trained.objectives,
            "grad_norm": trained.grad_norm,
            "lr": self.epoch.rates[:, -1],
        }

    def plan(self, scales: list[float]) -> Epoch:
        """The coming epoch: the order of each row's examples, and its rates times `scales`."""
        made, steps = self.epochs.tolist(), self.steps
        rates = np.empty((len(self.runs), steps))
        for row, (epoch, scale) in enumerate(zip(made, scales, strict=True)):
            scheduled, first = self.ahead[row].of(epoch, steps)
            np.multiply(scheduled[first : first + steps], scale, out=rates[row])
        sampling = [run.trainer.sampling for run in self.runs]
        order = self.tables.order([run.seed for run in self.runs], made, sampling)
        return Epoch(order, rates, self.epochs.copy(), steps, self.batch)

    def _scheduled(self, run: Settings, epoch: int, many: int, steps: int) -> np.ndarray:
        """The rates [many * S] of a run in `many` epochs from one on, before they are scaled."""
        lr = run.optimizer.lr * run.scheduler.batch_factor(self.batch)
        return lr * run.scheduler.factors(epoch, steps, run.trainer.epochs, many)

    # ---- evaluation

    def evaluate(self, splits: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Metrics [M] named "<split>/<metric>", of the weights that would be kept now (averaged, where a row averages),
        without dropout, penalties or smoothing.
        """
        parts = [block._evaluate(splits) for block in self._blocks()]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _blocks(self) -> Iterator[Engine]:
        """The rows, with the weights that are kept, a few at a time: the same bits, sooner."""
        many = self.rows.evaluated
        if len(self.runs) <= many and self.kept["theta"] is self.theta:
            yield self
            return
        for a in range(0, len(self.runs), many):
            rows = range(len(self.runs))[a : a + many]
            yield self.subset(rows, *(array[a : a + many] for array in self.kept.values()))

    def _evaluate(self, splits: tuple[str, ...]) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for split in splits:
            if self.tables.size[split]:
                index = self.tables.index["train_eval" if split == "train" else split]
                metrics = evaluate(self.rows.scores, self.loss.link, self.rows.tables, index, self.metrics)
                found |= {f"{split}/{name}": values for name, values in metrics.items()}
        return found

    @property
    def kept(self) -> dict[str, Values]:
        """theta and running statistics that are evaluated and kept: averages, where a row averages."""
        return self.rows.kept

    def weight_statistics(self) -> dict[str, np.ndarray]:
        """weight_norm (L2 norm of all weights that are kept) and sparsity (share of them that are exactly zero), [M]
        each; both NaN where the norm is not finite.
        """
        norm, zeros = self.rows.weight_sums(self.kept["theta"])
        found = {"weight_norm": norm, "sparsity": zeros / self.layout.true_weights}
        return {name: np.where(np.isfinite(norm), values, np.nan) for name, values in found.items()}

    def subset(self, rows: Sequence[int], theta: Values, buffers: Values) -> Engine:
        """A second engine of some rows with other weights (such as their best), for evaluation."""
        other = copy.copy(self)
        other.tables = self.tables.subset(rows)
        other.runs = [self.runs[r] for r in rows]
        other.rows = self.rows.subset(rows, other.tables, theta, buffers)
        return other


def _way_of(engine: str) -> type[Rows]:
    """The rows of an engine; the other's code is not imported."""
    if engine == NATIVE:
        from runner.training.steps.compiled_rows import CompiledRows

        return CompiledRows
    from runner.training.steps.stacked_rows import StackedRows

    return StackedRows
