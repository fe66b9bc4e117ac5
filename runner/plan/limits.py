"""How many jobs a sweep may have, and that it has any."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from runner.errors import ConfigError
from runner.plan.sweeper import SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


def check_number(lengths: Mapping[int, int], axes: Sequence[Override], options: SweeperOptions, times: int = 1) -> None:
    """ConfigError if the combinations of overrides, whose numbers of values stand by their positions, so many times are
    too many jobs, or if one has no value.
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
