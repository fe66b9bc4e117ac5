"""The rows of a population in training: M runs of one structure, one row of theta [M, P] each.

The engine knows which rows there are, which examples they see and how many epochs they have made; it plans their
epochs, lets rows leave and join, and evaluates them. What training changes, and how a step is made, is that of its
`rows`: stacked tensors (`runner.training.steps.stacked_rows`) or arrays and a compiled loop (`compiled_rows`).

Shapes: M members, P parameters, S steps an epoch.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from runner.config.engines import NATIVE, engine
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.data.tables import Tables
from runner.population.architecture import Architecture
from runner.population.arrays import Values, as_array, copied
from runner.training.ahead import Ahead
from runner.training.beginning import beginning
from runner.training.curriculum import drawn_from
from runner.training.evaluation import CHUNK, Passes, evaluate, recorded, summed
from runner.training.losses import loss_of
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
        self.loss = loss_of(first, data[0])
        self.batch = min(first.trainer.batch_size, self.tables.size["train"])
        self.epochs = np.zeros(len(runs), dtype=np.int64)  # epochs each row has made
        self.at = 0  # steps of the coming epoch that are made
        self._bind(runs, *beginning(self.layout, runs, self.dtype), like.rows if like else None)

    # ---- rows

    def _bind(self, runs: list[Settings], theta: Values, buffers: Values, like: Rows | None) -> None:
        """Everything that depends on which rows there are."""
        self.runs = runs
        self.metrics = list(dict.fromkeys(name for run in runs for name in recorded(run, *self.tables.data[0].tasks)))
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

    def begin_at(self, rows: list[int], theta: np.ndarray, buffers: np.ndarray) -> None:
        """Let some of the rows, which have made no step, begin at theta [R, P] and buffers [R, Q]."""
        before = {name: copied(array) for name, array in self.state().items()}
        begin = {"theta": copied(self.theta), "buffers": copied(self.buffers)}
        begin["theta"][rows], begin["buffers"][rows] = self.rows.own(theta), self.rows.own(buffers)
        self._bind(self.runs, begin["theta"], begin["buffers"], self.rows)
        others, state = [r for r in range(len(self.runs)) if r not in rows], self.state()
        for name, array in before.items():
            state[name][others] = array[others]
        self.load_state(state, self.epochs)

    def continue_at(self, rows: list[int], states: Sequence[Mapping[str, Values]], epochs: Sequence[int]) -> None:
        """Let each of some rows continue from its state, [1, ...] as `state` gave it in other company, after so many
        epochs. What it does not use may be lacking there; weights that it does not average are their own mean.
        """
        whole, made = {name: copied(array) for name, array in self.state().items()}, self.epochs.copy()
        for row, state, epoch in zip(rows, states, epochs, strict=True):
            for name, array in whole.items():
                found = state.get(name, state.get(name.removeprefix("average.")))
                if found is not None:
                    array[[row]] = self.rows.own(found)
            made[row] = epoch
        self.load_state(whole, made)

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

    @property
    def made(self) -> np.ndarray:
        """The steps [M] that each row has made."""
        return self.epochs * self.steps + self.at

    def train_epoch(self, scales: list[float]) -> dict[str, np.ndarray]:
        """One epoch of every row at once: `start_epoch` and `advance` to its end."""
        self.start_epoch(scales)
        return self.advance(self.steps)

    def start_epoch(self, scales: list[float]) -> None:
        """Prepare for the steps of an epoch; scales multiply the scheduled rates (reduce on plateau)."""
        self.epoch, self.at = self.plan(scales), 0
        self.rows.start_epoch(self.epoch)

    def advance(self, last: int) -> dict[str, np.ndarray]:
        """The steps of the epoch from where it stands up to `last`, which are the stretch; S ends the epoch.

        Returns objective [M] (mean over examples of what was optimized), totals [M, S] (its sum over those of a step),
        objectives [S, M] a step, rates [M, S], and of the last step grad_norm [M] (before clipping) and lr [M].
        """
        stretch = slice(self.at, last)
        trained, sizes, rates = self.rows.advance(self.at, last), self.sizes[stretch], self.epoch.rates[:, stretch]
        self.at = last % self.steps
        self.epochs += not self.at
        self.settle(range(len(self.runs)))
        objectives_MS = np.ascontiguousarray(trained.objectives.T)  # so that the order of a sum does not depend on M
        totals_MS = objectives_MS * sizes
        return {
            "objective": totals_MS.sum(1) / sizes.sum(),
            "totals": totals_MS,
            "objectives": trained.objectives,
            "rates": rates,
            "grad_norm": trained.grad_norm,
            "lr": rates[:, -1],
        }

    def settle(self, rows: Sequence[int]) -> None:
        """Where `model.norm_statistics` asks for it: give some of the rows the statistics of all their training
        batches, in the order of the epoch of their last step, by their present weights and by those that are kept.
        """
        if self.runs[0].model.norm_statistics == "all":
            made = [max(int(self.epochs[r]) - (not self.at), 0) for r in rows]
            order = self.tables.subset(list(rows)).order([self.runs[r].seed for r in rows], made)
            self.rows.settle(list(rows), order[:, : int(self.sizes.sum())])

    def plan(self, scales: list[float]) -> Epoch:
        """The coming epoch: the order of each row's examples, and its rates times `scales`."""
        made, steps = self.epochs.tolist(), self.steps
        rates = np.empty((len(self.runs), steps))
        for row, (epoch, scale) in enumerate(zip(made, scales, strict=True)):
            scheduled, first = self.ahead[row].of(epoch, steps)
            np.multiply(scheduled[first : first + steps], scale, out=rates[row])
        sampling = [run.trainer.sampling for run in self.runs]
        among = drawn_from(self.runs, self.tables, made, self._said, self.loss.link)
        order = self.tables.order([run.seed for run in self.runs], made, sampling, among)
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
        many, shown = self.rows.evaluated, self.shown
        if len(self.runs) <= many and shown["theta"] is self.theta:
            yield self
            return
        for a in range(0, len(self.runs), many):
            rows = range(len(self.runs))[a : a + many]
            yield self.subset(rows, *(array[a : a + many] for array in shown.values()))

    def _evaluate(self, splits: tuple[str, ...]) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for split in splits:
            if self.tables.size[split]:
                index = self.tables.index["train_eval" if split == "train" else split]
                passes = Passes(self.rows.scores, self.rows.activations, self._noisy)
                metrics = evaluate(passes, self.loss.link, self.rows.tables, index, self.metrics)
                found |= {f"{split}/{name}": values for name, values in metrics.items()}
        return found

    def _said(self, rows: list[int], index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs [R, n, C] and losses [R, n], of heads together, of the networks of some rows, as they are shown, on
        examples [R, n].
        """
        seen = self.subset(rows, *(array[rows] for array in self.shown.values())).rows
        parts = [seen.scores(index[:, a : a + CHUNK])[:2] for a in range(0, index.shape[1], CHUNK)]
        outputs, losses = (np.concatenate([as_array(each) for each in part], 1) for part in zip(*parts, strict=True))
        return outputs, summed(losses, self.tables.data[0].shares) if self.tables.heads else losses

    def _noisy(self, index: np.ndarray, passes: int) -> np.ndarray:
        """Outputs [T, M, n, C] of so many passes with dropout of the examples index [M, n] of each row."""
        from runner.training.noisy_passes import NoisyPasses

        found = []
        for row, run in enumerate(self.runs):
            network = NoisyPasses(run, self.architecture, self.dtype, self.theta[row], self.buffers[row])
            x = self.tables.data[row].x[index[row]].astype(self.dtype)
            found.append(network.outputs(x, passes))
        return np.stack(found, 1)

    @property
    def kept(self) -> dict[str, Values]:
        """theta and running statistics that are evaluated and kept: averages, where a row averages."""
        return self.rows.kept

    @property
    def shown(self) -> dict[str, Values]:
        """`kept` as evaluation and the exported network use it: the weights that come from what is learned."""
        return self.rows.shown

    def used(self, rows: Sequence[int], theta: Values, buffers: Values) -> dict[str, Values]:
        """Kept theta and buffers of some rows as evaluation and the exported network use them."""
        return {"theta": self.rows.used(rows, theta, buffers), "buffers": buffers}

    def weight_statistics(self) -> dict[str, np.ndarray]:
        """weight_norm (L2 norm of all weights that are shown) and sparsity (share of them that are exactly zero), [M]
        each; both NaN where the norm is not finite.
        """
        norm, zeros = self.rows.weight_sums(self.shown["theta"])
        found = {"weight_norm": norm, "sparsity": zeros / self.layout.true_weights}
        return {name: np.where(np.isfinite(norm), values, np.nan) for name, values in found.items()}

    def subset(self, rows: Sequence[int], theta: Values, buffers: Values) -> Engine:
        """A second engine of some rows with other weights, used as they are (such as their best), for evaluation."""
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
