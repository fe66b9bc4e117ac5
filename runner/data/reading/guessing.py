"""How a text file is written, found from its first records: comment, quote, separator, line of the header."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.data.reading.dialect import Dialect
from runner.data.reading.lines import ANY, BLANKS, fields, plain, records
from runner.data.reading.written_numbers import parse

SAMPLE = 200  # records that are looked at
EMPTY = ("", "NA", "NaN", "nan", "?", "-")  # what may stand for a hole among numbers
ENOUGH = 5  # rows that can show that the first is not one of them
AGREE = 0.8  # of the records have as many fields as most, if a separator is the right one


@dataclass
class Found:
    """How a file is written, and what stands at its top."""

    dialect: Dialect
    rows: list[tuple[int, list[str]]]  # (line, fields as they stand) of the first records, comments left out
    width: int  # fields that most records have
    is_torn: bool = False  # whether the separator also stands in numbers, as their decimal comma


def guess(text: str, typed: Dialect) -> Found:
    """What `typed` does not say is found."""
    comment = _comment(text) if typed.comment is None else typed.comment
    quote = _quote(text) if typed.quote is None else typed.quote
    sample = list(itertools.islice(uncommented(text, comment, quote), SAMPLE))
    separator = typed.separator or _separator([record for _, record in sample], quote)
    rows = [(line, fields(record, separator, quote)) for line, record in sample]
    width = filled_width(rows)
    is_torn = separator == "," and decimals_are_torn([row for _, row in rows])
    first = rows[0][0] if is_torn else header_line(rows, width, quote)
    header = first if typed.header is None else typed.header
    return Found(typed.over(Dialect(separator, comment=comment, header=header, quote=quote)), rows, width, is_torn)


def uncommented(text: str, comment: str, quote: str, separator: str = ANY) -> Iterator[tuple[int, str]]:
    """The records of a text but for its comments."""
    for line, record in records(text, quote, separator):
        if not (comment and record.lstrip().startswith(comment)):
            yield line, record


def _comment(text: str) -> str:
    """# if the first lines begin with it, and are not simply names of which the first does."""
    lines = [line for line in text[:100_000].split("\n") if line.strip()]
    marked = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    if not marked or len(marked) == len(lines):
        return ""
    last, first = marked[-1], lines[len(marked)]
    is_header = any(last.count(mark) == first.count(mark) > 0 for mark in ANY)
    return "#" if len(marked) > 1 or not is_header else ""


def _quote(text: str) -> str:
    """The single quote if fields begin and end with it and none does with the double one."""
    start = text[:10_000]
    lines = start.split("\n")
    single = sum(line.startswith("'") and line.rstrip().endswith("'") for line in lines)
    return "'" if '"' not in start and single > len(lines) / 2 else '"'


def _separator(sample: list[str], quote: str) -> str:
    """The one by which most records have the same number of fields, at least two; then the one with most fields."""
    scores = {mark: _agreement(sample, mark, quote) for mark in ANY}
    best = max(ANY, key=scores.__getitem__)
    if scores[best][0] >= AGREE:
        return best
    blanks = _agreement(sample[1:] or sample, BLANKS, quote)  # R's header lacks a name for the first
    if len(sample) > 2 and blanks[0] >= AGREE and not any(mark in sample[0] for mark in ",;|"):
        return BLANKS
    return max(ANY, key=sample[0].count)


def _agreement(sample: list[str], separator: str, quote: str) -> tuple[float, int]:
    """(share of the records with the most frequent number of fields, that number); (0, 1) if that is one."""
    counts = Counter(len(fields(record, separator, quote)) for record in sample)
    width, records_with = counts.most_common(1)[0]
    return (records_with / len(sample), width) if width > 1 else (0.0, 1)


def decimals_are_torn(rows: list[list[str]]) -> bool:
    """Whether the rows have more fields than the header as commas within numbers, unquoted, are taken for separators.

    One field more can be the name of the row; then digits that begin with a zero tell.
    """
    header, *others = (_without_end(row) for row in rows)
    longer = [row for row in others if len(row) > len(header)]
    if not longer or len(longer) < AGREE * len(others) or any(number(word) is not None for word in header):
        return False
    parts = [[b for a, b in itertools.pairwise(row) if a.lstrip("+-").isdecimal() and b.isdecimal()] for row in longer]
    more = Counter(map(len, longer)).most_common(1)[0][0] - len(header)
    return all(parts) and (more > 1 or any(len(b) > 1 and b[0] == "0" for found in parts for b in found))


def _without_end(row: list[str]) -> list[str]:
    """A row without the empty fields at its end."""
    return row[: max((i + 1 for i, field in enumerate(row) if field), default=0)]


def filled_width(rows: list[tuple[int, list[str]]]) -> int:
    """The number of fields that most rows have, the first ones aside, which may be titles; or the first row, if the
    fields that others have beyond it are all empty.
    """
    usual = Counter(len(row) for _, row in rows[len(rows) // 4 :]).most_common(1)[0][0]
    first = len(rows[0][1])
    is_all = 1 < first < usual and all(len(_without_end(row)) <= first for _, row in rows)
    return first if is_all else usual


def header_line(rows: list[tuple[int, list[str]]], width: int, quote: str) -> int:
    """The line with the names: the first that is no title; 0 if it holds data."""
    words = [[plain(field, quote) for field in row] for _, row in rows]
    filled = [sum(map(bool, row)) for row in words]
    usual = Counter(filled[len(filled) // 4 :]).most_common(1)[0][0]
    for place, row in enumerate(words):
        if (len(row) == width) if width < 3 else (filled[place] >= max(2, usual - 1) and len(row) >= width - 1):
            below = words[place + 1 :]
            is_apart = below and rows[place + 1][0] > rows[place][0] + 1
            if not ((len(row) < width or is_apart) and stands_above(below, width, 1)):  # else a title
                return 0 if _is_data(row, below) else rows[place][0]
    return rows[0][0]


def stands_above(rows: list[list[str]], width: int, least: int = 2) -> bool:
    """Whether the first row has words or nothing wherever those below have numbers, as a header has.

    One stray word is no header: there are at least `least`, or nothing stands in the other columns.
    """
    whole = [row for row in rows if len(row) == width]
    if len(whole) < ENOUGH or len(rows[0]) != width or all(number(word) is not None for word in rows[0]):
        return False
    numeric = [are_numbers(column) for column in zip(*whole[1:], strict=True)]
    words = [word for word, is_numeric in zip(rows[0], numeric, strict=True) if is_numeric]
    others = [word for word, is_numeric in zip(rows[0], numeric, strict=True) if not is_numeric]
    is_number = any(number(word) is not None for word in words)
    return len(words) >= (least if any(others) else 1) and not is_number and not all(word in EMPTY for word in words)


def _is_data(first: list[str], below: list[list[str]]) -> bool:
    """Whether a row is one of those below rather than their names.

    It is if it has numbers wherever they have, and these are not names: names count up (years; 0, 1, 2; wavelengths).
    So it is if a word of it comes again below; of a table without numbers, if all do.
    """
    columns = list(zip(*(row for row in below if len(row) == len(first)), strict=True))
    if not columns or len(columns[0]) < 2:
        return False
    numeric = [are_numbers(column) for column in columns]
    given = [number(word) for word, is_numeric in zip(first, numeric, strict=True) if is_numeric]
    heads = [head for head in given if head is not None]
    others = [word for word, is_numeric in zip(first, numeric, strict=True) if not is_numeric]
    again = [bool(word) and word in column for word, column, n in zip(first, columns, numeric, strict=True) if not n]
    if not given:
        return len(again) > 1 and all(again)
    if len(heads) < len(given):
        return False
    steps = {b - a for a, b in itertools.pairwise(heads)}
    are_even = len(steps) < 2 and heads[0] == int(heads[0]) and (len(heads) > 2 or steps <= {1.0})
    count_up = all(step > 0 for step in steps) and (are_even or len(heads) > 5) and (others or len(heads) > 1)
    return any(again) or not count_up


def are_numbers(column: Sequence[str]) -> bool:
    """Whether what is written in a column are numbers, but for a tenth."""
    filled = [word for word in column if word not in EMPTY]
    return bool(filled) and sum(number(word) is not None for word in filled) >= 0.9 * len(filled)


def number(word: str) -> float | None:
    """The number in a word, whichever its decimal mark is; None if there is none."""
    if word.isdecimal():
        return float(word)
    found = parse(word)
    return parse(word, ",") if found is None else found
