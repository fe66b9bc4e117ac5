"""The input columns of a file: which are numbers and which categories, and what about them is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.data.cells import Cells, Problems
from runner.data.columns import Column
from runner.data.spelling import Spelling
from runner.errors import DataError

if TYPE_CHECKING:
    import numpy as np

MANY = 1000  # more categories than this are names or identifiers
ALIKE = 2  # rows a category has on average in a column of categories; with fewer it looks like an identifier


def read_inputs(
    cells: Cells, inputs: list[str], categorical: list[str], problems: Problems
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[str]]:
    """(numbers [N] by numeric column, words [N] by categorical column, notes).

    `categorical` names columns that are categories although they hold numbers. What is wrong with a column (it is
    empty, or neither numbers nor text) is added to `problems`.
    """
    numeric: dict[str, np.ndarray] = {}
    words: dict[str, np.ndarray] = {}
    for name in inputs:
        with problems.gathered():
            column = cells[name]
            column.check()
            if column.is_empty:
                raise DataError(f"column {name!r} is empty in every row. Leave it out: dataset.drop=[{name}]")
            if name not in categorical and column.is_numeric:
                numeric[name] = column.numbers()
            else:
                words[name] = _few_enough(column.words(), name)
    odd = [note for name, column in words.items() if name not in categorical for note in _identifier(column, name)]
    return numeric, words, [*_holes([cells[name] for name in [*numeric, *words]], inputs), *odd]


def read_same_inputs(
    cells: Cells, numeric: list[str], spelling: dict[str, Spelling], problems: Problems
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The same columns of a second file, taken as in the first: numbers, and words spelt as there."""
    advice = "In the first file it holds numbers only: correct it, or leave the cell empty."
    numbers, words = {}, {}
    for name in numeric:
        with problems.gathered():
            numbers[name] = cells[name].numbers(advice)
    for name, spelt in spelling.items():
        with problems.gathered():
            words[name] = cells[name].words(spelt)
    return numbers, words


def _few_enough(words: np.ndarray, name: str) -> np.ndarray:
    kinds = len(set(words))
    if kinds > MANY:
        raise DataError(
            f"column {name!r} holds {kinds:,} different texts, too many for categories (at most {MANY:,}). "
            f"If it is a name or an identifier, leave it out: dataset.drop=[{name}]"
        )
    return words


def _identifier(words: np.ndarray, name: str) -> list[str]:
    """A note if nearly every row has a different text, from which nothing can be learned."""
    kinds = len(set(words))
    if ALIKE * kinds <= len(words) or kinds < 10:
        return []
    return [
        f"column {name!r} holds {kinds:,} different texts in {len(words):,} rows, each a separate input: if it is a "
        f"name, an identifier or a date, leave it out: dataset.drop=[{name}]"
    ]


def _holes(columns: list[Column], order: list[str]) -> list[str]:
    counts = {column.name: int(column.holes.sum()) for column in sorted(columns, key=lambda c: order.index(c.name))}
    shown = ", ".join(f"{name} {n}" for name, n in [each for each in counts.items() if each[1]][:10])
    return (
        [f"missing values: {shown} (numbers: median of the training split; categories: their own category)"]
        if shown
        else []
    )
