"""How the runs of a sweep are shared out among its workers, several shares a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config.engines import NATIVE, engine
from runner.config.settings import Settings
from runner.plan.estimate import share_seconds
from runner.plan.native_shares import native_shares
from runner.plan.populations import Population, Share

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def share_out(
    members: Sequence[int],
    settings: Sequence[Settings],
    data: Sequence[RunData],
    workers: int,
    *,
    max_members: int | None = None,
    whole: bool = False,
    source: Callable[[int], Path | None] = lambda i: None,
) -> list[Share]:
    """Shares of these runs, the longest first: what continues from one checkpoint together, of the others as few as
    keep the workers busy, or as can be (`whole`).
    """
    native: list[int] = []
    stacked: list[int] = []
    for i in members:
        if source(i) is None:
            (native if engine(settings[i], data[i].task) == NATIVE else stacked).append(i)
    shares = [
        *_begun(members, settings, source, max_members),
        *native_shares(native, settings, data, workers, max_members, whole),
    ]
    if stacked:  # what only stacking needs is imported only then
        from runner.plan.stacked_shares import stacked_shares

        shares += stacked_shares(stacked, settings, data, workers, max_members, whole)
    return sorted(shares, key=lambda share: -share_seconds(share, settings, data))


def _begun(
    members: Sequence[int], settings: Sequence[Settings], source: Callable[[int], Path | None], most: int | None
) -> Iterator[Share]:
    """What continues, a share a checkpoint, whose rows have one structure."""
    found: dict[Path, list[int]] = {}
    for i in members:
        if path := source(i):
            found.setdefault(path, []).append(i)
    for path, group in found.items():
        side_by_side = len(group) if settings[group[0]].tied else min(most or len(group), len(group))
        yield Share((Population(tuple(group), side_by_side),), path)
