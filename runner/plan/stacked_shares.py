"""Shares of runs that train as stacked rows: those of one structure, as many side by side as gain by it.

On a CPU, large networks gain nothing from company (their matrix products fill the machine alone) and crowd the cache,
so only what fits it trains side by side; on a GPU, what fits its memory (`runner.population.devices`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.settings import Settings
from runner.optimizers.rules.base import segment_key
from runner.plan.estimate import member_bytes, share_seconds
from runner.plan.populations import Population, Share, by_structure, parameters
from runner.population.devices import profile

if TYPE_CHECKING:
    from runner.data.prepare import RunData

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
    shares: list[Share] = []
    for group in by_structure(members, settings, data):
        if settings[group[0]].tied:  # they take each step together
            shares.append(_share(tuple(group), len(group)))
            continue
        group.sort(key=lambda i: str(segment_key(settings[i])))  # few rules in each population
        wide = min(most or width(group, settings, data, workers), len(group))
        count = 1 if whole else min(math.ceil(len(group) / wide), PER_WORKER * workers)
        shares += [_share(part, wide) for part in equal_parts(group, count)]
    while not whole and shares and len(shares) < workers:
        divisible = [share for share in shares if len(share.members) > 1 and not settings[share.members[0]].tied]
        if not divisible:
            break
        longest = max(divisible, key=lambda share: share_seconds(share, settings, data))
        shares.remove(longest)  # so that no worker is idle
        shares += [_share(half, longest.populations[0].width) for half in equal_parts(longest.members, 2)]
    return shares


def width(group: Sequence[int], settings: Sequence[Settings], data: Sequence[RunData], workers: int) -> int:
    """How many of the group train side by side in each worker: what fits the cache, or the memory of the GPU."""
    first, device = group[0], settings[group[0]].trainer.device
    largest = max(member_bytes(settings[i], data[i]) for i in group)
    return profile(device).fitting(device, parameters(settings[first], data[first]), largest, workers)


def equal_parts(items: Sequence[int], count: int) -> list[tuple[int, ...]]:
    """The items in `count` parts whose sizes differ by one at most."""
    ends = [round(k * len(items) / count) for k in range(count + 1)]
    return [tuple(items[a:b]) for a, b in itertools.pairwise(ends) if b > a]


def _share(members: tuple[int, ...], wide: int) -> Share:
    return Share((Population(members, min(wide, len(members))),))
