"""The target column of a file: classes or numbers, which of the two it is, and what makes it unusable.

Rows without an answer are left out of training, which is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from runner.data.reading.columns import CellError, Column, parse
from runner.data.reading.spelling import Spelling
from runner.data.reading.strays import strays
from runner.errors import DataError

FEW = 20  # up to so many different whole numbers are taken for classes
DIGITS = 10  # so many different whole numbers are classes even where they are as uneven as counts
TAIL = 20  # counts: the most frequent number has so many times the rows of the rarest, at least
LARGE = 100  # more than ten whole numbers up to this one are an amount
ODD = 5  # values named in a note
TEXT = "it holds text"


@dataclass
class Target:
    """Class codes [n] int64 with their labels, or numbers [n] float64, of the rows that have an answer; of several
    targets float64 [n, k].
    """

    values: np.ndarray
    task: str
    labels: list[str] | None
    notes: list[str] = field(default_factory=list)
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))  # [n] where they stand in the file
    labels_of: list[list[str] | None] = field(default_factory=list)  # of each of several, if some are classes

    def each(self) -> list[Target]:
        """Each of several targets of which some are classes."""
        return [
            Target(values.astype(np.int64), "classification", labels) if labels else Target(values, "regression", None)
            for values, labels in zip(self.values.T, self.labels_of, strict=True)
        ]


def read_target(column: Column, task: str = "auto") -> Target:
    """Read a target; `task` is classification, regression or auto.

    auto: text and true/false are classes; numbers too if they are whole, at most 20 different ones, each with two rows
    on average, and do not look like counts. DataError for a column without answers, infinities, a word among numbers,
    text under regression, a single class, a class for every row, a constant number.
    """
    column.check()
    rows = np.flatnonzero(~column.holes)
    if not len(rows):
        raise DataError(f"the target {column.name!r} is missing in every row. Choose another target, or fill it.")
    why = ""
    if task == "auto":
        _refuse_stray(column)
        task, why = infer_task(column, rows)
        other = "regression" if task == "classification" else "classification"
        why += "" if why == TEXT else f"; else set dataset.task={other}"  # text can be nothing else
        why = f" ({why})"
    target = _classes(column, rows, why) if task == "classification" else _numbers(column, rows, why)
    left_out = len(column) - len(rows)
    target.notes += [f"left out: {left_out:,} of {len(column):,} rows, which have no {column.name!r}"] * (left_out > 0)
    return target


def infer_task(column: Column, rows: np.ndarray) -> tuple[str, str]:
    """(task, why) from the cells of a target in the rows that have an answer."""
    if column.is_true_or_false:
        return "classification", TEXT
    values = column.loose_numbers()[rows]
    if np.isnan(values).any():
        return "classification", TEXT if np.isnan(values).all() else _mixed(column, rows)
    if (values != np.floor(values)).any() or not np.isfinite(values).all():
        return "regression", "it holds fractions"
    kinds, counts = np.unique(values, return_counts=True)
    if len(kinds) > FEW or 2 * len(kinds) > len(values):
        return "regression", f"it holds {len(kinds)} different numbers"
    why = _like_counts(kinds, counts)
    task = "regression" if why else "classification"
    return task, f"it holds {len(kinds)} different whole numbers{', ' * bool(why)}{why}"


def _mixed(column: Column, rows: np.ndarray) -> str:
    words = column.words()[rows]
    odd = words[np.isnan(column.loose_numbers()[rows])]
    return f"it holds numbers, and also {_listed(sorted(set(odd)))}"


def _like_counts(kinds: np.ndarray, counts: np.ndarray) -> str:
    """Why a few whole numbers count or measure something: one has a single row, or there are many, large or uneven."""
    once = int((counts == 1).sum())
    if len(kinds) > 2 and once and kinds[0] >= 0:
        return f"{once} of them in a single row, like a count"
    if len(kinds) <= DIGITS:
        return ""
    if kinds[-1] >= LARGE:
        return "like an amount"
    return "uneven like a count" if counts.max() >= TAIL * counts.min() else ""


def _refuse_stray(column: Column) -> None:
    """CellError for a word among so many numbers that it must be a mistake, unless these would be classes."""
    if not column.is_numeric or column.is_all_numbers or column.is_true_or_false:
        return
    values = column.loose_numbers()
    values = np.unique(values[np.isfinite(values)])
    if len(values) <= FEW and (values == np.floor(values)).all():
        return
    rows = column.rows_of_words()
    cells = column.words()[rows]
    also, hole = strays(cells)
    raise CellError(
        f"the target {column.name!r} holds numbers, but {cells[0]!r} in {{row}}{also}. Correct it, say that it "
        f"means nothing: {hole}, or take the target as classes: dataset.task=classification",
        int(rows[0]),
    )


def _listed(words: list[str]) -> str:
    return ", ".join(map(repr, words[:ODD])) + (", ..." if len(words) > ODD else "")


def _classes(column: Column, rows: np.ndarray, why: str) -> Target:
    words, name = column.words()[rows], column.name
    counts = Counter(words)
    labels = sort_labels(set(words))
    if len(labels) == 1:
        raise DataError(
            f"the target {name!r} has one class only, {labels[0]!r}. There is nothing to tell apart: choose another "
            "target."
        )
    single = [label for label in labels if counts[label] == 1]
    if 2 * len(single) > len(words):
        numbers = ", or predict numbers: dataset.task=regression" * column.is_all_numbers
        raise DataError(
            f"the target {name!r} has a class of its own for {len(single):,} of {len(words):,} rows{why}. There is "
            f"nothing to learn: choose another target{numbers}."
        )
    position = {label: code for code, label in enumerate(labels)}
    codes = np.array([position[word] for word in words], np.int64)
    notes = [f"target {name!r}: classification{why}"]
    if single:
        notes.append(f"classes with a single row, which is trained on: {_listed(single)}")
    return Target(codes, "classification", labels, notes, rows)


def sort_labels(words: set[str]) -> list[str]:
    """By number if all are numbers ("2" before "10"), else by text."""
    if all(parse(word) is not None for word in words):
        return sorted(words, key=lambda word: (float(word), word))
    return sorted(words)


def _refuse_text(column: Column) -> np.ndarray:
    """The numbers of a target, NaN where it has no answer; CellError for the first text."""
    if not column.is_all_numbers or column.is_true_or_false:
        rows = column.rows_of_words()
        cells = column.words()[rows]
        also, hole = strays(cells)
        raise CellError(
            f"the target {column.name!r} says {cells[0]!r} in {{row}}{also}, but dataset.task=regression predicts "
            f"numbers. Correct the cell, say that it means nothing: {hole}, or take the target "
            "as classes: dataset.task=classification",
            int(rows[0]),
        )
    return column.numbers()


def known_answers(column: Column, target: Target, spelling: Spelling) -> tuple[np.ndarray, np.ndarray]:
    """(codes or numbers [n], [n] the rows that have one) of the same column of a second file.

    DataError for a class that the first does not have, or a column without answers.
    """
    rows = np.flatnonzero(~column.holes)
    if not len(rows):
        raise DataError(f"the target {column.name!r} is missing in every row.")
    if target.labels is None:
        return _refuse_text(column)[rows], rows
    words = column.words(spelling)[rows]
    position = {label: code for code, label in enumerate(target.labels)}
    new = next((i for i, word in enumerate(words) if word not in position), None)
    if new is not None:
        raise CellError(
            f"the target {column.name!r} says {words[new]!r} in {{row}}, a class that the training file does not have. "
            f"It has {', '.join(target.labels[:10])}. Correct it, or leave the cell empty to leave the row out.",
            int(rows[new]),
        )
    return np.array([position[word] for word in words], np.int64), rows


def _numbers(column: Column, rows: np.ndarray, why: str) -> Target:
    values = _refuse_text(column)[rows]
    if (values == values[0]).all():
        raise DataError(
            f"the target {column.name!r} is {values[0]:g} in every row. There is nothing to learn: choose another "
            "target."
        )
    return Target(values, "regression", None, [f"target {column.name!r}: regression{why}"], rows)
