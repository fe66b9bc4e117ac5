"""From the words of a sweep to its jobs: what the check, the dry run and the sweepers all call, so that they agree.

A job is a list of plain overrides. `hydra/sweeper=grid` takes every combination, with `hydra.sweeper.zip` it walks
through some keys together; `random` draws (`runner.plan.random_search`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.overrides import count, points
from runner.errors import ConfigError
from runner.plan.overridden import standing
from runner.plan.random_search import check_number, draw
from runner.plan.sweeper import SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

MANY = 10_000  # values of one key that are checked when the sweep as a whole cannot be expanded


def expand(overrides: Sequence[Override], options: SweeperOptions) -> list[list[Override]]:
    """The jobs of a sweep, in order. Each keeps the overrides in the order in which they were given, as a single run.

    Raises:
        ConfigError: no job at all, more than max_jobs, a zip that does not fit, values that cannot be counted up.
    """
    axes = standing(overrides)
    return draw(axes, options) if options.way == "random" else _grid(axes, options)


def one_at_a_time(overrides: Sequence[Override]) -> list[list[Override]]:
    """Jobs in which every value of every key comes up, one key at a time: to check a sweep that cannot be expanded."""
    axes = [axis for override in standing(overrides) if (axis := _few_points(override))]
    first = [axis[0] for axis in axes]
    return [first, *([*first[:i], each, *first[i + 1 :]] for i, axis in enumerate(axes) for each in axis[1:])]


def _few_points(override: Override) -> list[Override]:
    """What an override stands for, unless that is too much or cannot be counted up."""
    try:
        discrete = not override.is_sweep_override() or override.is_discrete_sweep()
        return points(override) if discrete and count(override) <= MANY else []
    except ConfigError:  # said where the sweep is expanded
        return []


def _grid(axes: Sequence[Override], options: SweeperOptions) -> list[list[Override]]:
    wrong = [
        f"{each.input_line}: an interval has no end of values; list them, use range(start,stop,step), or draw from it "
        "with hydra/sweeper=random"
        for each in axes
        if each.is_interval_sweep()
    ]
    if wrong:
        raise ConfigError(wrong)
    ties = _ties(axes, options.zip)
    check_number({tie[0]: count(axes[tie[0]]) for tie in ties}, axes, options)
    walks = [list(zip(*(points(axes[i]) for i in tie), strict=True)) for tie in ties]
    places = list(itertools.chain(*ties))
    jobs = []
    for combination in itertools.product(*walks):
        job = dict(zip(places, itertools.chain(*combination), strict=True))
        jobs.append([job[i] for i in range(len(axes))])
    return jobs


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
