"""How the runs of a sweep are shared out: runs of one structure to a work, several works a worker."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config.settings import Settings
from runner.optimizers.rules.base import segment_key
from runner.plan.populations import structure, width

if TYPE_CHECKING:
    from runner.data.prepare import RunData

PER_WORKER = 4  # works a worker, so that the last ones do not wait for one another


@dataclass(frozen=True)
class Share:
    """Runs of one structure, by position; `width` of them train side by side. They continue from `source`, if any."""

    members: tuple[int, ...]
    width: int
    source: Path | None = None


def share_out(
    members: Sequence[int],
    settings: Sequence[Settings],
    data: Sequence[RunData],
    workers: int,
    *,
    max_members: int | None = None,
    parts: int | None = None,
    source: Callable[[int], Path | None] = lambda i: None,
) -> list[Share]:
    """Shares of these runs, the longest first: by structure, and by the checkpoint they continue from.

    Each structure makes `parts` shares, or as many as keep the workers busy.
    """
    groups: dict[tuple, list[int]] = {}
    for i in members:
        groups.setdefault((source(i), structure(settings[i], data[i])), []).append(i)
    shares = []
    for (begun, _), group in groups.items():
        group.sort(key=lambda i: str(segment_key(settings[i])))  # few rules in each population
        wide = min(max_members or width(settings[group[0]], data[group[0]]), len(group))
        count = 1 if begun else parts or min(math.ceil(len(group) / wide), PER_WORKER * workers)
        shares += [Share(tuple(part), min(wide, len(part)), begun) for part in equal_parts(group, count)]
    shares.sort(key=lambda share: -len(share.members))
    while parts is None and shares and len(shares) < workers and len(shares[0].members) > 1:
        shares = [*_halved(shares[0]), *shares[1:]]  # so that no worker is idle
        shares.sort(key=lambda share: -len(share.members))
    return shares


def equal_parts(items: Sequence[int], count: int) -> list[list[int]]:
    """The items in `count` parts whose sizes differ by one at most."""
    ends = [round(k * len(items) / count) for k in range(count + 1)]
    return [list(items[a:b]) for a, b in itertools.pairwise(ends) if b > a]


def _halved(share: Share) -> list[Share]:
    middle = math.ceil(len(share.members) / 2)
    halves = (share.members[:middle], share.members[middle:])
    return [Share(half, min(share.width, len(half)), share.source) for half in halves]
