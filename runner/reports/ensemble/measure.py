"""The metrics of members and of what they say together, by the classes that measure runs in training.

Shapes: M answers, K members, n rows, C classes, or in regression targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from runner.config.registry import entries
from runner.data.prepare import RunData
from runner.ensembles.combining import Combination
from runner.ensembles.diversity import disagreement, spread
from runner.reports.ensemble.answers import Answers, Told
from runner.training import without_network
from runner.training.without_network import errors

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


def measured(data: RunData, truth: np.ndarray, said_MNC: np.ndarray) -> Measured:
    """accuracy, nll (mean -log p of the true class, natural logarithm) and ece; in regression rmse and r2."""
    names = NAMES[data.task]
    found = without_network.measured(data, truth, said_MNC, errors(data, truth, said_MNC), list(names.values()))
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
