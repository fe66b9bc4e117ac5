"""Shares of runs that train as stacked rows: those of one structure, as many side by side as gain by it.

Large networks gain nothing from company (their matrix products fill the machine alone) and crowd the cache, so only
what fits trains side by side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.settings import Settings
from runner.optimizers.rules.base import segment_key
from runner.plan.estimate import share_seconds
from runner.plan.populations import Population, Share, by_structure, parameters

if TYPE_CHECKING:
    from runner.data.prepare import RunData

LARGEST = 64  # members
CACHE_FLOATS = 1 << 20  # parameters of one population that stay in the cache together
PER_WORKER = 4  # shares a worker, so that the last ones do not wait for one another


def stacked_shares(
    members: Sequence[int],
    settings: Sequence[Settings],
    data: Sequence[RunData],
    workers: int,
    most: int | None,
    whole: bool,
) -> list[Share]:
    """At most so many side by side; each structure in as many shares as keep the workers busy, or in one (`whole`)."""
    shares = []
    for group in by_structure(members, settings, data):
        group.sort(key=lambda i: str(segment_key(settings[i])))  # few rules in each population
        wide = min(most or width(settings[group[0]], data[group[0]]), len(group))
        count = 1 if whole else min(math.ceil(len(group) / wide), PER_WORKER * workers)
        shares += [_share(part, wide) for part in equal_parts(group, count)]
    while not whole and shares and len(shares) < workers:
        longest = max(shares, key=lambda share: (len(share.members) > 1, share_seconds(share, settings, data)))
        if len(longest.members) == 1:
            break
        shares.remove(longest)  # so that no worker is idle
        shares += [_share(half, longest.populations[0].width) for half in equal_parts(longest.members, 2)]
    return shares


def width(run: Settings, data: RunData) -> int:
    """How many runs such as this train side by side: what fits the cache."""
    return max(1, min(LARGEST, CACHE_FLOATS // parameters(run, data)))


def equal_parts(items: Sequence[int], count: int) -> list[tuple[int, ...]]:
    """The items in `count` parts whose sizes differ by one at most."""
    ends = [round(k * len(items) / count) for k in range(count + 1)]
    return [tuple(items[a:b]) for a, b in itertools.pairwise(ends) if b > a]


def _share(members: tuple[int, ...], wide: int) -> Share:
    return Share((Population(members, min(wide, len(members))),))
