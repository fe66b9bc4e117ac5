"""A table as columns of cells, what was decided on the way, and the problems of all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from runner.data.reading.columns import CellError, Column
from runner.data.reading.decimal_marks import with_marks
from runner.data.reading.dialect import UNSAID, Dialect
from runner.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd


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
    """The columns of a frame; `otherwise` is the decimal mark where a frame that came with `separator` shows none."""
    columns = [Column(str(name), frame[name], ".", keys.thousands, keys.na_values) for name in frame.columns]
    columns, decimal, notes = with_marks(columns, keys.decimal, otherwise, separator)
    return Cells({column.name: column for column in columns}, decimal, notes, place)


def _whole(values: np.ndarray) -> np.ndarray | None:
    """Numbers as integers, if they are; None if one is a fraction, a hole, or beyond what a float counts to."""
    return values.astype(np.int64) if (np.abs(values) < 2**53).all() and (values == np.rint(values)).all() else None


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
