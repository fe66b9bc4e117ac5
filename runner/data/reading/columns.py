"""The cells of one column, whatever it came in: text of a file, numbers, a column of a data frame.

A cell is a hole, a number, true or false (1 and 0), or a word. None, null, ? and - are words, unless the rest of the
column are numbers: then they are holes. A whole number is the same word as `1`, `1.0` and `01` (`Spelling`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.words import word as told
from runner.data.reading.date_text import with_dates_written
from runner.data.reading.spelling import TRUTH, Spelling, spelling_of, word
from runner.data.reading.strays import strays
from runner.data.reading.written_numbers import parse as parse_written
from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MOSTLY = 0.9  # a column with this share of numbers is a numeric column with something wrong in it
EMPTY_AMONG_NUMBERS = ("?", "-", "--", ".", "none", "null")  # in any case of letters


class CellError(DataError):
    """A cell that cannot be what its column is: the message says {row}, which `at` replaces by a place in the file."""

    def __init__(self, text: str, row: int):
        self.text, self.row = text, row
        super().__init__(text.replace("{row}", f"data row {row + 1}"))

    def at(self, place: str) -> str:
        """The message with the place in words."""
        return self.text.replace("{row}", place)


def parse(cell: Any) -> float | None:
    """The number in a cell written as computers do, or None if it holds something else."""
    if isinstance(cell, str) and "_" in cell:
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


class Column:
    """The cells [N] of a column. `decimal` is the mark of its written numbers.

    `na_values` are holes by request; if there are to be none, () , nothing but an empty cell is one.
    """

    def __init__(
        self,
        name: str,
        series: pd.Series,
        decimal: str = ".",
        thousands: str | None = None,
        na_values: tuple[str, ...] | None = None,
    ):
        self.name, self.decimal, self.thousands, self.na_values = name, decimal, thousands, na_values
        self.series = with_dates_written(series.astype(object) if str(series.dtype) == "category" else series)

    def __len__(self) -> int:
        return len(self.series)

    def with_decimal(self, decimal: str) -> Column:
        """The same cells, their numbers written with another decimal mark."""
        if decimal == self.decimal:
            return self
        other = Column(self.name, self.series, decimal, self.thousands, self.na_values)
        if "unique" in self.__dict__:
            other.__dict__["unique"] = self.unique
        return other

    def example(self, which: Callable[[str], bool]) -> tuple[str, float]:
        """The first text that is such a number, and the number; "" if there is none."""
        pairs = zip(self.unique[0], self._counts, self._numbers, strict=True)
        fitting = ((text, x) for text, n, x in pairs if n and x == x and isinstance(text, str) and which(text))
        return next(fitting, ("", np.nan))

    @cached_property
    def is_text(self) -> bool:
        """Whether cells must be looked at (words, mixed objects); they are no numbers yet."""
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        return not (is_numeric_dtype(self.series.dtype) or is_bool_dtype(self.series.dtype))

    @cached_property
    def odd(self) -> Any:
        """A cell that is neither number nor text, such as a date or a list; None if there is none."""
        return None if self._odd_row is None else self.series.iloc[self._odd_row]

    @cached_property
    def _odd_row(self) -> int | None:
        if not self.is_text or self.is_strings:
            return None
        rows = np.flatnonzero(~self.series.isna().to_numpy(bool))
        cells = zip(rows, self.series.iloc[rows], strict=True)
        return next((int(row) for row, cell in cells if not isinstance(cell, (str, Number, np.bool_))), None)

    @cached_property
    def is_strings(self) -> bool:
        """Whether the dtype says that every cell is text or a hole."""
        import pandas as pd

        return isinstance(self.series.dtype, pd.StringDtype)

    @cached_property
    def unique(self) -> tuple[list[Any], np.ndarray]:
        """(the different cells as they stand, text without the blanks around it, [N] position in them or -1)."""
        import pandas as pd

        self.check()
        cells = self.series
        if self.is_text and not self.is_strings:  # 1 and True are one key of a dictionary
            cells = cells.map(lambda cell: str(cell) if isinstance(cell, (bool, np.bool_)) else cell)
        codes, found = pd.factorize(cells)
        values = [value.strip() if isinstance(value, str) else value for value in found]
        blank = np.array([value == "" or self._named_hole(value) for value in values] + [True], bool)
        return values, np.where(blank[codes], -1, codes)

    def _named_hole(self, value: Any) -> bool:
        return any(value == na or parse(na) == parse(value) is not None for na in self.na_values or ())

    def _spread(self, values: np.ndarray, hole: Any) -> np.ndarray:
        """[N] of one value for each different cell."""
        codes = self.unique[1]
        return np.append(values, np.array([hole], values.dtype))[np.where(codes < 0, len(values), codes)]

    @cached_property
    def _counts(self) -> np.ndarray:
        """How many cells hold each different value."""
        values, codes = self.unique
        return np.bincount(codes[codes >= 0], minlength=len(values))

    @cached_property
    def typed(self) -> np.ndarray | None:
        """[N] float64 with NaN for a hole, if every cell is a number as computers write it; else None.

        The quick way for columns that need no looking at.
        """
        if not self.is_text:
            values = self.series.to_numpy(np.float64, na_value=np.nan)
        else:
            from runner.data.reading.quick_numbers import cast

            values = cast(self.series, self.decimal) if self.is_strings else None
        for number in map(parse, self.na_values or ()):
            values = values if values is None or number is None else np.where(values == number, np.nan, values)
        return values

    def read(self, decimal: str) -> np.ndarray:
        """The number of each different cell, NaN where it is none; true and false are numbers if nothing else is."""
        values = self.unique[0]
        found = [TRUTH.get(str(value).lower()) for value in values]
        if not self.is_true_or_false:
            found = [self._number(value, decimal) for value in values]
        return np.array([np.nan if value is None else value for value in found], np.float64)

    def _number(self, value: Any, decimal: str) -> float | None:
        return parse_written(value, decimal, self.thousands) if isinstance(value, str) else parse(value)

    @cached_property
    def _numbers(self) -> np.ndarray:
        return self.read(self.decimal)

    @cached_property
    def _stand_ins(self) -> np.ndarray:
        """Which different cells stand for a hole if the rest are numbers: None, null, ? and -."""
        values = self.unique[0]
        possible = () if self.na_values == () else EMPTY_AMONG_NUMBERS
        return np.array([isinstance(value, str) and value.lower() in possible for value in values], bool)

    def share(self, decimal: str) -> float:
        """The share of the cells that are numbers with this decimal mark, of those that could be."""
        counts = np.where(self._stand_ins, 0, self._counts)
        numbers = self._numbers if decimal == self.decimal else self.read(decimal)
        return float(counts[~np.isnan(numbers)].sum() / counts.sum()) if counts.any() else 0.0

    @cached_property
    def is_numeric(self) -> bool:
        """Whether the column is to be read as numbers: so many cells are that the others must be mistakes."""
        return self.typed is not None or self.share(self.decimal) >= MOSTLY

    @cached_property
    def is_all_numbers(self) -> bool:
        """Whether every cell that is no hole is a number."""
        return self.typed is not None or self.share(self.decimal) == 1.0

    @property
    def is_plain_numbers(self) -> bool:
        """Whether text says nothing but numbers, none with zeros in front that a number would lose."""
        is_text = self.is_text and self.odd is None and not self.is_true_or_false
        return is_text and self.is_all_numbers and not self.spelling.width

    @cached_property
    def is_true_or_false(self) -> bool:
        """Whether every cell that is no hole says true or false."""
        return bool(self.here) and all(str(value).lower() in TRUTH for value in self.here)

    @cached_property
    def here(self) -> list[Any]:
        """The different cells, but for those that stand for a hole among numbers."""
        kept = (self._counts > 0) & ~self._stand_ins
        return [value for value, is_kept in zip(self.unique[0], kept, strict=True) if is_kept]

    @cached_property
    def holes(self) -> np.ndarray:
        """[N] whether a cell is a hole."""
        if self.typed is not None:
            return np.isnan(self.typed)
        stand_ins = self._stand_ins if self.is_all_numbers else np.zeros(len(self._stand_ins), bool)
        return self._spread(stand_ins, True)

    @property
    def is_empty(self) -> bool:
        """Whether the column has nothing but holes."""
        return bool(self.holes.all())

    def check(self) -> None:
        """DataError if the column holds dates, lists or anything else that is neither number nor text."""
        if self._odd_row is not None:
            raise CellError(
                f"column {self.name!r} holds values of type {type(self.odd).__name__} ({{row}}); numbers, text and "
                f"true/false are understood. Convert it, or leave it out: {told('dataset.drop', [self.name])}",
                self._odd_row,
            )

    def numbers(self, advice: str = "") -> np.ndarray:
        """[N] float64, NaN for a hole; CellError naming the first text or infinity.

        `advice` is what to do about text, if it is not that of an input column in training.
        """
        values = self.loose_numbers()
        if self.typed is None:
            self._refuse_words(values, advice)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise CellError(
                f"column {self.name!r} holds an infinite value ({values[infinite[0]]}) in {{row}}. "
                "Replace it by a number, or leave the cell empty.",
                int(infinite[0]),
            )
        return values

    def loose_numbers(self) -> np.ndarray:
        """[N] float64, NaN for a hole and for what is no number."""
        return self.typed if self.typed is not None else self._spread(self._numbers, np.nan)

    def _refuse_words(self, values: np.ndarray, advice: str) -> None:
        words = np.flatnonzero(np.isnan(values) & ~self._spread(self._stand_ins, True))
        if len(words):
            row = int(words[0])
            cells = [str(self.unique[0][code]) for code in self.unique[1][words]]
            also, hole = strays(cells)
            advice = advice or (
                f"Correct it, leave the cell empty, say that it means nothing: {hole}, or take the column as "
                f"categories: {told('dataset.categorical', [self.name])}"
            )
            raise CellError(f"column {self.name!r} holds numbers, but {cells[0]!r} in {{row}}{also}. {advice}", row)

    def rows_of_words(self) -> np.ndarray:
        """The rows of the cells that are neither numbers nor holes."""
        numbers = np.full(len(self.unique[0]), np.nan) if self.is_true_or_false else self._numbers
        return np.flatnonzero(~self._spread(~np.isnan(numbers), True) & ~self.holes)

    @cached_property
    def spelling(self) -> Spelling:
        """How the words of this column are spelt."""
        return spelling_of(self.here, self.is_all_numbers, self.is_true_or_false)

    def words(self, spelling: Spelling | None = None) -> np.ndarray:
        """[N] objects: text, None for a hole, spelt as in this column or as `spelling` says."""
        spelt = [word(value, spelling or self.spelling, self.decimal, self.thousands) for value in self.unique[0]]
        words = self._spread(np.array([*spelt, None], object)[:-1], None)
        words[self.holes] = None
        return words
