"""Inputs at which several networks are compared, none of which was trained on them, and what each says there.

Shapes: n inputs, C classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from runner.diagnose.decomposition import of_entropy, of_squares
from runner.diagnose.subject import Case
from runner.errors import ConfigError
from runner.reports.load import LoadedRun, load

GRID = 400  # points where the truth is known
DRAWN = 1000  # examples of another draw
OTHER = 2**31 - 1  # its seed


@dataclass
class Inputs:
    """n inputs with what is true there; `encoded` makes of them what a case's network sees."""

    y: np.ndarray  # [n], classes or numbers, of several targets [n k]
    words: str
    classes: bool
    encoded: Callable[[Case, LoadedRun], np.ndarray]
    noise: float | None = None  # variance of the targets around the truth; None: y holds it
    grid: np.ndarray | None = None  # the one input [n], where there is one
    name: str = "x"

    def of(self, case: Case) -> np.ndarray:
        """What the network of a case says: numbers [n] in their unit, or probabilities [n, C]."""
        run = load(str(case.folder))
        if not isinstance(run, LoadedRun):
            raise ConfigError(f"{case.folder}: an ensemble, of which each network is a draw; name its members")
        outputs = run.outputs(self.encoded(case, run))
        return run.probabilities(outputs) if self.classes else np.asarray(run.decode(outputs)).reshape(-1)

    def taken_apart(self, outputs: np.ndarray) -> dict[str, Any]:
        """bias, variance, noise and their sum, of what K networks say."""
        bias, variance = (of_entropy if self.classes else of_squares)(outputs, self.y)
        return {"bias": bias, "variance": variance, "noise": self.noise, "total": bias + variance + (self.noise or 0.0)}


def common(cases: Sequence[Case]) -> Inputs:
    """The inputs for these runs. ConfigError if there are none."""
    source, data = cases[0].settings.dataset, cases[0].data
    if len({type(case.settings.dataset) for case in cases}) > 1:
        raise ConfigError("bias_variance: the runs are on different data sets; compare those of one")
    if hasattr(source, "truth"):
        return _grid(source)
    if len({getattr(case.settings.dataset, "data_seed", None) for case in cases}) > 1:
        return _drawn(source, classes=data.task == "classification")
    return _tested(cases)


def _grid(source: Any) -> Inputs:
    x = (np.arange(GRID) + 0.5) / GRID
    table = x[:, None]
    words = f"a grid of x, the truth known; noise {source.noise:g}^2"
    return Inputs(source.truth(x), words, False, lambda _, run: run.transform(table), source.noise**2, x)


def _drawn(source: Any, *, classes: bool) -> Inputs:
    size = {"n": DRAWN} if hasattr(source, "n") else {}
    table = dataclasses.replace(source, data_seed=OTHER, **size).read()
    x = np.asarray(table.numeric_ND, dtype=np.float64)
    return Inputs(np.asarray(table.target), "another draw of the data", classes, lambda _, run: run.transform(x))


def _tested(cases: Sequence[Case]) -> Inputs:
    """The rows that every run has in its test."""
    sets = [case.data.rows_in_file("test") for case in cases]
    rows = reduce(np.intersect1d, sets)
    if not len(rows) or len({case.data.sha256 for case in cases}) > 1:
        raise ConfigError(
            "bias_variance: no row is in the test of every run, so there is nothing that none was trained on. Keep "
            "dataset.split_seed and vary dataset.fold or dataset.data_seed, or raise dataset.test_fraction"
        )

    def places(case: Case) -> np.ndarray:
        test = case.data.test
        return test[np.isin(case.data.rows_in_file("test"), rows)]

    first = cases[0].data
    at, classes = places(cases[0]), first.task == "classification"
    y = first.y[at] if classes else np.asarray(first.targets(at)).reshape(-1)
    return Inputs(y, "the rows of the test that all runs share", classes, lambda case, _: case.data.x[places(case)])
