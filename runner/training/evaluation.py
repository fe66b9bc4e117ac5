"""Metrics of every row on a split, in chunks of constant size so that neither memory nor bits depend on the number of
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from runner.config.metrics import metrics_of_target
from runner.config.settings import Settings
from runner.config.tasks import TASKS
from runner.data.heads import TargetHead
from runner.population.arrays import Values, as_array, as_tensor, like, namespace
from runner.population.members import Columns, active_entries
from runner.regularizers.base import Activity
from runner.training.metrics.base import Chunk, Metric, Seen, Whole, always, metric
from runner.training.seen import AsTensors, InOwnUnits, OfHead, in_own_units

# Examples [M, n] -> outputs [M, n, C], losses [M, n], of several heads [M, n, k], likeliest classes [M, n].
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


def recorded(settings: Settings, *tasks: str) -> list[str]:
    """The metrics that a run records: those of its task, or of those of its heads, that every run has, those asked for,
    the one it watches; and where classes are weighted in the loss, the accuracy in which they weigh the same; where
    activations are penalized, how sparse they are.
    """
    weighted = ["balanced_accuracy"] if "classification" in tasks and settings.dataset.class_weights is not None else []
    hidden = ["hidden_sparsity", "dead_units"] if active_entries(Columns([settings]), Activity) else []
    asked = [*settings.trainer.metrics, settings.early_stopping.metric]
    return list(dict.fromkeys([*always(*tasks), *weighted, *hidden, *asked]))


def named(metrics: Sequence[str], questions: Mapping[str, str]) -> list[str]:
    """The metrics as they are called in what is recorded: those of each of several targets (`Encoding.questions`) come
    after all others.
    """
    return [*metrics, *(f"{target}/{name}" for target, task in questions.items() for name in _of_each(metrics, task))]


def _of_each(metrics: Sequence[str], task: str) -> list[str]:
    """Those that a target of a task has for itself."""
    return [name for name in metrics if name in metrics_of_target(task)]


class Scored(NamedTuple):
    """What rows say about a chunk of examples [M, B], and which these are."""

    examples: np.ndarray
    outputs: Values
    losses: Values
    guess: Values
    passes: Passes

    def of(self, head: TargetHead) -> Scored:
        """Of one of several targets."""
        outputs, noisy = self.outputs[..., head.columns], self.passes.noisy
        return self._replace(
            outputs=outputs,
            losses=self.losses[..., head.place],
            guess=outputs.argmax(-1),
            passes=self.passes._replace(noisy=lambda index, passes: noisy(index, passes)[..., head.columns]),
        )

    def together(self, shares: np.ndarray) -> Scored:
        """Of all heads."""
        return self._replace(losses=summed(self.losses, shares))


def summed(losses: Values, shares: np.ndarray) -> Values:
    """The losses [..., k] of heads summed with shares [k]; those that do not count may be anything."""
    kept = np.flatnonzero(shares)
    losses = losses[..., kept.tolist()]
    return (losses * like(losses, shares[kept])).sum(-1)


class Question:
    """Metrics called `names` of tables, collected of chunks as these go by."""

    def __init__(self, tables: Seen, link: str, names: Iterable[str]):
        self.tables, self.link = tables, link
        self.metrics = {name: metric(name)() for name in names}
        self.kinds = {each.collect: each for each in self.metrics.values()}
        self.parts: dict[Any, list[Values]] = {collect: [] for collect in self.kinds}

    def take(self, scored: Scored) -> None:
        """One more chunk."""
        chunk = self._chunk(scored)
        for collect, found in self.parts.items():
            found.append(collect(chunk if self.kinds[collect].arrays else _of_tensors(chunk)))

    def values(self, index: np.ndarray) -> dict[str, np.ndarray]:
        """The metrics [M], of several numbers [M, k], of all examples index [M, n]."""
        collected = {collect: _together(self.kinds[collect], found) for collect, found in self.parts.items()}
        wholes = {True: Whole(self.tables, index), False: Whole(AsTensors(self.tables), index)}
        return {
            name: as_array(each.value(collected[each.collect], wholes[each.arrays]))
            for name, each in self.metrics.items()
        }

    def _chunk(self, scored: Scored) -> Chunk:
        tables, index, passes = self.tables, scored.examples, scored.passes
        outputs = tables.outputs(scored.outputs) if isinstance(tables, InOwnUnits) else scored.outputs
        return Chunk(
            outputs,
            scored.losses,
            scored.guess,
            tables.answers(index),
            self.link,
            tables.weights_of(index),
            partial(passes.noisy, index),
            partial(passes.hidden, index),
        )


@np.errstate(all="ignore")  # a number that is too large is no news of a run that diverges
def evaluate(passes: Passes, link: str, tables: Seen, index: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The metrics called `names`, [M] each, of examples index [M, n]; `passes` tell of some of them, `link` is that
    of the loss. NaN for a row whose loss is not a number. Of several targets, alike in all rows, the mean and each:
    `named`.
    """
    names = list(dict.fromkeys(["loss", *names]))
    encoding = tables.data[0].encoding
    found = _of_heads if encoding.heads else _of_all
    values = found(passes, link, tables, index, names)
    broken = np.isnan(values["loss"])
    return {name: np.where(broken, np.nan, values[name]) for name in named(names, encoding.questions)}


def _of_all(passes: Passes, link: str, tables: Seen, index: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Of one target, or of several numbers, which have the mean and each."""
    question = Question(in_own_units(tables), link, names)
    for scored in _chunks(passes, index):
        question.take(scored)
    values, targets = question.values(index), tables.data[0].encoding.questions
    several = {name: value for name, value in values.items() if value.ndim > 1}
    each = {f"{target}/{name}": value[:, j] for j, target in enumerate(targets) for name, value in several.items()}
    return values | {name: _mean(value) for name, value in several.items()} | each


def _of_heads(
    passes: Passes, link: str, tables: Seen, index: np.ndarray, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Of several targets of which some are classes: each has the metrics of its task. What is no matter of one target
    is measured of all together, and what is has the mean of those targets that have it.
    """
    encoding, shares = tables.data[0].encoding, tables.data[0].shares
    common = [name for name in names if set(TASKS) <= set(metric(name).tasks)]
    whole = Question(tables, link, common)
    asked = [(target, _of_each(names, task)) for target, task in encoding.questions.items()]
    parts = [
        Question(in_own_units(OfHead(tables, head)), link, own)
        for head, (_, own) in zip(encoding.heads, asked, strict=True)
    ]
    for scored in _chunks(passes, index):
        whole.take(scored.together(shares))
        for head, question in zip(encoding.heads, parts, strict=True):
            question.take(scored.of(head))
    each = [question.values(index) for question in parts]
    found = {
        f"{target}/{name}": values[name] for (target, own), values in zip(asked, each, strict=True) for name in own
    }
    means = {
        name: np.stack([values[name] for values in each if name in values], axis=1)
        for name in names
        if name not in common
    }
    return whole.values(index) | {name: _mean(values) for name, values in means.items()} | found


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean [M] over targets of values [M, k]; those that have none (the R^2 of one that is the same in all rows)
    are left out.
    """
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(1) / known.sum(1)


def _chunks(passes: Passes, index: np.ndarray) -> Iterator[Scored]:
    for begin in range(0, index.shape[1], CHUNK):
        part = index[:, begin : begin + CHUNK]
        yield Scored(part, *passes.scores(part), passes)


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
