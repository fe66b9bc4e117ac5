"""From a table as it was read to what is trained on: each column in its role, rows without an answer left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from runner.config.words import word
from runner.data.cells import Cells, Problems
from runner.data.columns import Column
from runner.data.dates import span
from runner.data.dialect import Dialect, Reading
from runner.data.inputs import Inputs, Wishes, leave_out, read_column, read_inputs
from runner.data.marks import read_groups, read_split, read_weights
from runner.data.odd_columns import odd_numbers, odd_words, spelt_alike
from runner.data.sources.base import RawTable
from runner.data.spelling import Spelling
from runner.data.targets import Target, read_target
from runner.errors import ConfigError, DataError

SHOWN = 10  # columns listed in a note
MARKS: dict[str, Callable[[Column], np.ndarray]] = {
    "split_column": read_split,
    "group": read_groups,
    "sample_weight": read_weights,
}


class Keys(Protocol):
    """What a user said about a table, as `runner.data.sources.table_file` has it."""

    target: str | None
    task: str
    split_column: str | None
    group: str | None
    sample_weight: str | None
    test_path: str | None
    max_categories: int
    day_first: bool | None
    split: str
    time_column: str | None

    def names(self, key: str) -> list[str]:
        """The columns that a key with several of them names."""

    def keys(self) -> Dialect:
        """How the file is said to be written."""


def raw_table(cells: Cells, names: list[str], source: Keys, where: str) -> RawTable:
    """The table of the input columns `names`, as the keys of `source` say; its notes say what was inferred.

    All that is wrong with the columns of `where` is said at once.
    """
    problems = Problems(where, cells.place)
    wishes = Wishes(source.names("categorical"), source.names("keep"), source.max_categories, source.day_first)
    inputs = read_inputs(cells, names, wishes, problems)
    read: dict[str, Any] = {}
    with problems.gathered():
        read["target"] = read_target(cells[str(source.target)], source.task)
    for key, reader in MARKS.items():
        with problems.gathered():
            read[key] = reader(cells[getattr(source, key)]) if getattr(source, key) else None
    with problems.gathered():
        read["time_column"] = _time_column(inputs, source) if source.split == "time" else ""
        read["times"] = _times(cells, inputs, read["time_column"], source) if read["time_column"] else None
    problems.refuse()
    target: Target = read["target"]
    leave_out(inputs, target, wishes)
    numbers = inputs.numbers()
    if not numbers and not inputs.words:
        raise DataError(f"{where} has no input column of use besides the target {source.target!r}{_because(inputs)}.")
    rows = target.rows
    marks = {key: None if read[key] is None else read[key][rows] for key in (*MARKS, "times")}
    words = {name: column[rows] for name, column in inputs.words.items()}
    return RawTable(
        numeric_ND=np.stack([column[rows] for column in numbers.values()], axis=1)
        if numbers
        else np.empty((len(rows), 0)),
        target=target.values,
        task=target.task,
        numeric_names=list(numbers),
        sha256="",
        categorical=words,
        dates=inputs.dates,
        column_order=[name for name in names if name in inputs.names()],
        max_categories=source.max_categories,
        target_name=str(source.target),
        labels=target.labels,
        split=marks["split_column"],
        groups=marks["group"],
        group_name=source.group or "",
        times=marks["times"],
        time_name=read["time_column"],
        sample_weight=marks["sample_weight"],
        notes=[
            *cells.notes,
            target.notes[0],
            *spelt_alike(target, words),
            f"{_kinds(inputs)}{_roles(source)}",
            *target.notes[1:],
            *_left_out(inputs),
            *_holes(inputs, rows),
            *inputs.notes,
            *_by_chance(inputs, source),
            *_undated(marks["times"]),
            *odd_numbers({name: column[rows] for name, column in inputs.numeric.items()}),
            *odd_words(words, wishes.categorical, wishes.most),
        ],
        reading=_reading(
            cells,
            source,
            [*inputs.words, *filter(None, [source.group]), *([str(source.target)] if target.labels else [])],
        ),
    )


def _reading(cells: Cells, source: Keys, words: list[str]) -> Reading:
    """What further tables need to be read alike."""
    spelling = {name: cells[name].spelling for name in words}
    decimal = cells.decimal.replace(".", "")  # the point is what is thought of anyway
    return Reading(source.keys(), decimal, {n: each for n, each in spelling.items() if each != Spelling()})


def _time_column(inputs: Inputs, source: Keys) -> str:
    """The column by which rows are split; ConfigError if that is not clear."""
    dates = [name for name, column in inputs.dates.items() if column.parts]
    if source.time_column or len(dates) == 1:
        return source.time_column or dates[0]
    found = f"there are {len(dates)} ({', '.join(dates)})" if dates else "no input holds dates"
    raise ConfigError(
        f"dataset.split = time: by which column? {found}; set dataset.time_column=COLUMN, to one with dates or with "
        "numbers that grow with time"
    )


def _times(cells: Cells, inputs: Inputs, name: str, source: Keys) -> np.ndarray:
    """[N] how late each row is; DataError for a column that does not say it."""
    if name in inputs.times:
        return inputs.times[name]
    found = read_column(cells[name], source.day_first)
    if found is None:
        raise DataError(
            f"column {name!r} (dataset.time_column) holds neither dates nor numbers, so it does not say how late a row "
            "is. Name another column."
        )
    return found


def _undated(times: np.ndarray | None) -> list[str]:
    """A note on rows of which nobody knows how late they are."""
    count = 0 if times is None else int(np.isnan(times).sum())
    return [f"rows that do not say how late they are (dataset.split=time) count as the earliest: {count:,}"] * (
        count > 0
    )


def _by_chance(inputs: Inputs, source: Keys) -> list[str]:
    """A note on dates that a split by chance mixes."""
    if not inputs.dates or source.split == "time" or source.split_column or source.test_path or source.group:
        return []
    spans = ", ".join(f"{name!r} ({span(times)})" for name, times in inputs.times.items())
    return [f"dates in {spans}, but rows are split by chance: dataset.split=time tests on the latest"]


def _kinds(inputs: Inputs) -> str:
    dates = f", {len(inputs.dates)} of dates" if inputs.dates else ""
    return f"columns: {len(inputs.numeric)} numeric, {len(inputs.words)} categorical{dates}"


def _roles(source: Keys) -> str:
    roles = "".join(
        f", {role} {getattr(source, role)}"
        for role in ("split_column", "group", "sample_weight")
        if getattr(source, role)
    )
    return roles + (f", dropped: {', '.join(source.names('drop'))}" if source.names("drop") else "")


def _left_out(inputs: Inputs) -> Iterator[str]:
    """What was left out by itself, why, and how it comes back."""
    for names, why in ((inputs.empty, "empty in every row"), (inputs.constant, "the same date in every row")):
        if names:
            yield f"left out, {why}: {', '.join(names[:SHOWN])}{', ...' * (len(names) > SHOWN)}"
    if inputs.left_out:
        why = "; ".join(f"{name!r} ({reason})" for name, reason in inputs.left_out.items())
        yield f"left out: {why}. To have it back: {word('dataset.keep', list(inputs.left_out))}"


def _because(inputs: Inputs) -> str:
    why = [f"{name!r} is empty" for name in inputs.empty]
    why += [f"{name!r} is the same date in every row" for name in inputs.constant]
    return f": {'; '.join(why)}" if why else ""


def _holes(inputs: Inputs, rows: np.ndarray) -> list[str]:
    """How many cells are missing in each column in use."""
    holes = {name: np.isnan(column) for name, column in (inputs.numeric | inputs.times).items()}
    holes |= {name: np.array([word is None for word in column]) for name, column in inputs.words.items()}
    counts = {name: int(hole[rows].sum()) for name, hole in holes.items()}
    shown = [f"{name} {n}" for name, n in counts.items() if n]
    if not shown:
        return []
    return [
        f"missing values: {', '.join(shown[:SHOWN])} (numbers: median of the training split; categories: their own "
        "category)"
    ]
