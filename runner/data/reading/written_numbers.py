"""Numbers as people write them: 1,234.5 and 1.234,5, 1 234, $5, 50.0k, 12% (0.12), (3) for -3.

What only a reader can decide is which of point and comma is the decimal mark; every function here is told.
"""

from __future__ import annotations

import re
from functools import cache

MARKS = {".": ",'\u2019 \u00a0\u202f", ",": ".'\u2019 \u00a0\u202f"}  # decimal mark -> what may stand between thousands
CURRENCY = "$€£¥₹"
SHIFT = {"%": -2, "k": 3, "K": 3, "M": 6}
MINUS = "\u2212-"
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


@cache
def _pattern(decimal: str, thousands: str | None) -> re.Pattern[str]:
    """One number with this decimal mark; `thousands` is the mark between thousands, "" for none, None for any."""
    marks = MARKS[decimal] if thousands is None else thousands.replace(decimal, "")
    whole = r"\d+"
    if marks:
        one = f"[{re.escape(marks)}]"
        whole = rf"[1-9]\d{{0,2}}(?P<group>{one})\d{{3}}(?:(?P=group)\d{{3}})*|" + whole
        whole = r"[1-9]\d?(?:,\d\d)+,\d{3}|" * ("," in marks) + whole  # 1,32,500, as India groups
    sign = rf"[+{MINUS}]"
    return re.compile(
        rf"(?P<open>\()?(?P<sign>{sign}?)\s*[{CURRENCY}]?\s*(?P<late>{sign}?)"
        rf"(?P<whole>{whole})?(?:{re.escape(decimal)}(?P<part>\d*))?(?:[eE](?P<power>[+-]?\d+))?"
        rf"\s*(?P<mark>[%kKM]?)\s*[{CURRENCY}]?(?P<close>\))?"
    )


def parse(text: str, decimal: str = ".", thousands: str | None = None) -> float | None:
    """The double nearest to what is written, or None if it is no number."""
    found = _pattern(decimal, thousands).fullmatch(text)
    if found is None:
        return float(text) if INFINITE.fullmatch(text) else None
    whole, part = re.sub(r"\D", "", found["whole"] or ""), found["part"] or ""
    if not (whole or part) or bool(found["open"]) != bool(found["close"]) or (found["sign"] and found["late"]):
        return None
    power = int(found["power"] or 0) + SHIFT.get(found["mark"], 0)
    value = float(f"{whole or 0}.{part or 0}e{power}")
    negative = found["open"] or (found["sign"] or found["late"] or "+") in MINUS
    return -value if negative else value


def is_notable(text: str, decimal: str) -> bool:
    """Whether a number has more to it than digits, a decimal mark and a power of ten, and is worth a word."""
    mark = re.escape(decimal)
    return not re.fullmatch(rf"[+-]?(\d+{mark}?\d*|{mark}\d+)([eE][+-]?\d+)?|[+-]?[a-zA-Z]+", text)


def is_bare(text: str) -> bool:
    """Whether a number stands without a currency, % or k."""
    return not re.search(rf"[{CURRENCY}%kKM(]", text)
