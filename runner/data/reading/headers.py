"""The names of the columns of a text file: from its header, or made where it has none."""

from __future__ import annotations

from pathlib import Path

from runner.data.reading.guessing import Found, stands_above
from runner.data.reading.lines import plain
from runner.errors import DataError

ROW_NAMES = "rownames"


def column_names(found: Found, path: Path) -> tuple[list[str], int, list[str]]:
    """(names as they stand, "" where there is none; line from which the rows begin; what was decided).

    DataError for a second header below the first, names that stand twice, and a header line that is not there.
    """
    line, quote = found.dialect.header or 0, found.dialect.quote or ""
    below = [(number, row) for number, row in found.rows if number > line]
    if not line:
        names = [f"c{i + 1}" for i in range(found.width)]
        shown = ", ".join(found.rows[0][1])[:40]
        note = f"no header: line {found.rows[0][0]} holds data ({shown}), so the columns are c1 to {names[-1]}"
        return names, found.rows[0][0], [f"{note} (else: dataset.header={found.rows[0][0]})"]
    header = next((row for number, row in found.rows if number == line), None)
    if header is None:
        raise DataError(f"dataset.header={line}: line {line} of {path} is empty, left out or not among the first.")
    names = [plain(field, quote) for field in header]
    notes = [f"header: line {line}"] if number_of(found, line) > 0 else []
    are_named = found.width == len(names) + 1 and not found.is_torn
    if below and are_named and any(row[-1] for _, row in below if len(row) == found.width):
        first = [row[0] for _, row in below]
        if len(set(first)) == len(first):
            free = ROW_NAMES if ROW_NAMES not in names else f"{ROW_NAMES} of the file"
            names = [free, *names]
            notes.append(f"the rows have one cell more than the header: the first is their name, column {free!r}")
    _refuse_twice(names, path)
    _refuse_second([(number, [plain(field, quote) for field in row]) for number, row in below], len(names), path)
    end = line + sum(field.count("\n") for field in header)
    return names, (below[0][0] if below else end + 1), notes


def number_of(found: Found, line: int) -> int:
    """How many records stand above a line."""
    return sum(number < line for number, _ in found.rows)


def _refuse_twice(names: list[str], path: Path) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        more = f" (also {', '.join(map(repr, twice[1:]))})" if twice[1:] else ""
        raise DataError(
            f"{path} has more than one column named {twice[0]!r}{more}. Rename or remove the others, or name the line "
            "with the names: dataset.header=LINE"
        )


def _refuse_second(below: list[tuple[int, list[str]]], width: int, path: Path) -> None:
    """DataError if the first row stands above the others like a header: units, or further names."""
    if stands_above([row for _, row in below], width):
        line, row = below[0]
        raise DataError(
            f"{path}, line {line}: {', '.join(filter(None, row))[:60]!r} stands where the rows below have numbers: a "
            f"second header line? Remove it, or take it for the header: dataset.header={line}"
        )
