"""Rows as arrays, one trained after the other by a compiled loop: on a CPU a row is as fast alone as in company.

A row's numbers depend on itself alone, so there is no padding and nothing is shared but the tables of examples. Torch
is imported only where a row augments its examples.

Shapes: M members, P parameters, S steps.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from runner.compiled import row as compiled
from runner.compiled.records import WIDTH, Examples, Network, Y
from runner.config.conflicts.base import active
from runner.data.tables import Tables
from runner.population.arrays import Values, as_array, in_lines
from runner.population.members import Columns
from runner.training.steps.compiled_network import described, functions_of
from runner.training.steps.compiled_row import Row
from runner.training.steps.protocols import Epoch, Membership, Stretch

EVALUATED, EXAMPLES = 64, 1024  # rows at once, and how many examples of each
STRETCH = 10**9  # floating point operations in one call: a tenth of a second or two
CHUNK = 256  # examples evaluated at once: what a layer gives of them stays in the cache


class CompiledRows:
    """The rows of a population as the compiled loop changes them."""

    aligned: ClassVar[bool] = False

    def __init__(self, member: Membership, theta: Values, buffers: Values, like: Any = None):
        self.member, self.tables, self.batch = member, member.tables, member.batch
        self.theta, self.buffers = _copied(theta), _copied(buffers)
        rows = self._described(like)
        self.averages = any(row.averages for row in rows)
        self.mean = {"theta": _copied(theta), "buffers": _copied(buffers)} if self.averages else {}
        names = dict.fromkeys(name for row in rows for name in row.slot_names)
        self.slots = {name: in_lines(theta.shape, member.dtype) for name in names}
        grad = in_lines(theta.shape[1:], member.dtype)
        work = in_lines((max(row.work_size for row in rows),), member.dtype)
        held = self.state()
        self.rows = [row.bound({n: a[r] for n, a in held.items()}, grad, work) for r, row in enumerate(rows)]
        self.augmented = {
            r: _Augmented(member, r, run) for r, run in enumerate(member.runs) if any(active(run, "augmentation"))
        }
        self.network, size = self._network(CHUNK)
        self.work = in_lines((size,), member.dtype)

    def _described(self, like: CompiledRows | None) -> list[Row]:
        """The rows; those that `like` has as well are described there."""
        same = like is not None and like.member.architecture is self.member.architecture and like.batch == self.batch
        known = {id(row.run): row for row in like.rows} if like is not None and same else {}
        return [known.get(id(run)) or Row(self.member, run) for run in self.member.runs]

    def _network(self, batch: int) -> tuple[Network, int]:
        """The network without noise, and the size of its workspace for a batch."""
        architecture, loss = self.member.architecture, self.member.loss
        return described(architecture, loss, batch, self.member.dtype, (), functions_of(architecture, loss))

    @property
    def evaluated(self) -> int:
        """How many rows are best evaluated at once: it bounds the memory of outputs, and how long a call takes."""
        each = 2 * EXAMPLES * self.member.architecture.layout.true_weights
        return max(1, min(EVALUATED, STRETCH // each))

    def own(self, array: Values) -> np.ndarray:
        """A NumPy array."""
        return as_array(array)

    @property
    def kept(self) -> dict[str, np.ndarray]:
        """theta and running statistics that are evaluated and kept: averages, where a row averages."""
        return self.mean or {"theta": self.theta, "buffers": self.buffers}

    def state(self) -> dict[str, np.ndarray]:
        """All that training changes, [M, ...] each; optimizer slots that a row does not use are zero."""
        averages = {f"average.{name}": array for name, array in self.mean.items()}
        slots = {f"optimizer.{name}": array for name, array in self.slots.items()}
        return {"theta": self.theta, "buffers": self.buffers} | averages | slots

    def load_state(self, state: dict[str, Values]) -> None:
        """Take over what `state` gave, as far as it is there."""
        for name, array in self.state().items():
            if name in state:
                array[...] = as_array(state[name])
        self._show()

    def _show(self) -> None:
        """The means of rows that do not average are their present weights."""
        rows = [r for r, row in enumerate(self.rows) if not row.averages] if self.averages else []
        for name, mean in self.mean.items() if rows else ():
            mean[rows] = getattr(self, name)[rows]

    def start_epoch(self, epoch: Epoch) -> None:
        """Prepare for the steps of an epoch."""
        self.epoch = epoch
        self.of_x, self.of_q = self.tables.places(epoch.order)
        self.weights: Any = self.tables.weights_of(epoch.order)
        for r, row in enumerate(self.rows):
            row.start_epoch(epoch.rates[r], int(epoch.made[r]), epoch.steps)

    def advance(self, first: int, last: int) -> Stretch:
        """Make the steps first ... last - 1 of the epoch."""
        objectives, norms = np.empty((len(self.rows), last - first)), np.empty(len(self.rows))
        for r, row in enumerate(self.rows):
            for a, b, examples in self._examples(r, first, last):
                norms[r] = row.advance(examples, a, b, objectives[r, a - first : b - first])
        self._show()
        return Stretch(np.ascontiguousarray(objectives.T), norms)

    def _examples(self, r: int, first: int, last: int) -> Iterator[tuple[int, int, Examples]]:
        """(first step, end, examples) of stretches of steps of a row, between which Python sees signals."""
        if r in self.augmented:
            yield from self.augmented[r].of(self.epoch.of(r), first, last)
            return
        x, many = self.tables.x, max(1, STRETCH // (6 * self.batch * self.member.architecture.layout.true_weights))
        weighted = self.weights is not None and self.tables.weights.weighted[r]
        for a in range(first, last, many):
            b = min(a + many, last)
            part = slice(a * self.batch, b * self.batch)
            weights = self.weights[r, part] if weighted else x[:0, 0]
            yield a, b, Examples(x, self.tables.q, weights, self.of_x[r, part], self.of_q[r, part], self.batch)

    def remarks(self) -> Sequence[str]:
        """Nothing: what compiled rules do needs no comment."""
        return ()

    def subset(self, rows: Sequence[int], tables: Tables, theta: Values, buffers: Values) -> CompiledRows:
        """Some of the rows at other weights, for evaluation only."""
        other = copy.copy(self)
        other.tables, other.theta, other.buffers, other.mean = tables, theta, buffers, {}
        return other

    def scores(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(outputs [M, n, C], losses [M, n], likeliest classes [M, n]) of the examples index [M, n] of each row, in
        evaluation mode.
        """
        return self._scores(self.theta, self.buffers, self.tables.x, self.tables.q, *self.tables.places(index))

    def _scores(self, theta, buffers, x, q, of_x, of_q) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same of these rows on the examples that are lines [M, n] of the tables x and q."""
        shape = of_x.shape
        found = np.empty((*shape, q.shape[1]), x.dtype), np.empty(shape, x.dtype), np.empty(shape, np.int64)
        score = compiled.score.made(self.member.dtype)
        score(theta, buffers, self.work, self.network, x, q, of_x, of_q, CHUNK, *found)
        return found

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Outputs [n, C] of the first row for features x [n, D], in evaluation mode."""
        lines, q = np.arange(len(x))[None], np.zeros((len(x), self.tables.q.shape[1]), x.dtype)
        return self._scores(self.theta[:1], self.buffers[:1], x, q, lines, lines)[0][0]

    def signals(self, index: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Of the first row, on the examples index [1, n], without noise and penalties but with norms of the batch as in
        training: what each hidden layer passes on [n, W], and the gradient [P] of the mean data loss.
        """
        tables, n = self.tables.subset([0]), index.shape[1]
        network, size = self._network(n)
        of_x, of_q = (lines[0] for lines in tables.places(index))
        examples = Examples(tables.x, tables.q, tables.x[:0, 0], of_x, of_q, n)
        grad, work = np.zeros_like(self.theta[0]), np.empty(size, self.member.dtype)
        compiled.passes(self.theta[0], self.buffers[0].copy(), grad, work, network, examples)
        places = [(line[Y], line[WIDTH]) for line in network.layers[1:-1]]
        return [work[begin : begin + n * width].reshape(n, width) for begin, width in places], grad

    def weight_sums(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """L2 norm of all weights and how many are exactly zero, [M] each, in double precision."""
        weights = self.member.architecture.layout.weights
        sums = np.array([compiled.norm_and_zeros(row[:weights]) for row in theta], np.float64)
        return sums[:, 0], sums[:, 1]


def _copied(values: Values) -> np.ndarray:
    """A copy in lines of the cache."""
    array = as_array(values)
    found = in_lines(array.shape, array.dtype)
    found[...] = array
    return found


class _Augmented:
    """The examples of a row that changes them at random: prepared by torch, some steps ahead."""

    def __init__(self, member: Membership, r: int, run):
        import torch

        from runner.training.steps.batches import Gathered
        from runner.training.steps.device_tables import DeviceTables

        dtype = getattr(torch, member.dtype)
        self.gathered = Gathered(Columns([run], dtype), DeviceTables(member.tables.subset([r]), torch.device("cpu")))
        self.widest = max(member.architecture.layout.widths[:-1])

    def of(self, epoch: Epoch, first: int, last: int) -> Iterator[tuple[int, int, Examples]]:
        """(first step, end, examples) of stretches of the steps first ... last - 1 of the row's epoch."""
        for a, b, size in self.gathered.chunks(epoch, first, last, self.widest):
            x_K1BD, q_K1BC, weights = self.gathered.of(epoch, a, b, size)
            x, q = x_K1BD.flatten(0, 2).numpy(), q_K1BC.flatten(0, 2).numpy()
            lines = np.arange(len(x))
            yield a, b, Examples(x, q, x[:0, 0] if weights is None else weights.flatten().numpy(), lines, lines, size)
