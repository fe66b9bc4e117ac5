"""A table as columns of cells, what was decided on the way, and the problems of all of them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from runner.data.columns import CellError, Column
from runner.data.dialect import UNSAID, Dialect, shown
from runner.data.written_numbers import is_notable
from runner.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

OTHER = {".": ",", ",": "."}


def data_row(row: int) -> str:
    """A row by its number, from 0."""
    return f"data row {row + 1}"


@dataclass
class Cells:
    """Columns by name, as the table has them; `place` says in words where a row stands."""

    columns: dict[str, Column]
    decimal: str = ""  # mark of the numbers in the text; "" = no number has one
    notes: list[str] = field(default_factory=list)  # what was decided, for the screen
    place: Callable[[int], str] = data_row

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def frame(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table these are the columns of, those of numbers as numbers."""
        numbers = {name: column.loose_numbers() for name, column in self.columns.items() if column.is_plain_numbers}
        return table.assign(**{name: whole if (whole := _whole(x)) is not None else x for name, x in numbers.items()})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


def cells(
    frame: pd.DataFrame,
    keys: Dialect = UNSAID,
    otherwise: str = "",
    separator: str | None = None,
    place: Callable[[int], str] = data_row,
) -> Cells:
    """The columns of a frame, each read with the decimal mark that fits it.

    Columns that fit one mark only decide for those that fit both, then `otherwise`; else it is the point, but the comma
    in a file separated by semicolons.
    """
    found = {str(name): Column(str(name), frame[name], ".", keys.thousands, keys.na_values) for name in frame.columns}
    marks = {name: column.decimal_mark for name, column in found.items()}
    votes = Counter(mark for mark in marks.values() if mark in OTHER)
    usual = keys.decimal or (votes.most_common(1)[0][0] if votes else otherwise)
    usual = usual or ("," if separator == ";" and "either ," in marks.values() else "")
    for name, mark in marks.items():
        fitting = mark if mark in OTHER and not keys.decimal else usual or "."
        found[name] = found[name].with_decimal(fitting)
    unsure = [] if keys.decimal or votes else [found[name] for name, mark in marks.items() if mark.startswith("either")]
    used = {column.decimal for name, column in found.items() if marks[name]}
    decimal = usual if usual in used else next(iter(used), "")
    written = [column for column in found.values() if column not in unsure]
    return Cells(found, decimal, [*_either(unsure), *_as_written(written)], place)


def _whole(values: np.ndarray) -> np.ndarray | None:
    """Numbers as integers, if they are; None if one is a fraction, a hole, or beyond what a float counts to."""
    return values.astype(np.int64) if (np.abs(values) < 2**53).all() and (values == np.rint(values)).all() else None


def _either(columns: list[Column]) -> list[str]:
    """One line on what was made of columns that can be read in two ways."""
    if not columns:
        return []
    value, number = columns[0].example(lambda text: "." in text or "," in text)
    more = f" (and {len(columns) - 1} more columns)" if columns[1:] else ""
    mark, other = shown(columns[0].decimal), shown(OTHER[columns[0].decimal])
    return [
        f"column {columns[0].name!r}{more}: {value!r} is read as {number:.15g}, the decimal mark being the {mark} "
        f"(else: dataset.decimal={other})"
    ]


def _as_written(columns: list[Column]) -> list[str]:
    """One line on numbers that are written with a currency, %, k or marks between thousands."""
    examples = []
    for column in columns:
        if column.is_text and column.typed is None and column.odd is None and column.is_numeric:
            value, number = column.example(partial(is_notable, decimal=column.decimal))
            examples += [f"{column.name} {value!r} = {number:.15g}"] if value else []
    more = ", ..." if len(examples) > 5 else ""
    return [f"numbers as written: {', '.join(examples[:5])}{more}"] if examples else []


@dataclass
class Problems:
    """What is wrong with a table, gathered to be said at once."""

    where: str  # the file
    place: Callable[[int], str] = data_row
    found: list[DataError | ConfigError] = field(default_factory=list)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Take note of a problem and go on; what the block would have made is lacking."""
        try:
            yield
        except (DataError, ConfigError) as error:
            self.found.append(error)

    def refuse(self) -> None:
        """Raise what was found: one problem in a line, several in a list."""
        if not self.found:
            return
        texts = [
            error.at(self.place(error.row)) if isinstance(error, CellError) else str(error) for error in self.found
        ]
        kind = DataError if any(isinstance(error, DataError) for error in self.found) else ConfigError
        if len(texts) == 1:
            raise kind(f"{self.where}: {texts[0]}" if self.where else texts[0]) from self.found[0]
        raise kind("\n- ".join([f"{self.where or 'the table'} has {len(texts)} problems:", *texts])) from self.found[0]
