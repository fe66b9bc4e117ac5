"""What a search searches: one dimension a key, with the values it can take and where it is there.

    space = Space.of(overrides, composer)
    values = {}
    for dimension in space.dimensions:  # what another depends on comes before it
        if space.there(dimension, values):
            values[dimension.name] = dimension.at(random())
    job = space.job(values)

Only what is chosen for its result is searched. What chance decides (seed, fold, split, draw of the data) is not: each
setting meets all values given, since settings that met different splits could not be compared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.compose import Composer
from runner.config.overrides import count, points
from runner.config.settings import luck
from runner.errors import ConfigError
from runner.plan.dimensions import Dimension, Listed, dimension
from runner.plan.existence import Existence

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

COMBINATIONS = 1000  # of choices that are looked into to count settings
EXAMPLE = '"optimizer.lr=tag(log,interval(1e-4,1e-1))"'


@dataclass(frozen=True)
class Space:
    """The overrides of a search in the order in which they were given (`axes`); those that are searched are dimensions.

    `dimensions` has what decides which keys there are (choices, then keys such as model.init) before the other keys.
    """

    axes: tuple[Override | Dimension, ...]
    dimensions: tuple[Dimension, ...]
    existence: Existence

    @staticmethod
    def of(overrides: Sequence[Override], composer: Composer | None) -> Space:
        """That of the overrides of a sweep (`runner.plan.overridden.standing`).

        Raises ConfigError for values that cannot be searched, and if there is nothing to search.
        """
        axes: list[Override | Dimension] = []
        problems: list[str] = []
        for i, each in enumerate(overrides):
            try:
                axes.append(_axis(each, [other.key_or_group for other in overrides[:i]].count(each.key_or_group)))
            except ConfigError as error:
                problems += error.problems
        found = [axis for axis in axes if isinstance(axis, Dimension)]
        if not problems and all(each.size == 1 for each in found):
            problems.append(_nothing(overrides))
        if problems:
            raise ConfigError(problems)
        existence = Existence(overrides, composer)
        found.sort(key=lambda each: _depth(each, existence))
        return Space(tuple(axes), tuple(found), existence)

    @property
    def chances(self) -> list[Override]:
        """What is swept over without being searched: the keys of chance."""
        return [each for each in self.axes if not isinstance(each, Dimension) and each.is_sweep_override()]

    @property
    def size(self) -> float:
        """How many different settings there are; infinite if there is no end of them."""
        where = self.existence
        first = [each for each in self.dimensions if where.partly and where.decides(each.override)]
        others = [each for each in self.dimensions if each not in first]
        if math.prod(each.size for each in first) > COMBINATIONS:
            return math.inf
        names = [each.name for each in first]
        combinations = itertools.product(*(each.points for each in first if isinstance(each, Listed)))
        jobs = (self._given(dict(zip(names, chosen, strict=True))) for chosen in combinations)
        return sum(math.prod(each.size for each in others if where.there(each.key, job)) for job in jobs)

    def there(self, dimension: Dimension, values: Mapping[str, Override]) -> bool:
        """Whether a dimension is searched, given the values (by name) of the dimensions before it."""
        return self.existence.there(dimension.key, self._given(values))

    def job(self, values: Mapping[str, Override]) -> list[Override]:
        """The words of a setting: the values of dimensions by their names, and what is not searched as it was given,
        what chance decides with all its values (see `runs`). Keys that are not there are left out.
        """
        return self.existence.kept(self._given(values))

    def chance(self, setting: Sequence[Override]) -> list[Override]:
        """What chance decides in a setting, with all its values, as far as it is there."""
        given = [each for each in self.axes if not isinstance(each, Dimension) and each.key_or_group in luck()]
        return [each for each in given if self.existence.there(each.key_or_group, setting)]

    def _given(self, values: Mapping[str, Override]) -> list[Override]:
        found = (values.get(axis.name) if isinstance(axis, Dimension) else axis for axis in self.axes)
        return [each for each in found if each is not None]


def repeating(space: Space, n_trials: int, *, once: bool = False) -> list[str]:
    """That there are fewer settings than trials, if that is so; each is tried `once` or may be drawn again."""
    if n_trials <= space.size:
        return []
    there = f"hydra.sweeper.n_trials = {n_trials}: there are only {space.size:.0f} different settings"
    if once:
        return [f"{there}, after which the search ends"]
    return [f"{there}, so that trials repeat; hydra/sweeper=grid trains each once"]


def runs(job: Sequence[Override]) -> list[list[Override]]:
    """The jobs of a setting: one for each combination of what chance decides."""
    return [list(run) for run in itertools.product(*map(points, job))]


def _axis(override: Override, before: int) -> Override | Dimension:
    """What an override is to a search; `before` counts those of the same key that come before it."""
    if not override.is_sweep_override():
        return override
    if override.key_or_group not in luck():
        return dimension(override, before)
    if override.is_interval_sweep():
        raise ConfigError(
            f"{override.input_line}: this key is luck, which is not drawn, every setting meets all its values; list "
            f"them, as in {override.key_or_group}=0,1,2"
        )
    if count(override) == 0:
        raise ConfigError(f"{override.input_line}: stands for no value at all, so that there is no job")
    return override


def _depth(each: Dimension, existence: Existence) -> int:
    """How much has to be decided before it is known whether a dimension is there."""
    return 2 if not existence.decides(each.override) else int("." in each.key)


def _nothing(overrides: Sequence[Override]) -> str:
    """What is wrong with a search without a key that has several values."""
    chance = [each.key_or_group for each in overrides if each.is_sweep_override() and each.key_or_group in luck()]
    also = f" ({' and '.join(chance)} is chance, of which every setting meets all values)" if chance else ""
    return f"nothing is searched: no key has several values{also}; give one, for example {EXAMPLE}"
