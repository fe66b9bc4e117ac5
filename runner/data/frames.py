"""CSV and Parquet files as pandas tables, with one clear error for each way a file can be wrong."""

from __future__ import annotations

import csv
import hashlib
import io
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from runner.data.files import read_bytes
from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = ",;\t|"
PARQUET = b"PAR1"  # the first four bytes of every Parquet file


def read_frame(
    path: str | Path, text_columns: Collection[str] = (), separator: str | None = None
) -> tuple[pd.DataFrame, str]:
    """(table, sha256 of the file's content) of a CSV file (UTF-8, also .gz) or a Parquet file.

    Without `separator` it is comma, semicolon, tab or bar, whichever the header has most of. The CSV columns in
    `text_columns` stay text as it stands in the file ("007"). DataError if it is unreadable, has no rows, or names
    a column twice.
    """
    path = Path(path)
    raw = read_bytes(path)
    if not raw.strip():
        raise DataError(f"{path} is empty ({len(raw)} bytes). It needs a header line and rows.")
    parquet = raw[:4] == PARQUET or path.suffix.lower() in (".parquet", ".pq")
    frame = _parquet(raw, path) if parquet else _csv(raw, path, text_columns, separator)
    frame.columns = frame.columns.map(str)
    if frame.empty:
        raise DataError(f"{path} has {len(frame.columns)} columns but no rows below the header.")
    return frame, hashlib.sha256(raw).hexdigest()


def _refuse_duplicates(names: list[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path} has more than one column named {twice[0]!r}. Rename or remove the others.")


def _csv(raw: bytes, path: Path, text_columns: Collection[str], separator: str | None) -> pd.DataFrame:
    import pandas as pd

    header, separator = _header(_decode(raw, path), path, separator)
    _refuse_duplicates([name for name in header if name], path)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error", pd.errors.ParserWarning
        )  # pandas cuts rows longer than the header and just warns
        try:
            return pd.read_csv(
                io.BytesIO(raw),
                sep=separator,
                encoding="utf-8-sig",
                dtype=dict.fromkeys(text_columns, str),
                index_col=False,
                low_memory=False,
            )
        except (ValueError, pd.errors.ParserWarning) as error:  # ParserError is a ValueError
            raise DataError(
                f"{path} is not a proper CSV file: {' '.join(str(error).split())}. "
                "Every row needs as many fields as the header; fields with the separator in them go in double quotes."
            ) from error


def _decode(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path} is not UTF-8 text (byte 0x{raw[error.start]:02x} in line {line}). "
            "Save it as UTF-8, for instance: iconv -f latin1 -t utf-8 OLD > NEW"
        ) from error


def _header(content: str, path: Path, separator: str | None) -> tuple[list[str], str]:
    """(column names, separator): the one given, or the candidate that stands most often in the first line."""
    content = content.lstrip("\r\n")
    first = content.split("\n", 1)[0]
    if separator and separator not in first:
        raise DataError(
            f"dataset.separator={separator!r} is not in the header of {path}: {first.strip()[:60]!r}. Set it to what "
            "stands between the columns, or to null to have it found."
        )
    separator = separator or max(SEPARATORS, key=first.count)
    try:
        return next(csv.reader(io.StringIO(content, newline=""), delimiter=separator), []), separator
    except csv.Error as error:
        raise DataError(f"{path} is not a proper CSV file: its header cannot be read ({error}).") from error


def _parquet(raw: bytes, path: Path) -> pd.DataFrame:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(raw))
        _refuse_duplicates(file.schema_arrow.names, path)
        return file.read().to_pandas()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            f"{path} is not a readable Parquet file: {str(error).splitlines()[0]} Write it again."
        ) from error
