"""The target column of a file: classes or numbers, which of the two it is, and what makes it unusable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.data.columns import CellError, Column, parse
from runner.data.spelling import Spelling
from runner.errors import DataError

FEW = 20  # up to so many different whole numbers are taken for classes
TEXT = "it holds text"


@dataclass
class Target:
    """Class codes [N] int64 with their labels, or numbers [N] float64."""

    values: np.ndarray
    task: str
    labels: list[str] | None
    note: str


def read_target(column: Column, task: str = "auto") -> Target:
    """Read a target; `task` is classification, regression or auto.

    auto: text and true/false are classes; numbers too if they are whole, at most 20 different ones, and each has two
    rows on average. DataError for holes, infinities, text under regression, a single class, a constant number.
    """
    column.check()
    _refuse_holes(column)
    why = ""
    if task == "auto":
        task, why = infer_task(column)
        other = "regression" if task == "classification" else "classification"
        why += "" if why == TEXT else f"; else set dataset.task={other}"  # text can be nothing else
        why = f" ({why})"
    return _classes(column.words(), column.name, why) if task == "classification" else _numbers(column, why)


def _refuse_holes(column: Column) -> None:
    """CellError if a cell of a target is a hole."""
    rows = np.flatnonzero(column.holes)
    if len(rows):
        raise CellError(
            f"the target {column.name!r} is missing in {len(rows)} of {len(column)} rows (first: {{row}}; empty, NA "
            "and NaN count as missing). Fill it or remove these rows.",
            int(rows[0]),
        )


def infer_task(column: Column) -> tuple[str, str]:
    """(task, why) of a target without holes."""
    if not column.is_all_numbers or column.is_true_or_false:
        return "classification", TEXT
    values = set(column.numbers().tolist())
    if any(not np.isfinite(value) or value != int(value) for value in values):
        return "regression", "it holds fractions"
    if len(values) <= FEW and 2 * len(values) <= len(column):
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


def _refuse_text(column: Column) -> np.ndarray:
    """The numbers of a target; CellError for the first text."""
    if not column.is_all_numbers or column.is_true_or_false:
        row = column.first_word()
        raise CellError(
            f"the target {column.name!r} says {column.words()[row]!r} in {{row}}, but dataset.task=regression predicts "
            "numbers. Correct the cell, or take the target as classes: dataset.task=classification",
            row,
        )
    return column.numbers()


def known_answers(column: Column, target: Target, spelling: Spelling) -> np.ndarray:
    """The same column of a second file, as codes or numbers [n]; DataError for a class that the first does not have."""
    _refuse_holes(column)
    if target.labels is None:
        return _refuse_text(column)
    words = column.words(spelling)
    position = {label: code for code, label in enumerate(target.labels)}
    new = [word for word in words if word not in position]
    if new:
        raise DataError(
            f"the target {column.name!r} says {new[0]!r}, a class that the training file does not have. It has "
            f"{', '.join(target.labels[:10])}."
        )
    return np.array([position[word] for word in words], np.int64)


def _numbers(column: Column, why: str) -> Target:
    values = _refuse_text(column)
    if (values == values[0]).all():
        raise DataError(
            f"the target {column.name!r} is {values[0]:g} in every row. There is nothing to learn: choose another "
            "target."
        )
    return Target(values, "regression", None, f"target {column.name!r}: regression{why}")
