"""The names of the columns of a text file: from its header, or made where it has none."""

from __future__ import annotations

from pathlib import Path

from runner.data.guessing import EMPTY, Found, are_numbers, number
from runner.data.lines import plain
from runner.errors import DataError

ROW_NAMES = "rownames"
ENOUGH = 5  # rows that can show that the first is not one of them


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
    if below and found.width == len(names) + 1 and any(row[-1] for _, row in below if len(row) == found.width):
        first = [row[0] for _, row in below]
        if len(set(first)) == len(first):
            names = [ROW_NAMES, *names]
            notes.append(f"the rows have one cell more than the header: the first is their name, column {ROW_NAMES!r}")
    _refuse_twice(names, path)
    _refuse_second([(number, [plain(field, quote) for field in row]) for number, row in below], len(names), path)
    return names, (below[0][0] if below else line + 1), notes


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
    """DataError if the first row has words or nothing wherever the others have numbers: units, or further names."""
    rows = [row for _, row in below if len(row) == width]
    if len(rows) < ENOUGH or len(below[0][1]) != width or all(number(word) is not None for word in rows[0]):
        return
    numeric = [are_numbers(column) for column in zip(*rows[1:], strict=True)]
    words = [word for word, is_numeric in zip(rows[0], numeric, strict=True) if is_numeric]
    others = [word for word, is_numeric in zip(rows[0], numeric, strict=True) if not is_numeric]
    enough = 2 if any(others) else 1  # one stray word is no header
    if len(words) >= enough and not any(map(_is_number, words)) and not all(word in EMPTY for word in words):
        raise DataError(
            f"{path}, line {below[0][0]}: {', '.join(filter(None, words))[:60]!r} stands where the rows below have "
            f"numbers: a second header line? Remove it, or take it for the header: dataset.header={below[0][0]}"
        )


def _is_number(word: str) -> bool:
    return number(word) is not None
