"""Settings by which a search is checked before it knows what it will train: every value, and both ends of intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from runner.config.compose import Composer
from runner.config.overrides import count
from runner.plan.dimensions import Dimension, Listed
from runner.plan.limits import check_number
from runner.plan.space import Space, runs
from runner.plan.sweeper import SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

LAST = 1 - 2**-53  # the fraction of an interval next to its end
MANY = 1000  # values of a list that are checked; of a longer one the first

Values = dict[str, "Override"]


def probes(axes: Sequence[Override], options: SweeperOptions, composer: Composer | None) -> list[list[Override]]:
    """Jobs in which each value comes up where its key is there, one at a time; the first with all seeds and folds.

    Raises ConfigError as `runner.plan.random_search.draw`.
    """
    space = Space.of(axes, composer)
    check_number(dict(enumerate(map(count, space.chances))), space.chances, options, options.n_trials)
    first, *others = (space.job(values) for values in _one_at_a_time(space))
    return [*runs(first), *(next(iter(runs(job))) for job in others)]


def _one_at_a_time(space: Space) -> Iterator[Values]:
    """Values of all dimensions; beside each value of a list, of keys that are there with it, those not yet met."""
    first = {each.name: each.at(0) for each in space.dimensions}
    met = {(each.name, first[each.name].input_line) for each in space.dimensions if space.there(each, first)}
    yield first
    for values in [first, *_changed(first, [each for each in space.dimensions if isinstance(each, Listed)])]:
        there = [each for each in space.dimensions if space.there(each, values)]
        new = [{name: values[name] for name in first}, *_changed(values, there)]
        for found in new:
            words = {(each.name, found[each.name].input_line) for each in there}
            if words - met:
                met |= words
                yield found


def _changed(values: Values, dimensions: Sequence[Dimension]) -> Iterator[Values]:
    """The same but for one value."""
    for each in dimensions:
        ends = each.points[:MANY] if isinstance(each, Listed) else [each.at(0), each.at(LAST)]
        yield from (values | {each.name: end} for end in ends)
