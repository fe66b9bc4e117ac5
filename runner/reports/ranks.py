"""Settings over several data sets: average ranks, Friedman's test, the critical difference of Nemenyi (Demsar 2006).

On each of N data sets the k settings get ranks 1 to k, ties their mean. The settings differ if Friedman's statistic, in
the form of Iman & Davenport (1980), says so; then two of them differ if their average ranks are more apart than

    CD = q sqrt(k (k + 1) / (6 N)),   q the 95% point of the range of k normal variables, over sqrt(2).

Losses of different data sets do not compare, ranks do.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from runner.reports.statistics import LEVEL

LEAST = 3  # data sets from which anything is told
STEPS = 400  # of the integral over the range


@dataclass(frozen=True)
class Ranks:
    """Average ranks, best first; `difference`: of two that is more than chance; `same`: p-value of no difference."""

    names: tuple[str, ...]
    average: tuple[float, ...]
    sets: int
    difference: float
    same: float

    @property
    def text(self) -> str:
        """All of it in a sentence."""
        said = ", ".join(f"{name} {rank:.2f}" for name, rank in self._pairs())
        if self.sets < LEAST:
            return f"Average ranks over {self.sets} data sets: {said}. Fewer than {LEAST} tell nothing."
        test = f"Critical difference {self.difference:.2f} (Nemenyi, 5%; Friedman p = {self.same:.2g}): {self._told()}."
        return f"Average ranks over {self.sets} data sets: {said}. {test}"

    def _told(self) -> str:
        """Which settings are behind the first by more than chance."""
        behind = [name for name, rank in self._pairs() if rank - self.average[0] > self.difference]
        if self.same > LEVEL or not behind:
            return "none are told apart"
        return f"{self.names[0]} is ahead of {', '.join(behind)}"

    def _pairs(self) -> Iterator[tuple[str, float]]:
        return zip(self.names, self.average, strict=True)


def average_ranks(values: Sequence[Sequence[float]], names: Sequence[str], *, maximize: bool) -> Ranks:
    """Ranks of `values[data set][setting]`."""
    ranked = [ranks([-v if maximize else v for v in row]) for row in values]
    sets, k = len(ranked), len(names)
    means = [math.fsum(row[j] for row in ranked) / sets for j in range(k)]
    order = sorted(range(k), key=lambda j: means[j])
    difference = range_quantile(k) / math.sqrt(2) * math.sqrt(k * (k + 1) / (6 * sets))
    return Ranks(
        tuple(names[j] for j in order), tuple(means[j] for j in order), sets, difference, _friedman(means, sets, k)
    )


def ranks(values: Sequence[float]) -> list[float]:
    """1 for the smallest; equal values share the mean of their ranks."""
    return [math.fsum((other < value) + 0.5 * (other == value) for other in values) + 0.5 for value in values]


def _friedman(means: Sequence[float], sets: int, k: int) -> float:
    """p-value of Iman & Davenport's F = (N - 1) chi2 / (N (k - 1) - chi2), with k - 1 and (k - 1)(N - 1) degrees."""
    chi2 = 12 * sets / (k * (k + 1)) * (math.fsum(mean**2 for mean in means) - k * (k + 1) ** 2 / 4)
    left = sets * (k - 1) - chi2
    if sets < 2 or k < 2:
        return 1.0
    if left <= 1e-12 * sets:  # the same order everywhere
        return float(math.factorial(k)) ** (1 - sets)
    return f_outside((sets - 1) * chi2 / left, k - 1, (k - 1) * (sets - 1))


def f_outside(value: float, first: int, second: int) -> float:
    """P(F > value) with these degrees of freedom: a regularized incomplete beta function, by Simpson's rule.

    With x = sin^2 t the integrand sin^(b-1) cos^(a-1) of b = second, a = first is smooth.
    """
    end = math.atan(math.sqrt(second / (first * value))) if value > 0 else math.pi / 2

    def area(upper: float) -> float:
        return simpson(lambda t: math.sin(t) ** (second - 1) * math.cos(t) ** (first - 1), 0.0, upper)

    return area(end) / area(math.pi / 2)


@functools.cache
def range_quantile(k: int, level: float = LEVEL) -> float:
    """The q with P(range of k standard normal variables > q) = level, by bisection."""
    low, high = 0.0, 20.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - _range_below(middle, k) > level else (low, middle)
    return (low + high) / 2


def _range_below(q: float, k: int) -> float:
    """P(range <= q) = k integral phi(z) (Phi(z) - Phi(z - q))^(k - 1) dz."""
    density = 1 / math.sqrt(2 * math.pi)
    return k * simpson(lambda z: density * math.exp(-z * z / 2) * (_below(z) - _below(z - q)) ** (k - 1), -9.0, 9.0)


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def simpson(function: Callable[[float], float], start: float, end: float) -> float:
    """The integral of a smooth function."""
    step = (end - start) / STEPS
    inner = math.fsum((4 if i % 2 else 2) * function(start + i * step) for i in range(1, STEPS))
    return step / 3 * (function(start) + inner + function(end))
