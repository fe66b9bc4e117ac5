"""What a sweep will cost, before it is begun: an estimate in closed form, never a promise.

The seconds of a step follow a model with one term for each thing that takes time, fitted to
benchmarks/results/step.json (one thread; within 20% there), with the `Costs` of each engine:

    seconds a run and step = call/M + run + flop 6 W B + parameter P + activation a B + input D B + dropout h B

with M members side by side, W weights, P parameters, a units, h hidden units, D features and B examples a step.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from runner.config.engines import NATIVE, STACKED, engine
from runner.config.settings import Settings
from runner.plan.populations import Population, Share, parameters

if TYPE_CHECKING:
    from runner.data.prepare import RunData


class Costs(NamedTuple):
    """Seconds of an engine."""

    call: float  # of a population's step, however small
    run: float  # of each row in it
    flop: float
    parameter: float
    activation: float
    input: float
    dropout: float
    start: float  # of a sweep, until its first step


COSTS = {
    STACKED: Costs(57e-6, 3.8e-6, 11.8e-12, 0.5e-9, 2.9e-9, 1.6e-9, 6.3e-9, 3.0),
    NATIVE: Costs(0.0, 1.8e-6, 8.3e-12, 1.6e-9, 0.29e-9, 0.0, 0.58e-9, 1.5),
}
EPOCH, FILES = 0.2e-3, 4e-3  # seconds: rows of a run's records; its folder and files
PROCESS, WORKER = 250e6, 45e6  # bytes: the parent with its libraries; what a worker has besides
KEPT = 4  # copies of the parameters besides the rule's slots: weights, gradient, best weights, one to work in
PASSES = 4  # copies of the activations: forward, backward and what they need in between


@dataclass(frozen=True)
class Estimate:
    """Of a whole sweep: seconds from start to end, if every run takes all its epochs, and bytes of memory."""

    seconds: float
    bytes: float


def run_seconds(run: Settings, data: RunData, side_by_side: int) -> float:
    """Upper bound for one run among `side_by_side`: early stopping may end it sooner."""
    batch = min(run.trainer.batch_size, len(data.train))
    steps = len(data.train) // batch if run.trainer.drop_last else math.ceil(len(data.train) / batch)
    seen = min(run.trainer.train_eval_rows, len(data.train)) + len(data.val)
    settled = (1 + run.averaging.active) * len(data.train)  # of present weights, and of averaged ones
    seen += settled if run.model.norm_statistics == "all" else 0
    return run.trainer.epochs * (steps * _step(run, data, batch, side_by_side) + _pass(run, data, seen) + EPOCH) + FILES


def share_seconds(share: Share, runs: Sequence[Settings], data: Sequence[RunData]) -> float:
    """Seconds of one worker for all runs of a share."""
    return sum(run_seconds(runs[i], data[i], width) for members, width in share.populations for i in members)


def share_bytes(share: Share, runs: Sequence[Settings], data: Sequence[RunData]) -> float:
    """Memory of the runs of a share that train side by side, where they need most."""
    return max(_bytes(population, runs, data) for population in share.populations)


def _bytes(population: Population, runs: Sequence[Settings], data: Sequence[RunData]) -> float:
    return population.width * max(member_bytes(runs[i], data[i]) for i in population.members)


def member_bytes(run: Settings, data: RunData) -> float:
    """Memory of one run among others."""
    batch = min(run.trainer.batch_size, len(data.train))
    numbers = parameters(run, data) * (KEPT + _slots(run)) + PASSES * batch * sum(_widths(run, data))
    return numbers * _itemsize(run)


def sweep(shares: Sequence[Share], runs: Sequence[Settings], data: Sequence[RunData], workers: int) -> Estimate:
    """Of all shares on so many workers: the next share goes to the first worker that is free."""
    free = [0.0] * max(workers, 1)
    for share in shares:
        free[free.index(min(free))] += share_seconds(share, runs, data)
    busy = sorted((share_bytes(share, runs, data) for share in shares), reverse=True)[:workers]
    tables = {id(table.x): table.x.nbytes for table in data}
    start = max((_costs(runs[i], data[i]).start for share in shares for i in share.members), default=0.0)
    return Estimate(start + max(free), PROCESS + WORKER * len(busy) + sum(busy) + sum(tables.values()))


def _costs(run: Settings, data: RunData) -> Costs:
    return COSTS[engine(run, data.task)]


def _step(run: Settings, data: RunData, batch: int, members: int) -> float:
    widths, costs = _widths(run, data), _costs(run, data)
    dropped = any(run.value(f"regularizer.{key}") for key in ("dropout", "alpha_dropout", "gaussian_dropout"))
    flops = 6 * _weights(widths) - 2 * widths[0] * widths[1]  # the gradient of the inputs is not needed
    work = costs.call / members + costs.run + costs.flop * flops * batch + costs.parameter * parameters(run, data)
    noise = costs.dropout * sum(widths[1:-1]) if dropped else 0
    return work + batch * (costs.activation * sum(widths[1:]) + costs.input * widths[0] + noise)


def _pass(run: Settings, data: RunData, rows: int) -> float:
    """Seconds of an evaluation of so many rows: a third of a step's arithmetic."""
    widths, costs = _widths(run, data), _costs(run, data)
    return rows * (
        costs.flop * 2 * _weights(widths) + (costs.activation * sum(widths[1:]) + costs.input * widths[0]) / 3
    )


def _widths(run: Settings, data: RunData) -> list[int]:
    return [data.x.shape[1], *run.model.hidden, data.outputs]


def _weights(widths: Sequence[int]) -> int:
    return sum(a * b for a, b in itertools.pairwise(widths))


def _slots(run: Settings) -> int:
    """Numbers that the rule keeps for each parameter."""
    rule, options = run.optimizer, run.options()
    used = {f.name: getattr(rule, f.name) for f in dataclasses.fields(rule)}
    return len(rule.slots_used({k: v if options[f"optimizer.{k}"].neutral != v else None for k, v in used.items()}))


def _itemsize(run: Settings) -> int:
    return 8 if run.trainer.dtype == "float64" else 4
