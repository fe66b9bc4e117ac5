"""A second file as the test split of the first (`dataset.test_path`)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from runner.data.files import did_you_mean
from runner.data.reading.cells import Cells, Problems
from runner.data.reading.spelling import Spelling
from runner.data.roles.marks import read_groups
from runner.data.roles.same_inputs import read_alike
from runner.data.roles.several_targets import known_targets
from runner.data.roles.targets import Target
from runner.data.sources.base import RawTable
from runner.errors import DataError

ADVICE = "In the first file it holds numbers only: correct it, or leave the cell empty."


@dataclasses.dataclass(frozen=True)
class First:
    """The file whose test split another one is: its path, its columns, and those that the other may lack."""

    path: str
    columns: list[str]
    spare: frozenset[str | None]


def join(table: RawTable, first: First, test: Cells, path: Path) -> RawTable:
    """The table with the rows of `test` below its own, marked as test; what they hold decides nothing about columns.

    Raises DataError naming `path` for columns that differ, or values that do not fit those of the table.
    """
    _check_columns(first, list(test.columns), path)
    problems = Problems(f"{path} (dataset.test_path)", test.place)
    spelling = {name: table.reading.spelling.get(name, Spelling()) for name in test.columns}
    words_of = [*table.categorical, *table.texts]
    numeric, words = read_alike(test, table.numeric_names, table.dates, words_of, table.reading, problems, ADVICE)
    with problems.gathered():
        answers, rows = _answers(table, test, spelling)
    with problems.gathered():
        name = table.group_name
        groups = read_groups(test[name], spelling[name]) if table.groups is not None else None
    problems.refuse()
    left_out = f" (left out: {len(test) - len(rows):,} more, which have no {table.target_name!r})"
    return dataclasses.replace(
        table,
        numeric_ND=np.concatenate([table.numeric_ND, numeric[rows]]),
        target=np.concatenate([table.target, answers]),
        categorical={name: np.concatenate([column, words[name][rows]]) for name, column in table.categorical.items()},
        texts={name: np.concatenate([column, words[name][rows]]) for name, column in table.texts.items()},
        split=np.repeat(np.array(["train", "test"], object), [len(table.target), len(rows)]),
        groups=_below(table.groups, None if groups is None else groups[rows]),
        times=_below(table.times, np.full(len(rows), np.nan)),
        sample_weight=_below(table.sample_weight, np.ones(len(rows))),
        file_rows=_below(table.file_rows, rows),
        notes=[
            *table.notes,
            f"test split: the {len(rows):,} rows of {path}{left_out * (len(rows) < len(test))}",
            *_others(test.notes, table.notes),
        ],
    )


def _answers(table: RawTable, test: Cells, spelling: dict[str, Spelling]) -> tuple[np.ndarray, np.ndarray]:
    """(the answers of the rows that have one, these rows)."""
    names = table.targets or [table.target_name] * bool(table.target_name)
    if not names:  # an autoencoder's
        return np.full(len(test), np.nan), np.arange(len(test))
    target = Target(table.target, table.task, table.labels, labels_of=table.labels_of)
    return known_targets([test[name] for name in names], target, [spelling[name] for name in names])


def _others(notes: list[str], said: list[str]) -> list[str]:
    return [note for note in notes if note not in said]


def _below(above: np.ndarray | None, below: np.ndarray | None) -> np.ndarray | None:
    return None if above is None or below is None else np.concatenate([above, below])


def _check_columns(first: First, given: list[str], path: Path) -> None:
    """The columns of the first file, but for those that are left out or say how much a row counts in training."""
    missing = [name for name in first.columns if name not in given and name not in first.spare]
    extra = [name for name in given if name not in first.columns]
    if not missing and not extra:
        return
    words = [f"lacks {_quoted(missing)}"] * bool(missing) + [f"has also {_quoted(extra)}"] * bool(extra)
    near = did_you_mean(missing[0], extra) if missing else ""
    raise DataError(
        f"{path} (dataset.test_path) must have the columns of {first.path}, but {' and '.join(words)}.{near} "
        "Rename or remove columns in either file, or leave them out: dataset.drop=[NAME]"
    )


def _quoted(names: list[str], most: int = 10) -> str:
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
