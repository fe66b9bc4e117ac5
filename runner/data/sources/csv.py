"""A data set of your own in a CSV file."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import integer, register, text, texts
from runner.data.reading.dialect import NAMES, Dialect
from runner.data.sources.table_file import TableFile
from runner.errors import ConfigError

READING = ("separator", "decimal", "thousands", "encoding", "na_values", "comment", "header", "quote")
ONE = {  # key -> what it allows
    "separator": "one character other than a quote, for example dataset.separator=';', tab, blanks",
    "decimal": "point or comma",
    "thousands": "one character other than the decimal mark, for example point, comma, blank, apostrophe, or none",
    "quote": "one character, single, double or none",
}


@register("dataset", "csv")
@dataclass
class CSV(TableFile):
    """A table from a CSV file, also packed, or an Excel sheet: dataset.path=FILE dataset.target=COLUMN.

    How it is written is found, and said where it is not as usual; each key below says it instead.
    """

    separator: str | None = text(
        None, optional=True, help="between columns: a character, tab or blanks; null = comma, semicolon, ..., as found"
    )
    decimal: str | None = text(None, optional=True, help="decimal mark, point or comma; null = as found")
    thousands: str | None = text(
        None, optional=True, help="mark between thousands: comma, point, blank, apostrophe or none; null = as found"
    )
    encoding: str | None = text(None, optional=True, help="such as utf-8, latin-1, cp1252; null = as found")
    na_values: list[str] | None = texts(
        None,
        optional=True,
        help="texts that are holes too; [] = only empty cells are; null = NA, NaN, among numbers ? - null",
    )
    comment: str | None = text(
        None, optional=True, help="lines that start with it are left out, or none; null = as found"
    )
    header: int | None = integer(
        None, ge=0, optional=True, help="line with the names of the columns, 0 = none; null = as found"
    )
    quote: str | None = text(None, optional=True, help="around texts with separators in them, or none; null = as found")

    def keys(self) -> Dialect:
        """What was typed; ConfigError for a mark that cannot be."""
        marks = {key: NAMES.get(str(getattr(self, key)), getattr(self, key)) for key in ONE}
        wrong = [key for key, mark in marks.items() if mark is not None and not self._fits(key, mark)]
        if wrong:
            raise ConfigError(
                [
                    f"dataset.{key} = {getattr(self, key)!r}: must be {ONE[key]}, or null to have it found"
                    for key in wrong
                ]
            )
        na_values = None if self.na_values is None else tuple(self.names("na_values"))
        comment = NAMES.get(str(self.comment), self.comment)
        return Dialect(**marks, encoding=self.encoding, na_values=na_values, comment=comment, header=self.header)

    def _fits(self, key: str, mark: str) -> bool:
        one = len(mark) == 1 and mark.isascii() and mark not in "\r\n"
        if key == "separator":
            return one and mark != '"'
        if key == "decimal":
            return mark in (".", ",")
        return mark == "" or (one and mark != NAMES.get(str(self.decimal), self.decimal))
