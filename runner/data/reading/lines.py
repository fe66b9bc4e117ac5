"""Text as records (rows, which may go over several lines) and their fields as they stand, quotes included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

BLANKS = " "  # as a separator: any run of blanks and tabs
ANY = ",;\t|"  # what may separate fields, before it is known


def records(text: str, quote: str, separator: str = ANY) -> Iterator[tuple[int, str]]:
    """(number of its first line from 1, record) for each line that is not blank; a quoted field may hold line ends.

    A record whose quote is never closed ends with the text, and is told by `is_open`.
    """
    start, is_within = 1, False
    parts: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        start = start if parts else number
        parts.append(line)
        is_within = is_open(line, quote, separator, is_within)
        if not is_within:
            record, parts = "\n".join(parts).removesuffix("\r"), []
            if record.strip():
                yield start, record
    if parts:
        yield start, "\n".join(parts)


def is_open(line: str, quote: str, separator: str = ANY, is_within: bool = False) -> bool:
    """Whether a quoted field goes on after the line. A quote within a field (5'10") opens nothing."""
    if not quote or quote not in line:
        return is_within
    place = 0
    while found := (re.compile(f"{quote}+") if is_within else _opening(quote, separator)).search(line, place):
        is_within = not is_within if not is_within or len(found[0]) % 2 else is_within  # "" within is a quote
        place = found.end()
    return is_within


@cache
def _opening(quote: str, separator: str) -> re.Pattern[str]:
    """A quote at the start of a field."""
    return re.compile(rf"(?:^|[{re.escape(separator)}]) *{quote}")


@cache
def _field(separator: str, quote: str) -> re.Pattern[str]:
    quoted = rf"{quote}(?:[^{quote}]|{quote}{quote})*{quote}" if quote else "(?!)"
    if separator == BLANKS:
        return re.compile(rf"{quoted}(?=[ \t]|$)|[^ \t]+")
    return re.compile(
        rf"(?:^|{re.escape(separator)})[ ]*({quoted}(?=[ ]*(?:{re.escape(separator)}|$))|[^{re.escape(separator)}]*)"
    )


def fields(record: str, separator: str, quote: str) -> list[str]:
    """The fields of a record as they stand; blanks around them are left out."""
    return [field.strip(" ") for field in _field(separator, quote).findall(record)]


def plain(field: str, quote: str) -> str:
    """What a field says, without its quotes."""
    if quote and len(field) > 1 and field[0] == quote == field[-1]:
        return field[1:-1].replace(quote * 2, quote)
    return field.strip()
