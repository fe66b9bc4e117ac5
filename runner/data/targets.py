"""The target column of a file: classes or numbers, which of the two it is, and what makes it unusable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runner.data.columns import numbers, parse, texts, without_holes
from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FEW = 20  # up to so many different whole numbers are taken for classes
TEXT = "it holds text"


@dataclass
class Target:
    """Class codes [N] int64 with their labels, or numbers [N] float64."""

    values: np.ndarray
    task: str
    labels: list[str] | None
    note: str


def read_target(series: pd.Series, name: str, task: str = "auto") -> Target:
    """Read a target; `task` is classification, regression or auto.

    auto: text and true/false are classes; numbers too if they are whole, at most 20 different ones, and each has two
    rows on average. DataError for holes, infinities, text under regression, a single class, a constant number.
    """
    words = without_holes(texts(series), name)
    why = ""
    if task == "auto":
        task, why = infer_task(words)
        other = "regression" if task == "classification" else "classification"
        why += "" if why == TEXT else f"; else set dataset.task={other}"  # text can be nothing else
        why = f" ({why})"
    return _classes(words, name, why) if task == "classification" else _numbers(series, name, why)


def infer_task(words: np.ndarray) -> tuple[str, str]:
    """(task, why) from the texts of a target without holes."""
    parsed = {parse(word) for word in set(words)}
    values = {value for value in parsed if value is not None}
    if len(values) < len(parsed):
        return "classification", TEXT
    if any(not np.isfinite(value) or value != int(value) for value in values):
        return "regression", "it holds fractions"
    if len(values) <= FEW and 2 * len(values) <= len(words):
        return "classification", f"it holds {len(values)} different whole numbers"
    return "regression", f"it holds {len(values)} different numbers"


def _classes(words: np.ndarray, name: str, why: str) -> Target:
    labels = sort_labels(set(words))
    if len(labels) == 1:
        raise DataError(
            f"the target {name!r} has one class only, {labels[0]!r}. There is nothing to tell apart: choose another "
            "target."
        )
    position = {label: code for code, label in enumerate(labels)}
    codes = np.array([position[word] for word in words], np.int64)
    return Target(codes, "classification", labels, f"target {name!r}: classification{why}")


def sort_labels(words: set[str]) -> list[str]:
    """By number if all are numbers ("2" before "10"), else by text."""
    if all(parse(word) is not None for word in words):
        return sorted(words, key=lambda word: (float(word), word))
    return sorted(words)


def _refuse_text(words: np.ndarray, name: str) -> None:
    for row, word in enumerate(words, 1):
        if parse(word) is None:
            raise DataError(
                f"the target {name!r} says {word!r} in data row {row}, but dataset.task=regression predicts numbers. "
                "Correct the cell, or take the target as classes: dataset.task=classification"
            )


def known_answers(series: pd.Series, name: str, target: Target) -> np.ndarray:
    """The same column of a second file, as codes or numbers [n]; DataError for a class that the first does not have."""
    words = without_holes(texts(series), name)
    if target.labels is None:
        _refuse_text(words, name)
        return numbers(series, name)
    position = {label: code for code, label in enumerate(target.labels)}
    new = [word for word in words if word not in position]
    if new:
        raise DataError(
            f"the target {name!r} says {new[0]!r}, a class that the training file does not have. It has "
            f"{', '.join(target.labels[:10])}."
        )
    return np.array([position[word] for word in words], np.int64)


def _numbers(series: pd.Series, name: str, why: str) -> Target:
    _refuse_text(texts(series), name)
    values = numbers(series, name)
    if (values == values[0]).all():
        raise DataError(
            f"the target {name!r} is {values[0]:g} in every row. There is nothing to learn: choose another target."
        )
    return Target(values, "regression", None, f"target {name!r}: regression{why}")
