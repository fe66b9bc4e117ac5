"""One way of writing each word of a column, so that a value is the same category whatever it comes in."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from runner.data.reading.written_numbers import is_bare, parse

TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Spelling:
    """How the words of a column are spelt; of a column that further tables have too, it is that of the training."""

    width: int = 0  # whole numbers have so many digits, with zeros in front
    numbers: bool = False  # every cell is a number: 0.50 and .5 are one word
    true: str = ""  # how a column of nothing else says true
    false: str = ""


def spelling_of(values: Sequence[Any], are_numbers: bool, are_truth: bool) -> Spelling:
    """The spelling of a column with these different cells. Zeros in front count if all numbers are as wide."""
    if are_truth:
        said = {str(value).lower(): str(value) for value in values}
        return Spelling(true=said.get("true", ""), false=said.get("false", ""))
    texts = [value for value in values if isinstance(value, str)]
    digits = [text for text in texts if text.isdecimal() or parse(text) is not None]
    as_wide = all(text.isdecimal() and len(text) == len(digits[0]) for text in digits)
    padded = as_wide and any(text[0] == "0" and len(text) > 1 for text in digits)
    return Spelling(len(digits[0]) if padded else 0, numbers=are_numbers and all(map(is_bare, texts)))


def alike(words: Iterable[str | None]) -> list[str]:
    """Words of which another differs in upper and lower case or in blanks only, in the order of the alphabet."""
    groups: dict[str, list[str]] = {}
    for each in sorted(set(filter(None, words))):
        groups.setdefault("".join(each.casefold().split()), []).append(each)
    return [each for group in groups.values() if len(group) > 1 for each in group]


def word(value: Any, spelling: Spelling, decimal: str, thousands: str | None) -> str:
    """The one way of writing a cell that is no hole."""
    if str(value).lower() in TRUTH:
        return (spelling.true if TRUTH[str(value).lower()] else spelling.false) or str(value)
    if not isinstance(value, str):
        return str(int(value)).zfill(spelling.width) if float(value).is_integer() else str(value)
    if found := _whole(decimal).fullmatch(value):
        return ("-" if found[1] == "-" and int(found[2]) else "") + found[2].zfill(spelling.width)
    number = parse(value, decimal, thousands) if spelling.numbers and is_bare(value) else None
    return value if number is None or not math.isfinite(number) else word(number, spelling, decimal, thousands)


@cache
def _whole(decimal: str) -> re.Pattern[str]:
    return re.compile(rf"([+-]?)0*(\d+)(?:{re.escape(decimal)}0*)?")
