"""An Excel sheet as a table: the cells as they are, below a header that is found as in a text file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.data.reading.dialect import Dialect
from runner.data.reading.guessing import Found, header_line
from runner.data.reading.headers import column_names
from runner.data.reading.text_tables import holes
from runner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 200  # rows that are looked at for the header


def read_sheet(raw: bytes, path: Path, keys: Dialect) -> tuple[pd.DataFrame, list[str], list[int]]:
    """(the first sheet that has cells, what was decided, the line of each row); DataError if there is none.

    Text that means a hole in a text file (NA) is one here: Excel has no quotes to tell them apart.
    """
    sheets = _sheets(raw, path, holes(keys))
    filled = {name: rows for name, rows in sheets.items() if rows}
    if not filled:
        raise DataError(f"{path} has no sheet with cells ({', '.join(sheets)}).")
    name, numbered = next(iter(filled.items()))
    notes = [f"sheet {name!r} of {len(filled)}: {', '.join(filled)}"] if len(filled) > 1 else []
    width = sorted(len(row) for _, row in numbered[:SAMPLE])[-2:][0]  # one row may hold a remark beside the table
    shown = [(line, _texts(row, width)) for line, row in numbered[:SAMPLE]]
    header = header_line(shown, width, "") if keys.header is None else keys.header
    names, start, found = column_names(Found(Dialect(header=header, quote=""), shown, width), path)
    kept = [(line, row + [None] * (len(names) - len(row))) for line, row in numbered if line >= start]
    return _frame(names, [row for _, row in kept]), notes + found, [line for line, _ in kept]


def _sheets(raw: bytes, path: Path, empty: tuple[str, ...]) -> dict[str, list[tuple[int, list[Any]]]]:
    """(line, cells) of each row that is not empty, by sheet; empty cells at its end are left out."""
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(
            f"{path} is an Excel workbook, which takes openpyxl to read: pip install 'runner[excel]', or save the "
            "sheet as CSV."
        ) from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        return {sheet.title: _rows(sheet.iter_rows(values_only=True), empty) for sheet in book.worksheets}
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError) as error:
        raise DataError(f"{path} is an Excel workbook that cannot be read ({error}). Save it again.") from error


def _rows(rows, empty: tuple[str, ...]) -> list[tuple[int, list[Any]]]:
    found = []
    for line, row in enumerate(rows, 1):
        cells = [None if isinstance(cell, str) and cell.strip() in empty else cell for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            found.append((line, cells))
    return found


def _texts(row: list[Any], width: int) -> list[str]:
    """The cells as text; a row ends where its cells do, so that of more than one may have ended early."""
    texts = ["" if cell is None else str(cell) for cell in row]
    return texts + [""] * (width - len(row)) if sum(map(bool, texts)) > 1 else texts


def _frame(names: list[str], rows: list[list[Any]]) -> pd.DataFrame:
    """Columns of numbers where all cells are numbers, else of objects; columns without name and cells are left out."""
    import pandas as pd

    columns = {}
    for i, name in enumerate(names):
        cells = [row[i] for row in rows]
        if name or any(cell is not None for cell in cells):
            columns[name or f"Unnamed: {i}"] = pd.Series(cells, dtype=object).infer_objects()
    return pd.DataFrame(columns)
