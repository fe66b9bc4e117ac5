"""From a table as it was read to what is trained on: each column in its role, rows without an answer left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from runner.data.reading.cells import Cells, Problems
from runner.data.reading.columns import Column
from runner.data.reading.dialect import Reading
from runner.data.reading.spelling import Spelling
from runner.data.roles.inputs import Inputs, Wishes, leave_out, read_column, read_inputs
from runner.data.roles.marks import read_groups, read_split, read_weights
from runner.data.roles.several_targets import read_targets
from runner.data.roles.table_notes import Keys, because, notes
from runner.data.roles.targets import Target
from runner.data.roles.texts import check_texts
from runner.data.sources.base import AUTOENCODER, RawTable
from runner.errors import ConfigError, DataError

MARKS: dict[str, Callable[[Column], np.ndarray]] = {
    "split_column": read_split,
    "group": read_groups,
    "sample_weight": read_weights,
}


@dataclass
class Parts:
    """The columns of a table by the part they play, every row of them."""

    inputs: Inputs
    target: Target
    marks: dict[str, np.ndarray | None]  # what columns that are no inputs say about each row; times too
    time_name: str

    def marked(self, key: str) -> np.ndarray | None:
        """A mark of the rows that have an answer."""
        mark = self.marks[key]
        return None if mark is None else mark[self.target.rows]


def raw_table(cells: Cells, names: list[str], source: Keys, where: str) -> RawTable:
    """The table of the input columns `names`, as the keys of `source` say; its notes say what was inferred.

    All that is wrong with the columns of `where` is said at once.
    """
    named = source.names("categorical"), source.names("keep"), source.names("text")
    wishes = Wishes(*named, source.max_categories, source.day_first)
    parts = _parts(cells, names, source, wishes, where)
    inputs, target = parts.inputs, parts.target
    leave_out(inputs, target, wishes)
    numbers = {name: column[target.rows] for name, column in inputs.numbers().items()}
    words = {name: column[target.rows] for name, column in inputs.words.items()}
    texts = {name: column[target.rows] for name, column in inputs.texts.items()}
    check_texts(texts, where)
    if not numbers and not words and not texts:
        besides = f" besides the target {', '.join(map(repr, source.names('target')))}" if source.target else ""
        raise DataError(f"{where} has no input column of use{besides}{because(inputs)}.")
    return RawTable(
        numeric_ND=np.stack(list(numbers.values()), axis=1) if numbers else np.empty((len(target.rows), 0)),
        target=target.values,
        task=target.task,
        numeric_names=list(numbers),
        sha256="",
        categorical=words,
        texts=texts,
        text_features=source.text_features,
        ngrams=source.ngrams,
        dates=inputs.dates,
        column_order=[name for name in names if name in inputs.names()],
        max_categories=source.max_categories,
        target_name=", ".join(source.names("target")),
        targets=source.names("target") if target.values.ndim > 1 else [],
        labels=target.labels,
        labels_of=target.labels_of,
        split=parts.marked("split_column"),
        groups=parts.marked("group"),
        group_name=source.group or "",
        times=parts.marked("times"),
        time_name=parts.time_name,
        sample_weight=parts.marked("sample_weight"),
        file_rows=target.rows,
        notes=[*cells.notes, *notes(inputs, target, source, parts.marked("times"))],
        reading=_reading(cells, source, [*words, *texts, source.group, *_classes(target, source.names("target"))]),
    )


def _parts(cells: Cells, names: list[str], source: Keys, wishes: Wishes, where: str) -> Parts:
    """Every column read in its part; DataError or ConfigError with all that is wrong."""
    problems = Problems(where, cells.place)
    parts = Parts(read_inputs(cells, names, wishes, problems), Target(np.empty(0), "", None), {}, "")
    with problems.gathered():
        parts.target = _target(cells, source)
    for key, reader in MARKS.items():
        with problems.gathered():
            parts.marks[key] = reader(cells[getattr(source, key)]) if getattr(source, key) else None
    parts.marks["times"] = None
    if source.split == "time":
        with problems.gathered():
            parts.time_name = _time_column(parts.inputs, source)
            parts.marks["times"] = _times(cells, parts.inputs, parts.time_name, source)
    problems.refuse()
    return parts


def _target(cells: Cells, source: Keys) -> Target:
    """What is predicted; of an autoencoder nothing but the inputs, for which every row will do."""
    if source.task == AUTOENCODER:
        rows = np.arange(len(cells))
        return Target(np.full(len(rows), np.nan), "regression", None, ["no target: the inputs are given back"], rows)
    return read_targets([cells[name] for name in source.names("target")], source.task)


def _classes(target: Target, names: list[str]) -> list[str]:
    """The targets that are classes."""
    return [name for name, labels in zip(names, target.labels_of or [target.labels], strict=False) if labels]


def _reading(cells: Cells, source: Keys, words: list[str | None]) -> Reading:
    """What further tables need to be read alike."""
    spelling = {name: cells[name].spelling for name in words if name}
    decimal = cells.decimal.replace(".", "")  # the point is what is thought of anyway
    unusual = {name: each for name, each in spelling.items() if each != Spelling()}
    return Reading(source.keys(), decimal, spelling=unusual)


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
