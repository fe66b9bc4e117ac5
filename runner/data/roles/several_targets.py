"""Several target columns that one network predicts: numbers, each with its own scale, classes, each with its labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import reduce

import numpy as np

from runner.config.tasks import MULTITASK
from runner.data.reading.columns import Column
from runner.data.reading.spelling import Spelling
from runner.data.roles.targets import Target, known_answers, read_target
from runner.errors import DataError


def read_targets(columns: Sequence[Column], task: str = "auto") -> Target:
    """The answers [n, k] of the rows that have all of them, codes where a target is classes; of one column [n], as
    `read_target` has it.

    DataError as there, for each of several, and if no row has every answer.
    """
    if len(columns) == 1:
        return read_target(columns[0], task)
    each = [read_target(column, task) for column in columns]
    rows = _common([target.rows for target in each])
    if not len(rows):
        names = ", ".join(repr(column.name) for column in columns)
        raise DataError(f"no row has an answer for each of the targets {names}. Fill them, or choose fewer.")
    each = [_of_rows(target, column.name, rows) for target, column in zip(each, columns, strict=True)]
    notes = [*(target.notes[0] for target in each), *(note for target in each for note in target.notes[1:])]
    values = np.stack([target.values.astype(np.float64) for target in each], axis=1)
    labels = [target.labels for target in each]
    if not any(labels):
        return Target(values, "regression", None, notes, rows)
    return Target(values, MULTITASK, None, notes, rows, labels)


def known_targets(
    columns: Sequence[Column], target: Target, spellings: Sequence[Spelling]
) -> tuple[np.ndarray, np.ndarray]:
    """`known_answers` of the same columns of a second file, of the rows that have all answers."""
    each = target.each() if target.labels_of else [target] * len(columns)
    asked = zip(columns, each, spellings, strict=True)
    found = [known_answers(column, one, spelling) for column, one, spelling in asked]
    rows = _common([known for _, known in found])
    if len(columns) == 1:
        return found[0][0], rows
    return np.stack([values[np.searchsorted(own, rows)].astype(np.float64) for values, own in found], axis=1), rows


def _common(rows: Sequence[np.ndarray]) -> np.ndarray:
    return reduce(np.intersect1d, rows)


def _of_rows(target: Target, name: str, rows: np.ndarray) -> Target:
    """The target of some of its rows, with the labels that stand there; DataError if that is a single one."""
    values = target.values[np.searchsorted(target.rows, rows)]
    if target.labels is None:
        return dataclasses.replace(target, values=values, rows=rows)
    kept, codes = np.unique(values, return_inverse=True)
    labels = [target.labels[code] for code in kept]
    if len(labels) == 1:
        raise DataError(
            f"the target {name!r} has one class only, {labels[0]!r}, in the {len(rows):,} rows that have all targets. "
            "There is nothing to tell apart: fill the others, or choose other targets."
        )
    return dataclasses.replace(target, values=codes.astype(np.int64), labels=labels, rows=rows)
