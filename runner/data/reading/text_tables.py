"""A text file as a table of text: the header, the rows below it, and what about them was mended and said."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.data.files import check_size
from runner.data.reading.dialect import Dialect, shown
from runner.data.reading.guessing import guess, uncommented
from runner.data.reading.headers import column_names
from runner.data.reading.lines import ANY, BLANKS, fields, is_open, records
from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

HOLES = ("", "NA", "NaN", "nan", "N/A", "n/a", "#N/A", "#NA", "<NA>", "-NaN", "-nan")  # where they are not quoted
BLOCK = 1 << 28  # bytes that pyarrow looks at together; no row may be longer
FIX = "Every row needs as many fields as the header; fields with the separator in them go in double quotes."


@dataclass
class TextTable:
    """Columns of text with NA for a hole, how the file is written, what was decided, and row -> line."""

    frame: pd.DataFrame
    dialect: Dialect
    notes: list[str]
    line: Callable[[int], int]


def read_text(text: str, path: Path, typed: Dialect) -> TextTable:
    """The table in a text; what `typed` does not say is found. DataError naming the line at fault."""
    text = text if "\n" in text else text.replace("\r", "\n")  # lines as on old Macs
    if text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):  # Excel's way to name the separator
        text, typed = text[5:], typed.over(Dialect(separator=text[4]))
    if not text.strip(" \r\n\t\ufeff") or not any(uncommented(text, typed.comment or "", "")):
        raise DataError(f"{path} is empty, but for blanks and comments. It needs a header line and rows.")
    found = guess(text, typed)
    dialect = found.dialect
    check_size(path, len(text), text.count(dialect.separator or ",") + text.count("\n"))
    _refuse_open(text, dialect, path)
    if typed.separator and all(len(row) == 1 for _, row in found.rows):
        raise DataError(
            f"dataset.separator={typed.separator!r} is not in the header of {path}: "
            f"{text.lstrip().splitlines()[0][:60]!r}. Set it to what stands between the columns, or to null to have it "
            "found."
        )
    names, start, notes = column_names(found, path)
    width = len(names)
    is_regular = not dialect.comment and all(len(row) == width for line, row in found.rows if line >= start)
    rows = Rows(text, start, dialect, names, path)
    table = rows.as_they_stand() if is_regular and not _has_blanks(text, dialect) else None
    table = rows.mended() if table is None else table
    frame, kept = _without_empty(table, rows, notes)
    if rows.short:
        notes.append(
            f"rows that end early, whose last cells are holes: {len(rows.short):,} (first: line {rows.short[0]})"
        )
    return TextTable(frame, dialect, notes, lambda row: rows.line(int(kept[row])))


def _refuse_open(text: str, dialect: Dialect, path: Path) -> None:
    """DataError for a quote that is never closed, which would hide the rows below it."""
    quote, separator = dialect.quote or "", dialect.separator or ANY
    if quote and text.count(quote) % 2:
        *_, (line, last) = records(text, quote, separator)
        if is_open(last.replace("\n", " "), quote, separator):
            what = "its header cannot be read: " if line == 1 else ""
            raise DataError(
                f"{path} is not a proper CSV file: {what}a quote ({quote}) in line {line} is never closed. Close or "
                "remove it; where quotes are part of the text: dataset.quote=none"
            )


def _has_blanks(text: str, dialect: Dialect) -> bool:
    """Whether fields are apart by blanks, or have blanks before them, which must go before quotes are understood."""
    return dialect.separator == BLANKS or f"{dialect.separator} " in text[:100_000]


@dataclass
class Rows:
    """The rows of a text from line `start` on."""

    text: str
    start: int
    dialect: Dialect
    names: list[str]
    path: Path

    def __post_init__(self):
        self.lines: list[int] | None = None  # of each row; None: to be counted when it is asked for
        self.short: list[int] = []  # lines with fewer fields than there are names
        self.quote = self.dialect.quote or ""

    def _records(self):
        found = uncommented(self.text, self.dialect.comment or "", self.quote, self.dialect.separator or ANY)
        return itertools.dropwhile(lambda each: each[0] < self.start, found)

    def line(self, row: int) -> int:
        """The line in which a row begins."""
        if self.lines:
            return self.lines[row]
        return next((line for line, _ in itertools.islice(self._records(), row, None)), self.start + row)

    def as_they_stand(self) -> pa.Table | None:
        """The rows, if each has a field for each name; else None."""
        *above, below = self.text.split("\n", self.start - 1)
        return _parse(
            below if len(above) == self.start - 1 else "", self.dialect.separator or ",", self.dialect, self.names
        )

    def mended(self) -> pa.Table:
        """The rows with short ones filled up, blanks around fields and empty cells beyond the header left out."""
        mark = "\t" if self.dialect.separator == BLANKS else self.dialect.separator or ","
        lines, rows = [], []
        for line, record in self._records():
            row = fields(record, self.dialect.separator or ",", self.quote)
            while len(row) > len(self.names) and not row[-1]:
                row.pop()
            if len(row) > len(self.names):
                raise self._too_long(line, row)
            if len(row) < len(self.names):
                self.short.append(line)
            lines.append(line)
            rows.append(mark.join(row + [""] * (len(self.names) - len(row))))
        self.lines = lines
        table = _parse("\n".join(rows), mark, self.dialect, self.names)
        if table is None:
            raise DataError(f"{self.path} is not a proper CSV file: its rows do not fit its header. {FIX}")
        return table

    def _too_long(self, line: int, row: list[str]) -> DataError:
        comma = self.dialect.separator == "," and len(row) > len(self.names) and _digits(row)
        why = (
            " If numbers have decimal commas, they need quotes, or another separator between columns." if comma else ""
        )
        return DataError(
            f"{self.path} is not a proper CSV file: line {line} has {len(row)} fields, the header {len(self.names)}"
            f" (separator: {shown(self.dialect.separator or ',')}). {FIX}{why}"
        )


def _digits(row: list[str]) -> bool:
    """Whether neighbouring fields can be a number with a decimal comma."""
    return any(a.lstrip("+-").isdecimal() and b.isdecimal() for a, b in itertools.pairwise(row))


def holes(keys: Dialect) -> tuple[str, ...]:
    """The texts that are holes in every column, if they are not quoted."""
    return HOLES[:1] if keys.na_values == () else HOLES


def _parse(text: str, separator: str, dialect: Dialect, names: list[str]) -> pa.Table | None:
    """Columns of text, named by position; None if a row has more or fewer fields than there are names."""
    import pyarrow as pa
    from pyarrow import csv

    bad: list[Any] = []

    def skip(row: Any) -> str:
        bad.append(row)
        return "skip"

    columns = [str(i) for i in range(len(names))]
    raw = text.encode() + b"\n"  # pyarrow takes an empty cell at the end of the text for quoted
    if not raw.strip():
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    table = csv.read_csv(
        io.BytesIO(raw),
        csv.ReadOptions(column_names=columns, block_size=min(max(len(raw), 1024), BLOCK)),
        csv.ParseOptions(
            delimiter=separator,
            quote_char=dialect.quote or False,
            newlines_in_values=True,
            invalid_row_handler=skip,
        ),
        csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            null_values=list(holes(dialect)),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return None if bad else table


def _without_empty(table: pa.Table, rows: Rows, notes: list[str]) -> tuple[pd.DataFrame, Any]:
    """(the table without rows that are empty and columns that have neither name nor cell, rows kept)."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    frame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get)
    holes = np.ones(len(frame), bool)
    for column in table.columns:
        holes &= column.is_null().to_numpy()
    kept = np.flatnonzero(~holes)
    if holes.any():
        first = rows.line(int(np.flatnonzero(holes)[0]))
        notes.append(f"empty rows are left out: {int(holes.sum()):,} (first: line {first})")
    names = [name or f"Unnamed: {i}" for i, name in enumerate(rows.names)]
    frame = (frame.iloc[kept].reset_index(drop=True) if holes.any() else frame).set_axis(names, axis=1)
    nameless = [name for name, given in zip(names, rows.names, strict=True) if not given and frame[name].isna().all()]
    if nameless and len(kept):
        notes.append(f"columns without name and content are left out: {len(nameless)}")
        frame = frame.drop(columns=nameless)
    return frame, kept
