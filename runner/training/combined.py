"""What the members of an ensemble reach together, from what each has said about the rows of each split.

A metric that looks into a network has no value here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.ensembles.combining import Answers
from runner.ensembles.fitted import Way, way_of
from runner.ensembles.options import NAMES
from runner.errors import DamagedError
from runner.records.run_folder import COMBINATION
from runner.records.summary import SPLITS
from runner.training.answers import read_arrays
from runner.training.evaluation import recorded
from runner.training.metrics.base import metric
from runner.training.without_network import measured, scaled_errors, truth_of

Sizes = dict[str, list[float | None]]  # "<split>/<metric>" -> of the first member, of the first two, ...
BySplit = dict[str, dict[str, float | None]]


def together(way: Way, settings: Settings, data: RunData, answers: Sequence[Answers]) -> BySplit:
    """Split -> metric -> of what all members say together; None where it is not finite."""
    found = {s: way.of(each[f"{s}.said"] for each in answers)[None] for s in _splits(answers)}
    values = {s: _measured(settings, data, answers[0][f"{s}.rows"], said) for s, said in found.items()}
    return {s: {name: _finite(float(each[0])) for name, each in of.items()} for s, of in values.items()}


def by_size(ways: Sequence[Way], settings: Settings, data: RunData, answers: Sequence[Answers]) -> Sizes:
    """ "<split>/<metric>" of validation and test -> of the first member, of the first two, ...: `ways` combine them."""
    each = [together(way, settings, data, answers[: k + 1]) for k, way in enumerate(ways)]
    names = [(split, name) for split in SPLITS[1:] for name in each[-1].get(split, {})]
    return {f"{split}/{name}": [of[split][name] for of in each] for split, name in names}


def sizes_csv(names: Sequence[str], sizes: Sizes) -> bytes:
    """One row a size: the member that comes in, and the metrics of all so far together."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["size", "member", *sizes])
    for k, name in enumerate(names):
        values = [values[k] for values in sizes.values()]
        writer.writerow([k + 1, name, *("" if value is None else repr(value) for value in values)])
    return text.getvalue().encode()


def on_average(settings: Settings, data: RunData, answers: Sequence[Answers]) -> BySplit:
    """Split -> metric -> of a member in the mean."""
    found = {s: np.stack([each[f"{s}.said"] for each in answers]) for s in _splits(answers)}
    values = {s: _measured(settings, data, answers[0][f"{s}.rows"], said) for s, said in found.items()}
    return {s: {name: _finite(float(each.mean())) for name, each in of.items()} for s, of in values.items()}


def read_way(folder: Path, name: str, task: str) -> Way:
    """How an ensemble that a run has trained combines its members; DamagedError if what it has kept does not tell."""
    try:
        return way_of(name, task, {} if name in NAMES else read_arrays(folder / COMBINATION))
    except KeyError as error:
        raise DamagedError(f"{folder / COMBINATION}: holds no {error}, which combines the members") from error


def _splits(answers: Sequence[Answers]) -> list[str]:
    return [split for split in SPLITS if f"{split}.said" in answers[0]]


def _measured(settings: Settings, data: RunData, rows: np.ndarray, said_MNC: np.ndarray) -> dict[str, np.ndarray]:
    names = [n for n in recorded(settings, *data.tasks) if not (metric(n).of_hidden or metric(n).of_noise)]
    truth = truth_of(data, rows)
    return measured(data, truth, said_MNC, scaled_errors(data, truth, said_MNC), names)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
