"""The metrics of members and of what they say together, by the classes that measure runs in training.

Shapes: M answers, K members, n rows, C classes, or in regression targets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from runner.config.registry import entries
from runner.data.prepare import RunData
from runner.ensembles.combining import Combination
from runner.ensembles.diversity import disagreement, spread
from runner.reports.ensemble.answers import Answers, Told
from runner.reports.ensemble.loaded import in_own_unit
from runner.training.evaluation import Passes, evaluate

NAMES = {
    "classification": {"accuracy": "accuracy", "nll": "loss", "ece": "ece"},
    "regression": {"rmse": "rmse", "r2": "r2"},
}
SIZED = "sizes measured"
BLOCK = 1 << 22  # numbers measured at once
Measured = dict[str, np.ndarray]  # metric -> its value of each answer [M]


def larger_is_better(name: str) -> bool:
    """Of a metric as it is called here."""
    registered = {ours: theirs for names in NAMES.values() for ours, theirs in names.items()}[name]
    return bool(entries("metric")[registered].cls.maximize)


class _Rows:
    """The rows of a split as evaluation takes them, the same for each of M answers, numbers in their own unit."""

    def __init__(self, data: RunData, truth: np.ndarray, count: int):
        self.truth = truth
        self.data = [dataclasses.replace(data, target=None, encoding=in_own_unit(data.encoding))] * count

    def answers(self, index: np.ndarray) -> np.ndarray:
        return self.truth[index]

    def weights_of(self, index: np.ndarray) -> None:
        return None


def measured(data: RunData, truth: np.ndarray, said_MNC: np.ndarray) -> Measured:
    """accuracy, nll (mean -log p of the true class, natural logarithm) and ece; in regression rmse and r2."""
    names, every = NAMES[data.task], np.arange(len(said_MNC))[:, None]

    def score(index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        outputs = said_MNC[every, index]
        if data.task == "regression":
            errors = outputs - truth[index].reshape(outputs.shape)
            return outputs, np.square(errors).mean(-1), np.zeros_like(index)
        losses = -np.take_along_axis(outputs, truth[index][..., None], 2)[..., 0]
        return outputs, losses, outputs.argmax(axis=-1)

    index = np.tile(np.arange(len(truth)), (len(said_MNC), 1))
    found = evaluate(Passes(score), "softmax", _Rows(data, truth, len(said_MNC)), index, list(names.values()))
    return {ours: found[theirs] for ours, theirs in names.items()}


def of_members(data: RunData, answers: Answers) -> Measured:
    """Of each member [K] over the rows that it knows."""
    if answers.complete:
        return _in_blocks(data, answers.truth, iter(answers.said))
    return _joined(measured(data, truth, said) for truth, said in answers.each())


def of_sizes(data: RunData, answers: Answers, combine: Combination, told: Told) -> Measured:
    """Of the first member, of the first two together, ..., of all [K]; they must know every row."""

    def watched() -> Iterator[np.ndarray]:
        for size, said in enumerate(combine.running(answers.said), 1):
            told(size, len(answers.said), SIZED)
            yield said

    return _in_blocks(data, answers.truth, watched())


def of_all(data: RunData, answers: Answers, combine: Combination) -> dict[str, float]:
    """Of all members together."""
    found = measured(data, answers.truth, combine.of(answers.said)[None])
    return {name: float(value[0]) for name, value in found.items()}


def means(answers: Answers, members: Measured) -> dict[str, float]:
    """Of the members in the mean, each counting by the rows that it knows (the folds of a table differ by one)."""
    rows = (~np.isnan(answers.said[..., 0])).sum(axis=1)
    return {name: float(np.average(values, weights=rows)) for name, values in members.items()}


def diversity(data: RunData, answers: Answers) -> tuple[str, float]:
    """(what is measured, how much members differ)."""
    if data.task == "regression":
        return "spread", spread(answers.said)
    return "disagreement", disagreement(answers.said)


def _in_blocks(data: RunData, truth: np.ndarray, said: Iterator[np.ndarray]) -> Measured:
    step = max(1, BLOCK // max(1, len(truth) * data.outputs))
    return _joined(measured(data, truth, np.stack(block)) for block in iter(lambda: list(islice(said, step)), []))


def _joined(parts: Iterable[Measured]) -> Measured:
    found: list[Any] = list(parts)
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}
