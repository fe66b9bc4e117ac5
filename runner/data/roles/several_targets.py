"""Several target columns that one network predicts: numbers, each with its own scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from runner.data.reading.columns import Column
from runner.data.reading.spelling import Spelling
from runner.data.roles.targets import Target, known_answers, read_target
from runner.errors import DataError


def read_targets(columns: Sequence[Column], task: str = "auto") -> Target:
    """The answers [n, k] of the rows that have all of them; of one column [n], as `read_target` has it.

    DataError as there, for classes among several targets, and if no row has every answer.
    """
    if len(columns) == 1:
        return read_target(columns[0], task)
    each = [read_target(column, task) for column in columns]
    _refuse_classes([column.name for column in columns], each)
    rows = _common([target.rows for target in each])
    if not len(rows):
        names = ", ".join(repr(column.name) for column in columns)
        raise DataError(f"no row has an answer for each of the targets {names}. Fill them, or choose fewer.")
    notes = [*(target.notes[0] for target in each), *(note for target in each for note in target.notes[1:])]
    return Target(
        _side_by_side([(target.values, target.rows) for target in each], rows), "regression", None, notes, rows
    )


def known_targets(
    columns: Sequence[Column], target: Target, spellings: Sequence[Spelling]
) -> tuple[np.ndarray, np.ndarray]:
    """`known_answers` of the same columns of a second file, of the rows that have all answers."""
    found = [known_answers(column, target, spelling) for column, spelling in zip(columns, spellings, strict=True)]
    rows = _common([known for _, known in found])
    return (found[0][0] if len(columns) == 1 else _side_by_side(found, rows)), rows


def _common(rows: Sequence[np.ndarray]) -> np.ndarray:
    return reduce(np.intersect1d, rows)


def _side_by_side(answers: Sequence[tuple[np.ndarray, np.ndarray]], rows: np.ndarray) -> np.ndarray:
    """[n, k] of (values, sorted rows) of each target, of the rows they share."""
    return np.stack([values[np.searchsorted(own, rows)] for values, own in answers], axis=1)


def _refuse_classes(names: Sequence[str], targets: Sequence[Target]) -> None:
    classes = [name for name, target in zip(names, targets, strict=True) if target.labels is not None]
    if not classes:
        return
    shown = f"[{', '.join(names)}]"
    numbers = len(classes) < len(names)
    mixed = "one loss cannot be for numbers and for classes" if numbers else "several targets must be numbers"
    raise DataError(
        f"dataset.target = {shown}: {classes[0]!r} holds classes, but {mixed}. Train a run for each target that is "
        f"classes, such as dataset.target={classes[0]}; if its classes are numbers that measure something, set "
        "dataset.task=regression"
    )
