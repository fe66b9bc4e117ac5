"""Files as tables, whatever they are: CSV and its kin, Parquet, Excel, also packed; the content tells, not the name."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runner.data.files import ZIP, check_size, only_member, read_bytes
from runner.data.reading.cells import Cells, cells, data_row
from runner.data.reading.dialect import UNSAID, Dialect, Reading, shown
from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PARQUET = b"PAR1"  # the first four bytes of every Parquet file
USUAL = Dialect(",", encoding="utf-8", comment="", quote='"')
TOTALS = {"total", "totals", "grand total", "sum", "gesamt", "summe", "totale", "suma"}


@dataclass
class Read:
    """A file as it was read: cells of text as they stand (NA for a hole), or of types where the file has them."""

    frame: pd.DataFrame
    sha256: str  # of the content, unpacked
    dialect: Dialect = UNSAID  # how a text file is written
    notes: list[str] = field(default_factory=list)  # what was found or decided
    place: Callable[[int], str] = data_row  # a row in words

    def cells(self, keys: Dialect = UNSAID, otherwise: str = "") -> Cells:
        """The columns, with one line on how the file is written before what was decided about each."""
        found = cells(self.frame, keys, otherwise, self.dialect.separator, self.place)
        found.notes = [*self.how(found.decimal), *found.notes]
        return found

    def how(self, decimal: str = "") -> list[str]:
        """How the file is written, where that is not as in most, and what was decided."""
        words = [
            f"{key} {shown(str(value))}"
            for key, value in self.dialect.to_dict().items()
            if key in ("separator", "encoding", "comment", "quote") and value not in ("", getattr(USUAL, key))
        ]
        words += [f"decimal {shown(decimal)}"] * (decimal == ",")
        return [f"read with {', '.join(words)}", *self.notes] if words else self.notes


def read_frame(path: str | Path, keys: Dialect = UNSAID) -> Read:
    """The table in a file; `keys` are what was typed, all else is found.

    DataError if it is unreadable, has no rows, or names a column twice.
    """
    path = Path(path)
    raw = read_bytes(path)
    notes = []
    if raw.startswith(ZIP) and b"opendocument" in raw[:200]:
        raise DataError(f"{path} is an OpenDocument file: save its sheet as .xlsx or CSV.")
    if raw.startswith(ZIP) and not _is_workbook(raw):
        raw, name = only_member(raw, path)
        notes.append(f"read {name} in {path.name}")
    if not raw.strip():
        raise DataError(f"{path} is empty ({len(raw)} bytes). It needs a header line and rows.")
    read = _parsed(raw, path, keys)
    read.notes = [*notes, *read.notes]
    if read.frame.empty:
        raise DataError(f"{path} has {len(read.frame.columns)} columns but no rows below the header.")
    read.notes += _total(read)
    return read


def _is_workbook(raw: bytes) -> bool:
    return b"[Content_Types].xml" in raw[:4096] or b"xl/workbook.xml" in raw


def _parsed(raw: bytes, path: Path, keys: Dialect) -> Read:
    digest = hashlib.sha256(raw).hexdigest()
    if raw.startswith(PARQUET) or path.suffix.lower() in (".parquet", ".pq"):
        return Read(_parquet(raw, path), digest)
    if raw.startswith(ZIP):
        from runner.data.reading.excel import read_sheet

        frame, notes, lines = read_sheet(raw, path, keys)
        return Read(frame, digest, Dialect(), notes, lambda row: f"line {lines[row]}")
    from runner.data.reading.decoding import decode
    from runner.data.reading.text_tables import read_text

    text, encoding = decode(raw, path, keys.encoding)
    table = read_text(text, path, keys)
    dialect = Dialect(encoding=encoding).over(table.dialect)
    return Read(table.frame, digest, dialect, table.notes, lambda row: f"line {table.line(row)}")


def read_further(
    path: str | Path, reading: Reading, needed: Collection[str], keys: Dialect = UNSAID
) -> tuple[Read, Cells]:
    """A file with the columns `needed`, to be read as another was: what was typed for that holds here too.

    What contradicts the file (it cannot be read so, or lacks columns that it has otherwise) is found afresh, and said;
    `keys` are typed for this file and hold in any case.
    """
    as_typed = keys.over(reading.keys)
    afresh = keys.over(Dialect(na_values=reading.keys.na_values, thousands=reading.keys.thousands))
    ways = [as_typed, afresh, *([afresh.over(Dialect(header=0))] if reading.no_header else [])]
    read, problem = _first_fitting(path, ways, needed)
    found = read.cells(keys.over(reading.keys.without("decimal")), reading.keys.decimal or reading.decimal)
    if problem and as_typed != afresh:
        found.notes.insert(0, f"{path} is not written as the training file was said to be: found afresh ({problem})")
    return read, found


def _first_fitting(path: str | Path, ways: Sequence[Dialect], needed: Collection[str]) -> tuple[Read, str]:
    """(the file read in the first way that gives all columns needed, what was wrong with the ways before).

    If none does, the first that can be read at all, without a problem; DataError of the first if none can.
    """
    readable: list[Read] = []
    errors: list[DataError] = []
    problem = ""
    for way in ways:
        try:
            read = read_frame(path, way)
        except DataError as error:
            errors.append(error)
            problem = problem or str(error)
            continue
        missing = [name for name in needed if name not in read.frame.columns]
        if not missing:
            return read, problem
        readable.append(read)
        problem = problem or f"it lacks {missing[0]!r}"
    if not readable:
        raise errors[0]
    return readable[0], ""


def _total(read: Read) -> list[str]:
    """A note on a last row that sums up the others."""
    last = [(name, cell) for name, cell in read.frame.iloc[-1].items() if str(cell).strip(" :").lower() in TOTALS]
    if not any((read.frame[name] == cell).sum() == 1 for name, cell in last):
        return []
    return [f"{read.place(len(read.frame) - 1)} looks like a total: it is kept; remove it if it is no example"]


def _parquet(raw: bytes, path: Path) -> pd.DataFrame:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(raw))
        names = file.schema_arrow.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError(f"{path} has more than one column named {twice[0]!r}. Rename or remove the others.")
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        check_size(path, sum(group.total_byte_size for group in groups), file.metadata.num_rows * len(names))
        frame = file.read().to_pandas()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            f"{path} is not a readable Parquet file: {str(error).splitlines()[0]} Write it again."
        ) from error
    return frame.set_axis(frame.columns.map(str), axis=1)
