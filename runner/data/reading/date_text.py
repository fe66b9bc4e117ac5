"""Dates as people write them, as seconds since 1970 in UTC.

Read are: 2020-01-31 (also with / or .), 2020-01, 2020 Q1, 2020 W05, 31.01.2020, 31 Jan 2020, Jan 31, 2020, Jan 2020,
20200131, and 31/01/20 or 01/31/2020, which alone need `day_first`; each with a time of day or without, and with Z or
+01:00. A month, a quarter and a week (that of ISO 8601) stand for their first day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = rf"(?P<name>{'|'.join(MONTHS)})[a-z]*\.?"
TIME = (
    r"(?:(?:T|[ ,]+)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<half>[ap]\.?m\.?)? ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?)?"
)
WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?"
CLEAR = (
    r"(?P<year>[12]\d{3})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
    r"(?P<year>1[5-9]\d\d|2[01]\d\d)[-/](?P<month>\d\d)",
    r"(?P<year>1[89]\d\d|20\d\d)(?P<month>\d\d)(?P<day>\d\d)",
    rf"{WEEKDAY}(?P<day>\d{{1,2}})[- ]{MONTH}[-, ] ?(?P<year>[12]\d{{3}}|\d\d)",
    rf"{WEEKDAY}{MONTH}[- ](?P<day>\d{{1,2}}),? (?P<year>[12]\d{{3}})",
    rf"{MONTH}[-, ] ?(?P<year>[12]\d{{3}})",
    rf"(?P<year>[12]\d{{3}})[- ]{MONTH}[- ](?P<day>\d{{1,2}})",
    r"(?P<year>[12]\d{3})[- ]?Q(?P<quarter>[1-4])",
    r"Q(?P<quarter>[1-4])[- ](?P<year>[12]\d{3})",
    r"(?P<year>[12]\d{3})[- ]?W(?P<week>\d\d)",
    r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>[12]\d{3})",
    r"(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d\d)",
)
YEAR = r"(?P<year>[12]\d{3}|\d\d)"
TWO_WAYS = {
    True: [rf"(?P<day>\d{{1,2}})(?P<mark>[-/])(?P<month>\d{{1,2}})(?P=mark){YEAR}"],
    False: [rf"(?P<month>\d{{1,2}})(?P<mark>[-/])(?P<day>\d{{1,2}})(?P=mark){YEAR}"],
}


def _compiled(patterns: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(pattern + TIME, re.IGNORECASE) for pattern in patterns]


CLEARLY = _compiled(CLEAR)
EITHER_WAY = {day_first: _compiled(patterns) for day_first, patterns in TWO_WAYS.items()}
DIGIT = re.compile(r"\d")


def parse_date(text: str, day_first: bool, months: bool = True) -> float | None:
    """Seconds since 1970, or None if the text is no date; `months` says whether a month alone is one."""
    if not DIGIT.search(text):
        return None
    for pattern in (*CLEARLY, *EITHER_WAY[day_first]):
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            return _seconds(parts) if months or "day" in parts else None
    return None


def has_two_orders(text: str) -> bool:
    """Whether it matters if the day or the month comes first."""
    return any(pattern.fullmatch(text) for pattern in EITHER_WAY[True])


def _seconds(found: dict[str, str | None]) -> float | None:
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (found["half"][0] in "pP")
    micro = int((found["fraction"] or "").ljust(6, "0")[:6])
    try:
        when = datetime(*_day(found), tzinfo=_zone(found["zone"]))
        when = when.replace(hour=hour, minute=int(found["minute"] or 0), second=int(found["second"] or 0))
    except ValueError:
        return None
    return ((when - EPOCH) // timedelta(seconds=1)) + micro / 1e6


def _day(found: dict[str, str | None]) -> tuple[int, int, int]:
    """Year, month and day; ValueError if there is no such day."""
    year = _year(str(found["year"]))
    if found.get("week"):
        first = date.fromisocalendar(year, int(found["week"] or 0), 1)
        return first.year, first.month, first.day
    if found.get("quarter"):
        return year, 3 * int(found["quarter"] or 0) - 2, 1
    month = MONTHS.index(str(found["name"]).lower()) + 1 if found.get("name") else int(found["month"] or 0)
    return year, month, int(found.get("day") or 1)


def _year(text: str) -> int:
    """Two digits are from 1969 to 2068, as in POSIX."""
    year = int(text)
    return year if len(text) > 2 else year + (2000 if year < 69 else 1900)


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(size if text[0] == "+" else -size)


def with_dates_written(series: pd.Series) -> pd.Series:
    """The same cells, dates among words and numbers written as in a text file, so that what is wrong can be named."""
    from pandas.api.types import infer_dtype

    is_mixed = series.dtype == object and infer_dtype(series, skipna=True).startswith("mixed")
    if not is_mixed or all(isinstance(cell, date) for cell in series.dropna()):
        return series
    return series.map(lambda cell: str(cell) if isinstance(cell, date) else cell, na_action="ignore")
