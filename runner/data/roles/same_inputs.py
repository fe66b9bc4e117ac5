"""Reading the inputs of a further table, be it a test split or new rows to predict, as those of the training table."""

from __future__ import annotations

import numpy as np

from runner.data.reading.cells import Cells, Problems
from runner.data.reading.columns import Column
from runner.data.reading.dialect import Reading
from runner.data.reading.spelling import Spelling
from runner.data.roles.dates import DateColumn, is_datetime, read_times, times_of


def read_alike(
    cells: Cells,
    numeric: list[str],
    dates: dict[str, DateColumn],
    categorical: list[str],
    reading: Reading,
    problems: Problems,
    advice: str,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(numbers [n, F], words [n] by column of categories); `numeric` names also those that dates become.

    Cells that do not fit are added to `problems`; `advice` says what to do about text among numbers.
    """
    found: dict[str, np.ndarray] = {}
    words: dict[str, np.ndarray] = {}
    become = {part for name, column in dates.items() for part in column.names(name)}
    for name, column in dates.items():
        with problems.gathered():
            found |= column.numbers(_times(cells[name], column.day_first), name)
    for name in numeric:
        if name not in become:
            with problems.gathered():
                found[name] = cells[name].numbers(advice)
    for name in categorical:
        with problems.gathered():
            cells[name].check()
            words[name] = cells[name].words(reading.spelling.get(name, Spelling()))
    holes = np.full(len(cells), np.nan)
    return np.array([found.get(name, holes) for name in numeric]).T.reshape(len(cells), len(numeric)), words


def _times(column: Column, day_first: bool) -> np.ndarray:
    if is_datetime(column.series):
        return times_of(column.series)
    column.check()
    return read_times(column.words(), column.name, day_first)
