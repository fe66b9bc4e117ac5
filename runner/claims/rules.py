"""When a claim holds: estimates with their intervals, and the rules that make verdicts of them.

An estimate is a number with its 95% interval and what it is over. A rule compares the interval, never the number alone,
with what the claim says:

    holds           the whole interval lies where the claim says
    does not hold   the whole interval lies where the claim does not
    not settled     it lies on both sides, or there are too few repetitions for an interval

Everything here is plain arithmetic on lists, so that each rule is tested on numbers made for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from runner.reports.statistics import LEVEL, holm, paired_t, spread

HOLDS, FAILS, OPEN = "holds", "does not hold", "not settled"
Z = 1.959963984540054  # the 97.5% point of the normal distribution
ALIKE = math.ceil(1 - math.log2(LEVEL))  # equal values from which chance is ruled out, as in `statistics.paired_t`


@dataclass(frozen=True)
class Estimate:
    """A number, its 95% interval, and what it is over; without an interval, `low` and `high` are None."""

    value: float
    low: float | None
    high: float | None
    over: str

    @property
    def exact(self) -> bool:
        """Whether nothing of it is left to chance."""
        return self.low == self.high == self.value

    def __neg__(self) -> Estimate:
        low, high = self.low, self.high
        return Estimate(-self.value, None if high is None else -high, None if low is None else -low, self.over)


@dataclass(frozen=True)
class Finding:
    """What one rule found: the quantity, its estimate, what the claim asks of it, and the verdict on it.

    `verdict` is None for what is shown but does not decide. `places` are decimals to show, where they are known.
    """

    what: str
    estimate: Estimate
    rule: str
    verdict: str | None
    places: int | None = None

    @property
    def text(self) -> str:
        """The number with its interval, with two digits of the interval's half-width."""
        e, places = self.estimate, self.decimals
        value = rounded(e.value, places)
        if e.low is None or e.high is None:
            return f"{value} ({e.over}: too few for an interval)"
        between = "" if e.exact else f" [{rounded(e.low, places)}, {rounded(e.high, places)}]"
        return f"{value}{between} ({e.over})"

    @property
    def decimals(self) -> int:
        """How many decimals say something."""
        if self.places is not None:
            return self.places
        e = self.estimate
        width = abs(e.value) if e.low is None or e.high is None or e.exact else (e.high - e.low) / 2
        return max(0, min(12, 1 - math.floor(math.log10(width)))) if width > 0 else 1

    def record(self) -> dict[str, Any]:
        """As verdict.json keeps it."""
        e = self.estimate
        return {
            "what": self.what, "value": e.value, "low": e.low, "high": e.high, "over": e.over, "text": self.text,
            "rule": self.rule, "verdict": self.verdict,
        }  # fmt: skip


def rounded(value: float, places: int) -> str:
    """The value with so many decimals; a zero without a sign."""
    return f"{round(value, places) + 0.0:.{places}f}"


def verdict_of(findings: Sequence[Finding]) -> str:
    """Of a claim: it fails if a part of it does, and holds if all parts do."""
    found = [each.verdict for each in findings if each.verdict is not None]
    if FAILS in found:
        return FAILS
    return HOLDS if found and set(found) == {HOLDS} else OPEN


# ---- estimates


def exact(value: float, over: str = "exact") -> Estimate:
    """A number that chance has no part in."""
    return Estimate(value, value, value, over)


def mean(values: Sequence[float], over: str, shared: float = 0.0) -> Estimate:
    """The mean of independent values with Student's interval; `shared`: overlap of their rows (`units.overlap`).

    Equal values have no spread to go by. From ALIKE of them on they count as exact; fewer give no interval.
    """
    found = spread(values, shared)
    if found is None:
        return Estimate(math.nan, None, None, over)
    half = 0.0 if found.sd == 0 and found.n >= ALIKE else found.half
    if half is None:
        return Estimate(found.mean, None, None, over)
    return Estimate(found.mean, found.mean - half, found.mean + half, over)


def share(count: int, n: int, over: str) -> Estimate:
    """count of n with the interval of Wilson (1927), which is one even for none or all."""
    if not n:
        return Estimate(math.nan, None, None, over)
    p, room = count / n, Z * Z / n
    middle, half = p + room / 2, Z * math.sqrt(p * (1 - p) / n + room / (4 * n))
    low, high = (middle - half) / (1 + room), (middle + half) / (1 + room)
    return Estimate(p, 0.0 if count == 0 else low, 1.0 if count == n else high, over)


def slope(series: Sequence[Sequence[float]], over: str, shared: float = 0.0) -> Estimate:
    """The mean change from one place of a series to the next: of each repetition the least-squares slope of its values
    on 0, 1, 2, ...; `series[i][j]` is repetition j at place i.
    """
    middle = (len(series) - 1) / 2
    scale = math.fsum((i - middle) ** 2 for i in range(len(series)))
    slopes = [
        math.fsum((i - middle) * values[j] for i, values in enumerate(series)) / scale for j in range(len(series[0]))
    ]
    return mean(slopes, over, shared)


# ---- rules


def above(what: str, found: Estimate, margin: float = 0.0) -> Finding:
    """The number is larger than `margin`."""
    return Finding(what, found, f"above {margin:g}", _side(found, margin))


def below(what: str, found: Estimate, margin: float = 0.0) -> Finding:
    """The number is smaller than `margin`."""
    return Finding(what, found, f"below {margin:g}", _side(-found, -margin))


def within(what: str, found: Estimate, low: float, high: float) -> Finding:
    """The number lies between `low` and `high`: the whole interval for `holds`, none of it for `does not hold`."""
    rule = f"between {low:g} and {high:g}"
    if found.low is None or found.high is None:
        return Finding(what, found, rule, OPEN)
    if low <= found.low and found.high <= high:
        return Finding(what, found, rule, HOLDS)
    return Finding(what, found, rule, FAILS if found.high < low or found.low > high else OPEN)


def rises(what: str, series: Sequence[Sequence[float]], over: str, shared: float = 0.0) -> Finding:
    """A series rises: on the whole (`slope`), and no step of it certainly falls."""
    return _trend(what, series, over, shared, 1)


def falls(what: str, series: Sequence[Sequence[float]], over: str, shared: float = 0.0) -> Finding:
    """A series falls: on the whole (`slope`), and no step of it certainly rises."""
    return _trend(what, series, over, shared, -1)


def digits(what: str, value: float, expected: float, places: int) -> Finding:
    """An exact number equals the expected one to so many decimals."""
    equal = abs(value - expected) <= 0.5 * 10.0**-places * (1 + 1e-9)
    return Finding(what, exact(value), f"{expected:.{places}f}", HOLDS if equal else FAILS, places)


def none(what: str, count: int, n: int, of: str) -> Finding:
    """Nothing of n is counted: exact, as all there are have been looked at."""
    return Finding(what, exact(count, f"of {n:,} {of}"), "0", HOLDS if n and count == 0 else FAILS if n else OPEN, 0)


def published(what: str, found: Estimate, low: float, high: float | None = None, *, comparable: bool = True) -> Finding:
    """The published number, or a number of the published range, lies in our interval.

    Where data or size differ from the source (`comparable=False`) it stands beside ours and decides nothing.
    """
    high = low if high is None else high
    said = f"published {low:g}" if low == high else f"published {low:g} to {high:g}"
    if not comparable:
        return Finding(what, found, f"{said} (not comparable)", None)
    if found.low is None or found.high is None:
        return Finding(what, found, said, OPEN)
    return Finding(what, found, said, HOLDS if found.low <= high and low <= found.high else FAILS)


def shown(what: str, found: Estimate, places: int | None = None) -> Finding:
    """A number that stands beside the others and decides nothing."""
    return Finding(what, found, "", None, places)


def _side(found: Estimate, margin: float) -> str:
    """Whether an interval lies above a margin."""
    if found.low is None or found.high is None:
        return OPEN
    return HOLDS if found.low > margin else FAILS if found.high <= margin else OPEN


def _trend(what: str, series: Sequence[Sequence[float]], over: str, shared: float, sign: int) -> Finding:
    total = slope(series, over, shared)
    steps = [[sign * (b - a) for a, b in zip(*pair, strict=True)] for pair in pairwise(series)]
    certain = [p <= LEVEL for p in holm([paired_t(each, shared) for each in steps])]
    wrong = [i for i, each in enumerate(steps, 1) if certain[i - 1] and math.fsum(each) < 0]
    verdict = _side(total if sign > 0 else -total, 0.0)
    name = "rises" if sign > 0 else "falls"
    if verdict == HOLDS and wrong:
        return Finding(what, total, f"{name}; step {wrong[0]} of {len(steps)} goes the other way", FAILS)
    return Finding(what, total, name, verdict)
