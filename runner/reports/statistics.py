"""Is the best setting better than the others, or the luckiest of them? Over runs that share seeds, folds or splits.

Every setting is compared with the one that came out best by a paired two-sided t test: both meet the same luck, so that
what it does to both (initial weights, order of batches, split) drops out,

    t = mean(d) / (sd(d) / sqrt(n)),  d_i = best_i - other_i,  n - 1 degrees of freedom.

The n units are of one kind: runs that repeat one another within a unit (the seeds of a fold) are averaged first, since
they share what is particular to it (`runner.reports.units` says which kind). With two units nothing is claimed: a t
with one degree of freedom rejects where both happen to differ by the same, whatever the size.

The best was picked after looking. Two things pay for that: the test is two-sided although only one side can come out
(Gutmann & Maymin 1987; Hung & Fithian 2019: this alone keeps the error of "the winner beats the runner-up" at its
level), and the K - 1 comparisons are corrected after Holm (1979), which costs nothing where the other settings are far
behind, and keeps the set of settings that may be the best (those not rejected) at its level, too. With K = 20 settings
that do not differ and 5 seeds, about one sweep in a thousand claims a difference; with two tied ahead of 18 that are
far behind, one in twenty does. tests/reports/test_reports_statistics.py repeats this.

Exact alternatives that assume no normal distribution cannot answer with five seeds: a sign-flip test's smallest p is
2 / 2^5 = 0.0625. That bound is what is used where all differences are equal, as accuracies on few examples may be,
and their spread says nothing.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

LEVEL = 0.05
LEAST = 3  # units from which anything is told
ROUNDING = 1e-12  # numbers whose relative difference is smaller are equal
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Spread:
    """What the values of one setting are: mean, sample standard deviation (None for n = 1), n, 95% interval."""

    mean: float
    sd: float | None
    n: int
    overlap: float = 0.0  # of the units, see `paired_t`

    @property
    def half(self) -> float | None:
        """Half the width of the interval: t(0.975, n - 1) sd sqrt(1 / n + overlap).

        None for fewer than LEAST values, and for equal ones: their spread says nothing about the next value.
        """
        if not self.sd or self.n < LEAST:
            return None
        return t_quantile(1 - LEVEL, self.n - 1) * self.sd * math.sqrt(1 / self.n + self.overlap)


def spread(values: Sequence[float], overlap: float = 0.0) -> Spread | None:
    """Of the finite values; None if there is none."""
    found = [value for value in values if math.isfinite(value)]
    if not found:
        return None
    mean = math.fsum(found) / len(found)
    return Spread(mean, _sd(found, mean) if len(found) > 1 else None, len(found), overlap)


def _sd(values: Sequence[float], mean: float) -> float:
    """sqrt(sum (x - mean)^2 / (n - 1)); 0, not the rounding of the mean, where all values are equal."""
    if max(values) - min(values) <= ROUNDING * max(map(abs, values)):
        return 0.0
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def unit_means(values: Mapping[Key, float], unit: Callable[[Key], Any]) -> dict[Any, float]:
    """The mean of the values within each unit."""
    found: dict[Any, list[float]] = {}
    for key, value in values.items():
        found.setdefault(unit(key), []).append(value)
    return {each: math.fsum(members) / len(members) for each, members in found.items()}


@dataclass(frozen=True)
class Comparison:
    """The best setting compared with another: mean difference (best - other) over n shared units, and its p-values."""

    difference: float
    n: int
    raw: float
    corrected: float = 1.0

    @property
    def tested(self) -> bool:
        """Whether there were units enough to tell anything."""
        return self.n >= LEAST

    @property
    def differs(self) -> bool:
        return self.corrected <= LEVEL


def compare(
    best: Mapping[Key, float],
    others: Sequence[Mapping[Key, float]],
    sign: int,
    overlap: float = 0.0,
    unit: Callable[[Key], Any] = lambda key: key,
) -> list[Comparison]:
    """The best setting's values, by what chance gave them, compared with those of each other setting; `sign` is 1 if
    larger is better, else -1. `unit` says which values are averaged before the test; `overlap` see `paired_t`.
    """
    found = []
    mine = unit_means(best, unit)
    for other in others:
        its = unit_means(other, unit)
        differences = [sign * _difference(mine[each], its[each]) for each in mine if each in its]
        mean = math.fsum(differences) / len(differences) if differences else math.nan
        found.append(Comparison(sign * mean, len(differences), paired_t(differences, overlap) if mean > 0 else 1.0))
    corrected = holm([each.raw for each in found])
    return [Comparison(each.difference, each.n, each.raw, p) for each, p in zip(found, corrected, strict=True)]


def _difference(a: float, b: float) -> float:
    """a - b; 0 where only the rounding of means makes one."""
    return 0.0 if abs(a - b) <= ROUNDING * max(abs(a), abs(b)) else a - b


def paired_t(differences: Sequence[float], overlap: float = 0.0) -> float:
    """Two-sided p-value of a mean difference of zero; 1 if fewer than LEAST were measured.

    Folds and splits of one table share training rows, so that the mean's variance is not sd^2 / n. For these Nadeau &
    Bengio (2003; over repeated folds Bouckaert & Frank 2004) take sd^2 (1 / n + rows that validate / rows that train),
    as if there were 1 / (1 / n + overlap) independent ones.
    """
    n = len(differences)
    if n < LEAST:
        return 1.0
    mean = math.fsum(differences) / n
    sd = _sd(differences, mean)
    effective = 1 / (1 / n + overlap)
    if not sd:
        return min(1.0, 2.0 ** (1 - effective)) if mean else 1.0
    return t_outside(abs(mean) / (sd / math.sqrt(effective)), n - 1)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the i-th smallest of m times m - i + 1, never below the one before."""
    corrected, largest = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, p[i] * (len(p) - rank)))
        corrected[i] = largest
    return corrected


def t_outside(t: float, degrees: int) -> float:
    """P(|T| > t) of Student's distribution with whole degrees of freedom (Abramowitz & Stegun 26.7.3 and 26.7.4)."""
    if t <= 0:
        return 1.0
    cosine2 = degrees / (degrees + t * t)
    odd = degrees % 2
    term = total = math.sqrt(cosine2) if odd else 1.0
    for k in range(3 if odd else 2, degrees - 1, 2):
        term *= cosine2 * (k - 1) / k
        total += term
    sine = t / math.sqrt(degrees + t * t)
    if not odd:
        return max(0.0, 1 - sine * total)
    return max(0.0, 1 - 2 / math.pi * (math.atan(t / math.sqrt(degrees)) + (sine * total if degrees > 1 else 0.0)))


@functools.lru_cache(maxsize=1024)
def t_quantile(inside: float, degrees: int) -> float:
    """The t with P(|T| <= t) = `inside`, by bisection."""
    low, high = 0.0, 1.0
    while t_outside(high, degrees) > 1 - inside:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_outside(middle, degrees) > 1 - inside else (low, middle)
    return (low + high) / 2
