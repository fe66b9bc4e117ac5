"""`hydra/sweeper=random`: settings drawn from lists, ranges and intervals, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.compose import Composer
from runner.config.overrides import count
from runner.plan.limits import check_number
from runner.plan.space import Space, runs
from runner.plan.sweeper import SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


def draw(axes: Sequence[Override], options: SweeperOptions, composer: Composer | None) -> list[list[Override]]:
    """The jobs of `n_trials` settings, each with every value of the keys of luck that are swept over.

    Raises ConfigError for values that cannot be searched, for nothing to search, and for more jobs than are allowed.
    """
    space = Space.of(axes, composer)
    check_number(dict(enumerate(map(count, space.chances))), space.chances, options, options.n_trials)
    return [job for setting in settings(space, options) for job in runs(setting)]


def settings(space: Space, options: SweeperOptions) -> list[list[Override]]:
    """`n_trials` draws from a space.

    Every key has its own stream: one more key, or more trials, leave the other draws what they were. A key takes its
    draw where it is not there, too.
    """
    streams = {each.name: random.Random(f"{options.seed} {each.name}") for each in space.dimensions}
    return [
        space.job({each.name: each.at(streams[each.name].random()) for each in space.dimensions})
        for _ in range(options.n_trials)
    ]
