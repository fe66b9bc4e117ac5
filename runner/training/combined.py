"""What the members of an ensemble reach together, from what each has said about the rows of each split.

A metric that looks into a network has no value here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.ensembles.combining import combination
from runner.records.summary import SPLITS
from runner.training.evaluation import recorded
from runner.training.metrics.base import metric
from runner.training.without_network import measured, scaled_errors, truth_of

Answers = Mapping[str, np.ndarray]  # of a member, as `answers.read_answers` gives them
BySplit = dict[str, dict[str, float | None]]


def together(settings: Settings, data: RunData, answers: Sequence[Answers]) -> BySplit:
    """Split -> metric -> of what all members say together; None where it is not finite."""
    way = combination(settings.ensemble.combine, data.task)
    found = {s: way.of(each[f"{s}.said"] for each in answers)[None] for s in _splits(answers)}
    values = {s: _measured(settings, data, answers[0][f"{s}.rows"], said) for s, said in found.items()}
    return {s: {name: _finite(float(each[0])) for name, each in of.items()} for s, of in values.items()}


def on_average(settings: Settings, data: RunData, answers: Sequence[Answers]) -> BySplit:
    """Split -> metric -> of a member in the mean."""
    found = {s: np.stack([each[f"{s}.said"] for each in answers]) for s in _splits(answers)}
    values = {s: _measured(settings, data, answers[0][f"{s}.rows"], said) for s, said in found.items()}
    return {s: {name: _finite(float(each.mean())) for name, each in of.items()} for s, of in values.items()}


def _splits(answers: Sequence[Answers]) -> list[str]:
    return [split for split in SPLITS if f"{split}.said" in answers[0]]


def _measured(settings: Settings, data: RunData, rows: np.ndarray, said_MNC: np.ndarray) -> dict[str, np.ndarray]:
    names = [n for n in recorded(settings, *data.tasks) if not (metric(n).of_hidden or metric(n).of_noise)]
    truth = truth_of(data, rows)
    return measured(data, truth, said_MNC, scaled_errors(data, truth, said_MNC), names)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
