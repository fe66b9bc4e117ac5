"""What must be true of whatever a random configuration leads to: a clean refusal, or a run that shows no nonsense.

The functions return sentences about what is wrong; no sentence, nothing wrong.
"""

from __future__ import annotations

import csv
import functools
import json
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from random_configurations import FILE
from safetensors.numpy import load_file

from runner.config.registry import entries, groups
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, Settings, flat_key, root_options
from runner.data.prepare import RunData, prepare
from runner.data.tables import Tables
from runner.errors import ConfigError, DataError
from runner.execution.configurations import read
from runner.plan.checks import check_against_data
from runner.plan.fold_runs import expand_folds, trained
from runner.training.metrics.base import metric

SHARES = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "ece", "sparsity")  # between 0 and 1
AT_LEAST_0 = ("loss", "mae", "rmse", "grad_norm", "weight_norm", "seconds")
SILENT = (DeprecationWarning, PendingDeprecationWarning, ImportWarning)  # Python shows none of them to users
SOURCE_LINE = re.compile(r"\.py:\d+: \w*Warning|Traceback \(most recent|unexpected error")


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collects the warnings that Python would print with a source line."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    loud = [warning for warning in caught if not issubclass(warning.category, SILENT)]
    found += [f"{w.category.__name__}: {w.message} ({w.filename}:{w.lineno})" for w in loud]


@functools.cache
def keys() -> list[str]:
    """Every dotted key there is, and the groups, longest first."""
    found = {*root_options(), *CHOICE_GROUPS}
    for group in groups():
        for entry in entries(group).values():
            found |= {flat_key(entry, key) if group in FLAT_GROUPS else f"{group}.{key}" for key in entry.options}
    return sorted(found, key=len, reverse=True)


def named(problem: str, config: dict[str, Any]) -> list[str]:
    """The keys that a refusal names; those of the table where it names the file, the target or another column."""
    found = [key for key in keys() if re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", problem)]
    column = re.search(r"(column|target) ['\"]|class '.*' of ['\"]", problem)
    table = [key for key in FILE if column or str(config.get(key)) in problem]
    return found or table


def problems_of(config: dict[str, Any]) -> tuple[list[tuple[Settings, RunData]], list[str]]:
    """(the runs it stands for with their data, all that is refused before training)."""
    try:
        runs = [(run, prepare(run)) for run in trained(read(config))]
        whole = [(run, prepare(run)) for run in expand_folds(read(config)) if run.ensemble.active]
        return runs, [problem for run, data in [*runs, *whole] for problem in check_against_data(run, data)]
    except (ConfigError, DataError) as error:
        return [], error.problems if isinstance(error, ConfigError) else [str(error)]


def accepted(config: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str], list[str]]:
    """(what is left when the keys that refusals name are taken out, all refusals, what is wrong with them).

    None if a table will not do, or if refusals do not end.
    """
    refused, wrong = [], []
    for _ in range(10):
        _, problems = problems_of(config)
        if not problems:
            return config, refused, wrong
        refused += problems
        wrong += [f"a refusal that names no key: {problem}" for problem in problems if not named(problem, config)]
        out = {key for problem in problems for key in named(problem, config)} - {"dataset", *FILE}
        if not out & set(config):
            return None, refused, wrong
        config = {key: value for key, value in config.items() if key not in out}
    return None, refused, [*wrong, f"refused again and again: {problems}"]


def judged(folder: Path, run: Settings, data: RunData) -> list[str]:
    """What is wrong with the folder that a run left behind."""
    log = (folder / "train.log").read_text()
    wrong = [f"train.log: {log[-3000:]}"] if SOURCE_LINE.search(log) else []
    if not (folder / "summary.json").exists():
        return [*wrong, "there is no summary.json"]
    summary = json.loads((folder / "summary.json").read_text())
    if summary["status"] not in ("completed", "stopped_early", "diverged"):
        wrong.append(f"status {summary['status']}: {summary['reason']}")
    if summary["status"] == "diverged":
        return wrong
    weights = load_file(folder / "model.safetensors")
    wrong += [f"model.safetensors: {name} is not finite" for name, w in weights.items() if not np.isfinite(w).all()]
    answers = _answers(run, data)
    return wrong + _shown(summary, answers) + _curve(folder, answers)


def _answers(run: Settings, data: RunData) -> dict[str, np.ndarray]:
    """Split -> the answers that its metrics are taken of."""
    found = {split: data.y[getattr(data, split)] for split in ("val", "test")}
    seen = Tables([data], train_eval_rows=run.trainer.train_eval_rows).index["train_eval"][0]
    return {"train": data.y[seen]} | found


def _undefined(name: str, y: np.ndarray) -> bool:
    """Whether a metric has no value on these answers [n], or on those of one of several targets [n, k], as it says."""
    last = name.rpartition("/")[2]
    answers = min(len(set(column)) for column in np.atleast_2d(y.T).tolist())
    return last in entries("metric") and answers < metric(last).least_answers


def _in_range(name: str, value: float) -> bool:
    """Whether this metric can be this number; a norm whose squares are beyond its number format is infinite."""
    if not math.isfinite(value):
        return name == "grad_norm" and value > 0
    if name in SHARES:
        return 0 <= value <= 1
    return value >= 0 if name in AT_LEAST_0 else value <= 1 if name == "r2" else True


def _shown(summary: dict[str, Any], answers: dict[str, np.ndarray]) -> list[str]:
    """Numbers of summary.json that are none, or that cannot be."""
    wrong = []
    for split, y in answers.items():
        wrong += [f"{split} has no loss"] if len(y) and "loss" not in summary[split] else []
        for name, value in summary[split].items():
            if value is None:
                wrong += [] if _undefined(name, y) else [f"{split}/{name} is null over {len(y)} rows"]
            elif not len(y) or not _in_range(name, value):
                wrong.append(f"{split}/{name} = {value} over {len(y)} rows")
    return wrong


def _curve(folder: Path, answers: dict[str, np.ndarray]) -> list[str]:
    """Cells of metrics.csv that are no number, or that cannot be."""
    wrong = []
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for column, cell in row.items():
            (split, *_), name = column.split("/"), column.rpartition("/")[2]
            before = row["epoch"] == "0" and column in ("lr", "train/objective", "grad_norm")
            empty = before or (split in answers and _undefined(name, answers[split]))
            if not (empty if cell in ("", "nan") else _in_range(name, float(cell))):
                wrong.append(f"metrics.csv, epoch {row['epoch']}: {column} = {cell!r}")
    return wrong[:3]
