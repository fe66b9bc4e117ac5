"""`hydra/sweeper=grid`: every combination of the values given; with `hydra.sweeper.zip` some keys are walked through
together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from runner.config.compose import Composer
from runner.config.overrides import count, points
from runner.errors import ConfigError
from runner.plan.existence import Existence
from runner.plan.limits import check_number, check_total
from runner.plan.sweeper import SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


def grid(axes: Sequence[Override], options: SweeperOptions, composer: Composer | None) -> list[list[Override]]:
    """The jobs, the last key changing first. A key is combined where it is there: jobs that it would tell apart where
    it is not there are one.

    Raises ConfigError for an interval, a zip that does not fit, and no job or too many.
    """
    wrong = [
        f"{each.input_line}: an interval has no end of values; list them, use range(start,stop,step), or draw from it "
        f"with {'hydra.sweeper.candidates' if options.candidates else 'hydra/sweeper'}=random"
        for each in axes
        if each.is_interval_sweep()
    ]
    if wrong:
        raise ConfigError(wrong)
    where = Existence.of(axes, options, composer)
    walks = [_Walk(tie, [axes[i] for i in tie]) for tie in _ties(axes, options.zip)]
    deciding = {w.places[0]: w.length for w in walks if w.decides(where) or w.length == 0}
    check_number(deciding, axes, options)
    parts = list(_parts(walks, where))
    total = sum(math.prod(length for _, length in part) for part in parts)
    product = " x ".join(str(walk.length) for walk in walks if walk.length > 1)
    check_total(total, product + (", fewer where a key is not there" if where.partly else ""), options)
    steps = (itertools.product(*(range(first, first + length) for first, length in part)) for part in parts)
    return [where.kept(_job(walks, at)) for at in sorted(itertools.chain.from_iterable(steps))]


class _Walk:
    """Overrides whose values are walked through together, with their places among all; most are alone."""

    def __init__(self, places: Sequence[int], overrides: Sequence[Override]):
        self.places, self.overrides = places, overrides
        self.length = count(overrides[0])

    @cached_property
    def steps(self) -> list[dict[int, Override]]:
        """The overrides at each step, by their places."""
        listed = zip(*map(points, self.overrides), strict=True)
        return [dict(zip(self.places, step, strict=True)) for step in listed]

    def decides(self, where: Existence) -> bool:
        """Whether other keys depend on it."""
        return bool(where.partly) and any(map(where.decides, self.overrides))

    def there(self, where: Existence, job: Sequence[Override]) -> bool:
        """Whether a key of it is there in a job."""
        return any(where.there(each.key_or_group, job) for each in self.overrides)


def _job(walks: Sequence[_Walk], at: Sequence[int]) -> list[Override]:
    """The overrides at a step of each walk, in the order in which they were given."""
    found = {place: each for walk, i in zip(walks, at, strict=True) for place, each in walk.steps[i].items()}
    return [found[place] for place in sorted(found)]


def _parts(walks: Sequence[_Walk], where: Existence) -> Iterator[list[tuple[int, int]]]:
    """For each combination of what decides which keys there are, the first step of each walk and how many there are:
    where its key is not there, one.
    """
    deciding = [i for i, walk in enumerate(walks) if walk.decides(where)]
    for chosen in itertools.product(*(range(walks[i].length) for i in deciding)):
        at = dict(zip(deciding, chosen, strict=True))
        job = _job([walks[i] for i in at], chosen)
        yield [
            (at[i], 1) if i in at else (0, walk.length if walk.there(where, job) else 1) for i, walk in enumerate(walks)
        ]


def _ties(axes: Sequence[Override], zipped: Sequence[Sequence[str]]) -> list[list[int]]:
    """Positions of overrides that walk together, each group at the place of its first. Raises ConfigError."""
    swept = [override.key_or_group if override.is_sweep_override() else None for override in axes]
    wrong: list[str] = []
    tie_of: dict[int, list[int]] = {}
    for names in zipped:
        shown = f"hydra.sweeper.zip = [[{', '.join(names)}]]"
        absent = [name for name in names if name not in swept]
        wrong += [f"{shown}: {name} is not swept over; give it values, as in {name}=a,b" for name in absent]
        again = [name for name in names if swept.count(name) > 1]
        wrong += [f"{shown}: {name} is swept over by two overrides; make it one" for name in again]
        tie = [swept.index(name) for name in names if name in swept]
        twice = [name for name in names if name in swept and (swept.index(name) in tie_of or names.count(name) > 1)]
        wrong += [f"{shown}: {name} stands there twice" for name in twice]
        if wrong:
            continue
        lengths = [count(axes[i]) for i in tie]
        if len(set(lengths)) > 1:
            counted = ", ".join(f"{name} has {n} values" for name, n in zip(names, lengths, strict=True))
            wrong.append(f"{shown}: {counted}; keys that are zipped need equally many")
        tie_of |= dict.fromkeys(tie, tie)
    if wrong:
        raise ConfigError(wrong)
    ties: list[list[int]] = []
    for i in range(len(axes)):
        if not any(i in tie for tie in ties):
            ties.append(tie_of.get(i, [i]))
    return ties
