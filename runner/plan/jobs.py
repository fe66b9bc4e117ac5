"""From the words of a sweep to its jobs: what the check, the dry run and the sweepers all call, so that they agree.

A job is a list of plain overrides. `hydra/sweeper=grid` takes every combination, with `hydra.sweeper.zip` it walks
through some keys together; `random` draws (`runner.plan.random_search`). Keys that the choices of a job do not have
are left out of it (`runner.plan.existence`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.compose import Composer
from runner.config.overrides import count, points
from runner.errors import ConfigError
from runner.plan.existence import Existence
from runner.plan.grid import grid
from runner.plan.overridden import standing
from runner.plan.sweeper import OPTUNA, SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

MANY = 10_000  # values of one key that are checked when the sweep as a whole cannot be expanded


def expand(
    overrides: Sequence[Override], options: SweeperOptions, composer: Composer | None = None
) -> list[list[Override]]:
    """The jobs of a sweep, in order. Each keeps the overrides in the order in which they were given, as a single run.

    Without a composer it is not known which keys a choice has.

    Raises:
        ConfigError: no job at all, more than max_jobs, a zip that does not fit, values that cannot be counted up.
    """
    axes = standing(overrides)
    if options.way == OPTUNA:
        from runner.plan.probes import probes

        return probes(axes, options, composer)
    if options.way == "random":
        from runner.plan.random_search import draw

        return draw(axes, options, composer)
    return grid(axes, options, composer)


def remarks(overrides: Sequence[Override], options: SweeperOptions, composer: Composer) -> list[str]:
    """What is to be said of the jobs of a sweep: which keys only some of them have, and whether draws repeat."""
    axes = standing(overrides)
    if options.way in (OPTUNA, "random"):
        from runner.plan.random_search import settings
        from runner.plan.space import Space, repeating

        space, asked_for = Space.of(axes, composer), options.way == OPTUNA  # while the sweep trains
        known = [] if asked_for else settings(space, options)
        return [*space.existence.said(axes, known, "trials"), *repeating(space, options.n_trials, once=asked_for)]
    where = Existence.of(axes, options, composer)
    return where.said(axes, grid(axes, options, composer), "jobs") if where.partly else []


def one_at_a_time(
    overrides: Sequence[Override], options: SweeperOptions | None = None, composer: Composer | None = None
) -> list[list[Override]]:
    """Jobs in which every value of every key comes up, one key at a time: to check a sweep that cannot be expanded."""
    kept = standing(overrides)
    axes = [axis for override in kept if (axis := _few_points(override))]
    first = [axis[0] for axis in axes]
    jobs = [first, *([*first[:i], each, *first[i + 1 :]] for i, axis in enumerate(axes) for each in axis[1:])]
    where = Existence.of(kept, options, composer) if options else Existence(kept, None)
    return [where.kept(job) for job in jobs]


def _few_points(override: Override) -> list[Override]:
    """What an override stands for, unless that is too much or cannot be counted up."""
    try:
        discrete = not override.is_sweep_override() or override.is_discrete_sweep()
        return points(override) if discrete and count(override) <= MANY else []
    except ConfigError:  # said where the sweep is expanded
        return []
