"""The dimensions of a search: intervals of numbers, and lists of values (choices, ranges, true and false, null)."""

from __future__ import annotations

import decimal
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.config.belonging import options_of
from runner.config.overrides import count, plain, points
from runner.config.suggest import GROUPS
from runner.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

DIGITS = 3  # of a number that is drawn
MANY = 1_000_000  # values of a list
INSIDE = 1e-9  # of the width of an interval: its ends need not be allowed, numbers that far inside need


@dataclass(frozen=True)
class Dimension:
    """One key that is searched. `name` tells it from others: the key, and a number if it was given before."""

    name: str
    override: Override

    @property
    def key(self) -> str:
        """The key, or the group whose choice is searched."""
        return self.override.key_or_group

    @property
    def size(self) -> float:
        """How many values there are; infinite if there is no end of them."""
        raise NotImplementedError

    def at(self, u: float) -> Override:
        """The value at the fraction u in [0, 1), as the override that sets it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Listed(Dimension):
    """Values one by one: those of a choice, a glob, a range."""

    @cached_property
    def listed(self) -> list[Override]:
        """The overrides that set them, one that is listed twice twice: it is as likely as two."""
        return points(self.override)

    @cached_property
    def points(self) -> list[Override]:
        """The same, each once."""
        return list(self._by_label.values())

    @property
    def labels(self) -> list[str]:
        """Their values as they are typed."""
        return list(self._by_label)

    @cached_property
    def steps(self) -> tuple[float, float, float] | None:
        """(lowest, highest, step) of the numbers of a range; None for what is no range."""
        from runner.config.sweeps import Range

        swept: Any = self.override._value
        values = [value for value, _ in self._numbers] if isinstance(swept, Range) else []
        return (min(values), max(values), abs(swept.step)) if len(values) > 1 else None

    @property
    def size(self) -> float:
        """How many different values there are."""
        return len(self._by_label)

    def at(self, u: float) -> Override:
        """The value at the fraction u in [0, 1) of the list."""
        return self.listed[int(u * len(self.listed))]

    def word(self, label: str) -> Override:
        """The override of one of the `labels`."""
        return self._by_label[label]

    def nearest(self, value: float) -> Override:
        """The override of the value of a range that is nearest to a number."""
        return min(self._numbers, key=lambda pair: abs(pair[0] - value))[1]

    @cached_property
    def _numbers(self) -> list[tuple[float, Override]]:
        """The values that are numbers, with their overrides."""
        found = [(each.value(), each) for each in self.points]
        return [(value, each) for value, each in found if isinstance(value, (int, float))]

    @cached_property
    def _by_label(self) -> dict[str, Override]:
        return {each.get_value_element_as_str(): each for each in self.listed}


@dataclass(frozen=True)
class Interval(Dimension):
    """Numbers between two ends. Of whole numbers both ends are among them, of others only `low`."""

    low: float
    high: float
    log: bool  # the logarithm is searched evenly

    @property
    def whole(self) -> bool:
        """Whether the numbers are whole."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def size(self) -> float:
        """How many whole numbers; there is no end of others."""
        return self.high - self.low + 1 if self.whole else math.inf

    def at(self, u: float) -> Override:
        """The number at the fraction u in [0, 1) of the interval or of its logarithm."""
        low, high = self.low, self.high + 1 if self.whole else self.high
        if self.log:
            return self.word(math.exp(math.log(low) + u * (math.log(high) - math.log(low))))
        return self.word(low + u * (high - low))

    def word(self, value: float) -> Override:
        """The override of a number within the ends; it has as few digits as `rounded` leaves, so that the value that
        trains is the one that is shown.
        """
        low, high = self.low, self.high
        within = min(max(math.floor(value) if self.whole else value, low), high)
        return plain(self.override, within if self.whole else rounded(within, low, high))


def dimension(override: Override, before: int = 0) -> Dimension:
    """That of an override that sweeps; `before` counts those of the same key that come before it. Raises ConfigError
    for values that cannot be searched.
    """
    swept: Any = override._value
    name = f"{override.key_or_group} {before}" if before else override.key_or_group
    if override.is_interval_sweep():
        _check_interval(override)
        return Interval(name, override, swept.start, swept.end, "log" in swept.tags)
    if tags := sorted(getattr(swept, "tags", ())):
        raise ConfigError(
            f"{override.input_line}: tag {tags[0]} means nothing here; it is for an interval, as in "
            f"{override.key_or_group}=tag(log,int(interval(1,100)))"
        )
    number = count(override)
    if number == 0:
        raise ConfigError(f"{override.input_line}: stands for no value at all, so that there is no job")
    if number > MANY:
        raise ConfigError(
            f"{override.input_line}: {number} values are too many to list; write an interval, as in "
            f"{override.key_or_group}=int(interval(0,{number}))"
        )
    return Listed(name, override)


def _check_interval(override: Override) -> None:
    """ConfigError for ends, a tag, or numbers that cannot be."""
    interval: Any = override._value
    low, high = interval.start, interval.end
    if low is None or high is None or not low < high or not math.isfinite(high - low):
        raise ConfigError(f"{override.input_line}: an interval runs from a smaller to a larger number")
    unknown = sorted(interval.tags - {"log"})
    if unknown:
        raise ConfigError(f"{override.input_line}: tag {unknown[0]} means nothing here; the only one is log")
    if "log" in interval.tags and low <= 0:
        raise ConfigError(
            f"{override.input_line}: the logarithm needs an interval above 0, as in tag(log, interval(1e-4,1e-1))"
        )
    _check_allowed(override, low, high)


def _check_allowed(override: Override, low: float, high: float) -> None:
    """ConfigError if a key does not allow all numbers of an interval, whichever choice has it."""
    key = override.key_or_group
    if key in GROUPS:
        raise ConfigError(f"{override.input_line}: has choices, not numbers; `runner list {key}` shows them")
    whole = isinstance(low, int) and isinstance(high, int)
    inside = 0 if whole else (high - low) * INSIDE
    options = options_of(key)
    wrong = [option.check(low + inside)[1] or option.check(high - inside)[1] for option in options]
    if wrong and all(wrong):
        way = f"; for example {key}=int(interval(1,9))" if options[0].type == "integer" and not whole else ""
        raise ConfigError(f"{override.input_line}: {wrong[0]}; allowed: {options[0].allowed()}{way}")


def rounded(value: float, low: float, high: float) -> float:
    """Three significant digits, more in an interval so narrow that two digits of its width reach further; the nearest
    such number within [low, high), the end `low` itself if there is none.
    """
    reach = max(DIGITS - 1 - _magnitude(value), DIGITS - 2 - _magnitude(high - low))
    step = decimal.Decimal(1).scaleb(-reach)
    nearest = decimal.Decimal(value).quantize(step)
    within = (float(each) for each in (nearest, nearest - step, nearest + step) if low <= float(each) < high)
    return next(within, float(low))


def _magnitude(value: float) -> int:
    """The power of ten of the first digit."""
    return int(f"{value:e}".partition("e")[2])
