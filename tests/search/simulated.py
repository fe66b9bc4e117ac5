"""Searches on trials whose curves are known beforehand: what a session does, without training."""

from __future__ import annotations

from collections.abc import Sequence

from runner.search.base import Search, Standing

Curves = Sequence[Sequence[float | None]]


def standing(curve: Sequence[float | None], made: int, pruned: bool = False) -> Standing:
    """A trial after so many epochs of a curve, which has the untrained network as epoch 0."""
    ended = pruned or made + 1 >= len(curve)
    seen = tuple(curve[: made + 1]) if made or ended else ()
    return Standing((seen[-1] if seen else None,), 0 if ended else made, ended, seen, pruned)


def trained(search: Search, curves: Curves, steps: int = 1000) -> list[int]:
    """The epochs that each trial makes; at most so many questions are asked, as if the sweep were killed then."""
    made, pruned = [0] * len(curves), set[int]()
    for _ in range(steps):
        found = search.next([standing(c, made[i], i in pruned) for i, c in enumerate(curves)])
        if found is None:
            break
        assert not any(i in pruned for i in found.pruned)
        pruned |= found.pruned
        for i, curve in enumerate(curves):
            if i not in pruned:
                made[i] = max(made[i], min(found.until.get(i, len(curve)), len(curve) - 1))
    return made
