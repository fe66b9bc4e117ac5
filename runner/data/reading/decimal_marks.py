"""Which of point and comma is the decimal mark of each column of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from runner.data.reading.columns import MOSTLY, Column
from runner.data.reading.dialect import shown
from runner.data.reading.written_numbers import is_notable

OTHER = {".": ",", ",": "."}


def with_marks(
    columns: Sequence[Column], typed: str | None, otherwise: str, separator: str | None
) -> tuple[list[Column], str, list[str]]:
    """(the columns, each read with the mark that fits it; the mark of most, "" if none has one; what was decided).

    Columns that fit one mark only decide for those that fit both, then `otherwise`; else it is the point, but the comma
    in a file separated by semicolons. A mark that is typed is that of all.
    """
    marks = [decimal_mark(column) for column in columns]
    votes = Counter(mark for mark in marks if mark in OTHER)
    usual = typed or (votes.most_common(1)[0][0] if votes else otherwise)
    usual = usual or ("," if separator == ";" and "either ," in marks else "")
    found = [
        column.with_decimal(mark if mark in OTHER and not typed else usual or ".")
        for column, mark in zip(columns, marks, strict=True)
    ]
    pairs = list(zip(found, marks, strict=True))
    unsure = [] if typed or votes else [column for column, mark in pairs if mark.startswith("either")]
    used = {column.decimal for column, mark in pairs if mark}
    notes = [*_either(unsure), *_as_written([column for column in found if column not in unsure])]
    return found, usual if usual in used else next(iter(used), ""), notes


def decimal_mark(column: Column) -> str:
    """The mark in the numbers: "." or ","; "either ." or "either ," if it can be one between thousands; or ""."""
    if not column.is_text or column.odd is not None:
        return ""
    if column.is_strings and column.typed is not None:
        from runner.data.reading.quick_numbers import points

        return points(column.series)
    texts = [value for value in column.here if isinstance(value, str)]
    marks = [mark for mark in OTHER if any(mark in text for text in texts)]
    point, comma = column.share("."), column.share(",")
    if not marks or max(point, comma) < MOSTLY:
        return ""
    if point != comma:
        return "." if point > comma else ","
    return f"either {marks[0]}"


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
