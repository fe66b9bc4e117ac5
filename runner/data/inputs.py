"""The input columns of a file: which are numbers and which categories, and what about them is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.data.columns import check_cells, is_empty, is_numeric, numbers, texts
from runner.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MANY = 1000  # more categories than this are names or identifiers
ALIKE = 2  # rows a category has on average in a column of categories; with fewer it looks like an identifier


def read_inputs(
    frame: pd.DataFrame, inputs: list[str], categorical: list[str]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[str]]:
    """(numbers [N] by numeric column, words [N] by categorical column, notes).

    `categorical` names columns that are categories although they hold numbers. DataError for a column that is empty, or
    neither numbers nor text.
    """
    numeric: dict[str, np.ndarray] = {}
    words: dict[str, np.ndarray] = {}
    for name in inputs:
        if is_empty(frame[name]):
            raise DataError(f"column {name!r} is empty in every row. Leave it out: dataset.drop=[{name}]")
        check_cells(frame[name], name)
        if name not in categorical and is_numeric(frame[name]):
            numeric[name] = numbers(frame[name], name)
        else:
            words[name] = _few_enough(texts(frame[name]), name)
    odd = [note for name, column in words.items() if name not in categorical for note in _identifier(column, name)]
    return numeric, words, [*_holes(frame[inputs]), *odd]


def read_same_inputs(frame: pd.DataFrame, numeric: list[str], categorical: list[str]) -> tuple[dict, dict]:
    """The same columns of a second file, taken as in the first."""
    advice = "In the first file it holds numbers only: correct it, or leave the cell empty."
    return {n: numbers(frame[n], n, advice) for n in numeric}, {n: texts(frame[n]) for n in categorical}


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


def _holes(frame: pd.DataFrame) -> list[str]:
    counts = {name: int(n) for name, n in frame.isna().sum().items() if n}
    shown = ", ".join(f"{name} {n}" for name, n in list(counts.items())[:10])
    return (
        [f"missing values: {shown} (numbers: median of the training split; categories: their own category)"]
        if counts
        else []
    )
