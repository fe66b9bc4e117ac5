"""The input columns of a file: which are numbers, categories or dates, which are left out, and what about them is
odd.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from runner.data.reading.cells import Cells, Problems
from runner.data.reading.columns import Column
from runner.data.roles.dates import DateColumn, compact_dates, describe_column, is_datetime, times_of, written_dates
from runner.data.roles.left_out import why_not_numbers, why_not_words
from runner.data.roles.targets import Target

SEVERAL = 3  # words of a cell from which on texts are prose


@dataclass(frozen=True)
class Wishes:
    """What the user said about the inputs."""

    categorical: Collection[str] = ()  # columns that are categories although they hold numbers
    keep: Collection[str] = ()  # columns that are not left out
    text: Collection[str] = ()  # columns of texts, whose words are inputs
    most: int = 50  # categories that a column has at most
    day_first: bool | None = None  # whether 01/02/2020 is the first of February


@dataclass
class Inputs:
    """The columns in use, in file order, each with its values [N] by its kind; None or NaN is a hole."""

    numeric: dict[str, np.ndarray] = field(default_factory=dict)
    words: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, np.ndarray] = field(default_factory=dict)
    dates: dict[str, DateColumn] = field(default_factory=dict)
    times: dict[str, np.ndarray] = field(default_factory=dict)  # by column of dates
    empty: list[str] = field(default_factory=list)  # left out
    left_out: dict[str, str] = field(default_factory=dict)  # column -> why
    prose: list[str] = field(default_factory=list)  # columns of words with several of them in a cell
    constant: list[str] = field(default_factory=list)  # dates that never change, left out
    notes: list[str] = field(default_factory=list)

    def numbers(self) -> dict[str, np.ndarray]:
        """Every numeric column [N]: the numbers of the file, then those that dates become."""
        found = dict(self.numeric)
        for name, column in self.dates.items():
            found |= column.numbers(self.times[name], name)
        return found

    def names(self) -> set[str]:
        """The columns in use."""
        return {*self.numeric, *self.words, *self.texts, *self.dates}


def read_inputs(cells: Cells, names: list[str], wishes: Wishes, problems: Problems) -> Inputs:
    """The columns `names` of a table by their kinds.

    What is wrong with a column (it is neither numbers nor text nor dates, or something else in some rows) is added to
    `problems`.
    """
    found = Inputs()
    for name in names:
        with problems.gathered():
            _read(found, cells[name], wishes)
    return found


def read_column(column: Column, day_first: bool | None) -> np.ndarray | None:
    """The times or the numbers [N] of a column, None if it holds categories."""
    found = Inputs()
    _read(found, column, Wishes(day_first=day_first))
    return found.times.get(column.name, found.numeric.get(column.name))


def _read(found: Inputs, column: Column, wishes: Wishes) -> None:
    """Put a column where it belongs."""
    if column.name in wishes.text:
        found.texts[column.name] = column.words()
        return
    if is_datetime(column.series):
        return _take_dates(found, times_of(column.series), column.name)
    column.check()
    if column.is_empty:
        found.empty.append(column.name)
    elif column.name in wishes.categorical:
        found.words[column.name] = column.words()
    elif column.is_numeric:
        values = column.numbers()
        times = compact_dates(values)
        if times is None:
            found.numeric[column.name] = values
        else:
            _take_dates(found, times, column.name)
    else:
        _read_words(found, column.words(), column.name, wishes)


def _read_words(found: Inputs, words: np.ndarray, name: str, wishes: Wishes) -> None:
    dates = written_dates(words, name, wishes.day_first)
    if dates is None:
        found.words[name] = words
        return
    _take_dates(found, dates.times, name, dates.day_first)
    if dates.two_ways:
        other = "false" if dates.day_first else "true"
        first = "day" if dates.day_first else "month"
        found.notes.append(
            f"column {name!r}: {dates.two_ways!r} is read with the {first} first; else set dataset.day_first={other}"
        )


def _take_dates(found: Inputs, times: np.ndarray, name: str, day_first: bool = False) -> None:
    found.times[name] = times
    found.dates[name] = describe_column(times, day_first)


def leave_out(found: Inputs, target: Target, wishes: Wishes) -> None:
    """Leave out what has no use; but not all there is."""
    _leave_out_empty(found, target)
    found.constant = [name for name, column in found.dates.items() if not column.parts]
    _remove(found, found.constant)
    free = found.names() - {*wishes.keep, *wishes.categorical}
    why = {n: why_not_numbers(n, values, target) for n, values in found.numeric.items() if n in free}
    why |= {n: why_not_words(n, words, target, wishes.most) for n, words in found.words.items() if n in free}
    useless = {name: reason for name, reason in why.items() if reason}
    found.prose = [name for name in useless if name in found.words and _is_prose(found.words[name][target.rows])]
    if useless.keys() == found.names():
        found.notes += [f"column {name!r} {reason}: kept, as there is no other" for name, reason in useless.items()]
        useless = {}
    found.left_out = useless
    _remove(found, useless)


def _is_prose(words: np.ndarray) -> bool:
    """Whether a cell holds several words on average."""
    return sum(len(str(word).split()) for word in words if word is not None) >= SEVERAL * len(words) > 0


def _leave_out_empty(found: Inputs, target: Target) -> None:
    """Leave out what has values in rows only that have no answer."""
    holes = {name: np.isnan(values) for name, values in (found.numeric | found.times).items()}
    holes |= {name: np.array([word is None for word in words], bool) for name, words in found.words.items()}
    empty = [name for name, hole in holes.items() if hole[target.rows].all()]
    found.empty += empty
    _remove(found, empty)


def _remove(found: Inputs, names: Collection[str]) -> None:
    for name in names:
        for kind in (found.numeric, found.words, found.dates, found.times):
            kind.pop(name, None)
