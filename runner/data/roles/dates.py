"""Columns of dates: recognizing them, and the numbers that a network is given for a date.

A date becomes its year, month, weekday and hour (those with a cycle as sine and cosine, so that December is close to
January), as far as they vary in the table, and the days since the first. Times are seconds since 1970, [N] float64,
NaN for a hole.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np

from runner.config.words import word
from runner.data.reading.columns import MOSTLY, CellError
from runner.data.reading.date_text import has_two_orders, parse_date
from runner.data.reading.strays import strays

if TYPE_CHECKING:
    import pandas as pd

DAY = 86400.0
SAMPLE = 1000  # texts that are looked at first
SOME = 0.25  # a column with this share of dates is one of dates with something else in it
CYCLES = {"month": 12, "weekday": 7, "hour": 24}


@dataclass
class DateColumn:
    """How a column of dates is read, and what it becomes; plain values, as it is kept with the network."""

    first: float = 0.0  # from which days are counted, in seconds since 1970
    parts: list[str] = field(default_factory=list)  # of year, month, weekday, hour and days
    day_first: bool = False  # whether 01/02/2020 is the first of February

    def names(self, column: str) -> list[str]:
        """The numeric columns that it becomes."""
        return [f"{column}: {name}" for part in self.parts for name in _names(part)]

    def numbers(self, times_N: np.ndarray, column: str) -> dict[str, np.ndarray]:
        """The numbers [N] by their names, NaN for a hole."""
        found = [values for part in self.parts for values in self._part(part, times_N)]
        return dict(zip(self.names(column), found, strict=True))

    def _part(self, part: str, times_N: np.ndarray) -> list[np.ndarray]:
        if part == "days":
            return [(times_N - self.first) / DAY]
        values = calendar(times_N)[part]
        if part not in CYCLES:
            return [values]
        angle = 2 * np.pi * values / CYCLES[part]
        return [np.sin(angle), np.cos(angle)]


def _names(part: str) -> list[str]:
    return [f"{part} sine", f"{part} cosine"] if part in CYCLES else [part]


def calendar(times_N: np.ndarray) -> dict[str, np.ndarray]:
    """year, month (from 0), weekday (Monday is 0) and hour (with its fraction) of times [N]."""
    known = ~np.isnan(times_N)
    stamps = np.where(known, times_N, 0.0)
    days = np.floor(stamps / DAY)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    parts = {
        "year": months // 12 + 1970,
        "month": months % 12,
        "weekday": (days + 3) % 7,  # 1970 began on a Thursday
        "hour": (stamps - DAY * days) / 3600,
    }
    return {part: np.where(known, values, np.nan) for part, values in parts.items()}


def describe_column(times_N: np.ndarray, day_first: bool) -> DateColumn:
    """The parts that vary in these times, counted from the first of them."""
    known = times_N[~np.isnan(times_N)]
    parts = [part for part, values in calendar(known).items() if (values != values[0]).any()]
    return DateColumn(float(known.min()), parts + ["days"] * bool((known != known[0]).any()), day_first)


def is_datetime(series: pd.Series) -> bool:
    """Whether the cells of a column are dates, and no text of them; not if there are none."""
    if str(series.dtype).startswith("datetime64"):
        return bool(series.notna().any())
    cells = series[~series.isna()] if series.dtype == object else []
    return len(cells) > 0 and all(isinstance(cell, date) for cell in cells)


def times_of(series: pd.Series) -> np.ndarray:
    """The times of cells that are dates."""
    import pandas as pd

    stamps = pd.to_datetime(series, utc=True)
    micro = stamps.dt.tz_localize(None).to_numpy("datetime64[us]")
    return np.where(np.isnat(micro), np.nan, micro.astype(np.int64) / 1e6)


@dataclass
class Written:
    """A column of texts of which some are dates: times, NaN for a hole and what is no date."""

    times: np.ndarray
    day_first: bool
    two_ways: str  # a text that means another date with the day at another place; "" if they all mean one


def written_dates(texts_N: np.ndarray, name: str, day_first: bool | None = None) -> Written | None:
    """The dates in a column of texts (None for a hole), if that is what it holds, else None.

    `day_first` is null where the texts decide. CellError for a column that holds dates and, in some rows, something
    else.
    """
    counts = Counter(text for text in texts_N if text is not None)
    orders = [False, True] if day_first is None else [day_first]
    some = list(counts)[:: max(1, len(counts) // SAMPLE)]
    if not any(parse_date(text, order) is not None for text in some for order in orders):
        return None
    read = {orders[0]: {text: parse_date(text, orders[0]) for text in counts}}
    for order in orders[1:]:
        read[order] = {t: parse_date(t, order) if has_two_orders(t) else time for t, time in read[orders[0]].items()}
    share = {order: _share(read[order], counts) for order in orders}
    best = max(orders, key=lambda order: share[order])
    if share[best] < SOME:
        return None
    if share[best] < 1:
        days = {text: parse_date(text, best, months=False) for text in counts}
        if _share(days, counts) < SOME:
            return None  # seasons such as 2011-12
        _refuse(texts_N, read[best], name, share[best] >= MOSTLY)
    other = read.get(not best, {})
    two_ways = next((t for t in counts if other.get(t) not in (None, read[best][t])), "") if len(orders) > 1 else ""
    times = np.array([np.nan if text is None else read[best][text] for text in texts_N], np.float64)
    return Written(times, best, two_ways if share[best] == share.get(not best) else "")


def _share(read: dict[str, float | None], counts: Counter[str]) -> float:
    dates = sum(n for text, n in counts.items() if read[text] is not None)
    return dates / max(counts.total(), 1)


def _refuse(texts_N: np.ndarray, read: dict[str, float | None], name: str, mostly: bool) -> None:
    """CellError naming the first cell that is no date."""
    rows = [i for i, text in enumerate(texts_N) if text is not None and read[text] is None]
    dates = sum(text is not None and read[text] is not None for text in texts_N)
    also, hole = strays(texts_N[rows])
    how_many = "" if mostly else f" in {dates:,} of {len(texts_N):,} rows"
    raise CellError(
        f"column {name!r} holds dates{how_many}, but {str(texts_N[rows[0]])!r} in {{row}}{also}. Correct it, leave "
        f"the cell empty, say that it means nothing: {hole}, or take the column as categories: "
        f"{word('dataset.categorical', [name])}",
        rows[0],
    )


def compact_dates(values_N: np.ndarray) -> np.ndarray | None:
    """The times of whole numbers that can all be dates written yyyymmdd, else None."""
    known = values_N[~np.isnan(values_N)]
    if not len(known) or known.min() < 1800_01_01 or known.max() > 2099_12_31 or known.min() == known.max():
        return None
    different = np.unique(known)
    read = {value: parse_date(f"{value:.0f}", True) if value.is_integer() else None for value in different.tolist()}
    if None in read.values():
        return None
    return np.array([np.nan if np.isnan(value) else read[value] for value in values_N.tolist()], np.float64)


def read_times(texts_N: np.ndarray, name: str, day_first: bool) -> np.ndarray:
    """The times of a further table's column of texts; CellError for what is no date."""
    read = {text: parse_date(text, day_first) for text in set(texts_N) - {None}}
    for row, text in enumerate(texts_N):
        if text is not None and read[text] is None:
            raise CellError(
                f"column {name!r} holds dates, but {text!r} in {{row}}. Correct it, or leave the cell empty.", row
            )
    return np.array([np.nan if text is None else read[text] for text in texts_N], np.float64)


def day(time: float) -> str:
    """A time as the date of its day."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"


def span(times_N: np.ndarray) -> str:
    """The first and the last date."""
    return f"{day(np.nanmin(times_N))} to {day(np.nanmax(times_N))}"
