"""`hydra/sweeper=random`: settings drawn from lists, ranges and intervals, the same ones for the same seed.

Only what is chosen for its result is drawn. What chance decides (seed, fold, split, draw of the data) is not: each
setting meets all values given, since settings that met different splits could not be compared.
"""

from __future__ import annotations

import decimal
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.config.overrides import count, plain, points
from runner.config.settings import luck
from runner.errors import ConfigError
from runner.plan.sweeper import SweeperOptions

DIGITS = 3  # of a number that is drawn

if TYPE_CHECKING:
    from hydra.core.override_parser.types import IntervalSweep, Override


def draw(axes: Sequence[Override], options: SweeperOptions) -> list[list[Override]]:
    """`n_trials` draws of all swept keys, each trained with every value of the keys of luck that are swept over.

    Every key has its own stream: one more key, or more trials, leave the other draws what they were.
    """
    drawn = [each.is_sweep_override() and each.key_or_group not in luck() for each in axes]
    _check_listed([each for i, each in enumerate(axes) if not drawn[i]])
    counted = {i: count(each) for i, each in enumerate(axes) if not each.is_interval_sweep()}
    check_number({i: n for i, n in counted.items() if not drawn[i] or n == 0}, axes, options, options.n_trials)
    before = [[one.key_or_group for one in axes[:i]].count(each.key_or_group) for i, each in enumerate(axes)]
    walks = [_draws(each, options, before[i]) if drawn[i] else points(each) for i, each in enumerate(axes)]
    jobs: list[list[Override]] = []
    for trial in range(options.n_trials):
        now = [[walk[trial]] if drawn[i] else walk for i, walk in enumerate(walks)]
        jobs += [list(job) for job in itertools.product(*now)]
    return jobs


def _check_listed(fixed: Sequence[Override]) -> None:
    """ConfigError for an interval of what is not drawn."""
    wrong = [
        f"{each.input_line}: this key is luck, which is not drawn, every setting meets all its values; list them, as "
        f"in {each.key_or_group}=0,1,2"
        for each in fixed
        if each.is_interval_sweep()
    ]
    if wrong:
        raise ConfigError(wrong)


def _draws(override: Override, options: SweeperOptions, before: int) -> list[Override]:
    """One plain override a trial; `before` counts the overrides of the same key that come before this one."""
    stream = random.Random(f"{options.seed} {override.key_or_group}" + (f" {before}" if before else ""))
    if not override.is_interval_sweep():
        among = points(override)
        return [among[int(stream.random() * len(among))] for _ in range(options.n_trials)]
    interval: Any = override._value
    _check_interval(override, interval)
    return [plain(override, _between(interval, stream.random())) for _ in range(options.n_trials)]


def _check_interval(override: Override, interval: IntervalSweep) -> None:
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


def _between(interval: Any, u: float) -> float | int:
    """The point at the fraction u in [0, 1) of an interval or of its logarithm; whole numbers include both ends, others
    have as few digits as `rounded` leaves them, so that the value that trains is the one that is shown.
    """
    low, high = interval.start, interval.end
    whole = isinstance(low, int) and isinstance(high, int)
    a, b = (low, high + 1) if whole else (low, high)
    found = math.exp(math.log(a) + u * (math.log(b) - math.log(a))) if "log" in interval.tags else a + u * (b - a)
    return min(max(math.floor(found), low), high) if whole else rounded(min(max(found, low), high), low, high)


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


def check_number(lengths: Mapping[int, int], axes: Sequence[Override], options: SweeperOptions, times: int = 1) -> None:
    """ConfigError if an override, by its position, has no value, or the combinations of all, so many times, are too
    many jobs.
    """
    empty = [axes[i].input_line for i, length in lengths.items() if length == 0]
    if empty:
        raise ConfigError([f"{word}: stands for no value at all, so that there is no job" for word in empty])
    product = " x ".join([*([f"{times} trials"] if times > 1 else []), *(str(n) for n in lengths.values() if n > 1)])
    check_total(times * math.prod(lengths.values()), product, options)


def check_total(total: int, how: str, options: SweeperOptions) -> None:
    """ConfigError if there are more jobs than allowed; `how` says where so many come from."""
    if options.max_jobs is not None and total > options.max_jobs:
        raise ConfigError(
            f"hydra.sweeper.max_jobs = {options.max_jobs}: the sweep has {total} jobs ({how}); sweep over fewer "
            f"values, or allow it with hydra.sweeper.max_jobs={total}"
        )
