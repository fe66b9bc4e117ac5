"""Metrics of every row on a split, in chunks of constant size so that neither memory nor bits depend on the number of
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.population.arrays import Values, as_array, as_tensor, double, like, namespace
from runner.population.members import Columns, active_entries
from runner.regularizers.base import Activity
from runner.training.metrics.base import Chunk, Metric, Seen, Whole, always, metric

# Examples [M, n] -> outputs [M, n, C], losses [M, n], likeliest classes [M, n].
Score = Callable[[np.ndarray], tuple[Values, Values, Values]]
# Examples [M, n] -> the activations [M, n, W] of each hidden layer.
Hidden = Callable[[np.ndarray], list[Values]]
# Examples [M, n], T -> outputs [T, M, n, C] of T passes with dropout.
Noisy = Callable[[np.ndarray, int], np.ndarray]


def without_network(*asked: Any) -> Any:
    """In the place of passes that only a network can make, where there are answers alone."""
    raise TypeError("these answers come without a network, which this metric looks into")


class Passes(NamedTuple):
    """What rows say about examples."""

    scores: Score
    hidden: Hidden = without_network
    noisy: Noisy = without_network


CHUNK = 1024  # examples a row at once


@dataclass
class _AsTensors:
    """Tables whose answers are tensors, for metrics that torch computes."""

    tables: Seen

    @property
    def data(self) -> list[RunData]:
        return self.tables.data

    def answers(self, index: np.ndarray) -> Values:
        return as_tensor(self.tables.answers(index))

    def weights_of(self, index: np.ndarray) -> Values | None:
        return self.tables.weights_of(index)


@dataclass
class InOwnUnits:
    """Tables of regressions of which some are trained on a target that is not scaled linearly (`target_scaling`).

    The numbers of these rows are those of the target's own unit, as differences of scaled ones mean nothing there.
    """

    tables: Seen

    @property
    def data(self) -> list[RunData]:
        return self.tables.data

    def answers(self, index: np.ndarray) -> Values:
        scaled = self.tables.answers(index)
        found = as_array(scaled).copy()
        for row, data in enumerate(self.data):
            if data.target is not None:
                found[row] = data.target[index[row]]
        return like(scaled, found)

    def outputs(self, scaled: Values) -> Values:
        """Answers of the networks [M, B, C], in float64."""
        found = as_array(double(scaled)).copy()
        for row, data in enumerate(self.data):
            if data.target is not None:
                found[row] = data.encoding.scale_of_target.original(found[row])
        return like(double(scaled), found)

    def weights_of(self, index: np.ndarray) -> Values | None:
        return self.tables.weights_of(index)


def recorded(settings: Settings, task: str) -> list[str]:
    """The metrics that a run records: those of its task that every run has, those asked for, the one it watches; and
    where classes are weighted in the loss, the accuracy in which they weigh the same; where activations are penalized,
    how sparse they are.
    """
    weighted = ["balanced_accuracy"] if task == "classification" and settings.dataset.class_weights is not None else []
    hidden = ["hidden_sparsity", "dead_units"] if active_entries(Columns([settings]), Activity) else []
    asked = [*settings.trainer.metrics, settings.early_stopping.metric]
    return list(dict.fromkeys([*always(task), *weighted, *hidden, *asked]))


def named(metrics: Sequence[str], targets: Sequence[str]) -> list[str]:
    """The metrics as they are called in what is recorded: those of each of several targets come after all others."""
    return [*metrics, *(f"{target}/{name}" for target in targets for name in metrics if metric(name).of_each)]


def _by_target(values: dict[str, np.ndarray], targets: Sequence[str]) -> dict[str, np.ndarray]:
    """Values [M] of metrics [M] or [M, k]: of several targets each, and their mean under the metric's own name. Targets
    that have no value (the R^2 of one that is the same in all rows) are left out of the mean.
    """
    found: dict[str, np.ndarray] = {}
    for name, value in values.items():
        known = ~np.isnan(value)
        found[name] = value if value.ndim == 1 else np.where(known, value, 0).sum(1) / known.sum(1)
    several = {name: value for name, value in values.items() if value.ndim > 1}
    return found | {f"{t}/{name}": value[:, j] for j, t in enumerate(targets) for name, value in several.items()}


@np.errstate(all="ignore")  # a number that is too large is no news of a run that diverges
def evaluate(passes: Passes, link: str, tables: Seen, index: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The metrics called `names`, [M] each, of examples index [M, n]; `passes` tell of some of them, `link` is that
    of the loss. NaN for a row whose loss is not a number. Of several targets, alike in all rows, the mean and each:
    `named`.
    """
    tables = InOwnUnits(tables) if any(data.target is not None for data in tables.data) else tables
    metrics = {name: metric(name)() for name in ("loss", *names)}
    kinds = {each.collect: each for each in metrics.values()}
    parts: dict[Any, list[Values]] = {collect: [] for collect in kinds}
    for chunk in _chunks(passes, link, tables, index):
        for collect, found in parts.items():
            found.append(collect(chunk if kinds[collect].arrays else _of_tensors(chunk)))
    collected = {collect: _together(kinds[collect], found) for collect, found in parts.items()}
    wholes = {True: Whole(tables, index), False: Whole(_AsTensors(tables), index)}
    each_own = tables.data[0].encoding.told_apart
    values = {n: as_array(each.value(collected[each.collect], wholes[each.arrays])) for n, each in metrics.items()}
    values = _by_target(values, each_own)
    broken = np.isnan(values["loss"])
    return {name: np.where(broken, np.nan, values[name]) for name in named(names, each_own)}


def _chunks(passes: Passes, link: str, tables: Seen, index: np.ndarray) -> Iterator[Chunk]:
    for begin in range(0, index.shape[1], CHUNK):
        part = index[:, begin : begin + CHUNK]
        outputs, losses, guess = passes.scores(part)
        outputs = tables.outputs(outputs) if isinstance(tables, InOwnUnits) else outputs
        yield Chunk(
            outputs,
            losses,
            guess,
            tables.answers(part),
            link,
            tables.weights_of(part),
            partial(passes.noisy, part),
            partial(passes.hidden, part),
        )


def _of_tensors(chunk: Chunk) -> Chunk:
    """The same as tensors."""
    weights = None if chunk.weights is None else as_tensor(chunk.weights)
    outputs, losses, guess, answers = map(as_tensor, (chunk.outputs, chunk.losses, chunk.guess, chunk.answers))
    return Chunk(
        outputs, losses, guess, answers, chunk.link, weights, None, lambda: [*map(as_tensor, chunk.activations())]
    )


def _together(kind: Metric, parts: list[Values]) -> Values:
    """What was collected of all chunks: side by side, or their sum from the first to the last."""
    return namespace(parts[0]).concatenate(parts, 1) if kind.joined else sum(parts[1:], parts[0])
