"""Where settings stand on the axes of a search's figures: numbers by their size, words one beside the other."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from runner.records.names import short_keys, spelled
from runner.reports.heat import order
from runner.reports.over import places
from runner.reports.sections import Section
from runner.reports.settings_table import Setting
from runner.reports.svg import DECADE, Axis, across_key, axis

LONGEST = 12  # letters of a label
MANY = 12  # values from which they tell how they were drawn
ABSENT = "-"  # the label of a key that a setting has not


@dataclass
class Key:
    """A key of the search and where its values stand: at a number, or at the position of a word."""

    key: str
    name: str
    at: dict[str, float]
    words: list[str] = field(default_factory=list)  # of each position; none where values are numbers

    def place(self, setting: Setting) -> float | None:
        """Where a setting stands; None if its value is no number where others are, or it has no such key."""
        return self.at.get(setting.keys.get(self.key, ""))

    def scale(self, start: float, end: float) -> Scale:
        """Its axis from one pixel to another."""
        if self.words:
            labels = [(float(i), cut(word)) for i, word in enumerate(self.words)]
            return Scale(Axis(-0.5, len(self.words) - 0.5, start, end), self.name, labels)
        values = sorted(set(self.at.values()))
        made = across_key(values, start, end) if self.log else axis(values, start, end)
        return _numbers(made, self.name)

    @functools.cached_property
    def log(self) -> bool:
        """Whether its numbers are shown by their logarithms: where they span a decade and, of many, lie more evenly."""
        values = np.array(sorted(set(self.at.values())))
        positive = values[values > 0]
        if self.words or values[0] < 0 or not len(positive) or positive[-1] < DECADE * positive[0]:
            return False
        return len(positive) < MANY or _unevenness(np.log(positive)) < _unevenness(positive)


@dataclass(frozen=True)
class Scale:
    """An axis with its name and (place, label) of its marks."""

    axis: Axis
    name: str
    labels: list[tuple[float, str]]

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        return self.axis(value)

    @property
    def said(self) -> str:
        """Its name, and whether it is logarithmic."""
        return f"{self.name} (logarithmic)" if self.axis.log else self.name


def _unevenness(values: np.ndarray) -> float:
    """How far sorted values are from lying as densely everywhere (Kolmogorov's distance from the uniform)."""
    at = (values - values[0]) / (values[-1] - values[0])
    return float(np.abs(at - np.linspace(0, 1, len(at))).max())


def keys_of(section: Section) -> list[Key]:
    """The keys that vary, each with the places of its values."""
    short = short_keys(section.varied)
    return [_key(key, short[key], [s.keys.get(key, "") for s in section.settings]) for key in section.varied]


def _key(key: str, name: str, values: Sequence[str]) -> Key:
    if at := places(set(values)):
        return Key(key, name, at)
    words = sorted(set(values), key=order)
    return Key(key, name, {word: float(i) for i, word in enumerate(words)}, [spelled(w) or ABSENT for w in words])


def metric_scale(values: Sequence[float], name: str, start: float, end: float) -> Scale:
    """The axis of a metric: logarithmic where its values, all positive, span more than a decade."""
    log = min(values) > 0 and max(values) > DECADE * min(values)
    return _numbers(axis(values, start, end, log), name)


def counts(most: float, name: str, start: float, end: float) -> Scale:
    """An axis from 0 to the number of something."""
    return _numbers(Axis(0.0, max(most, 1.0), start, end), name)


def _numbers(found: Axis, name: str) -> Scale:
    ticks = [tick for tick in found.ticks() if math.isfinite(tick)]
    return Scale(found, name, [(tick, f"{tick:.4g}" if abs(tick) < 1e4 else f"{tick:,.0f}") for tick in ticks])


def cut(word: str) -> str:
    """A label, its end left out if it is long."""
    return word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"
