"""Numbers of some epochs computed at once: NumPy's calls take longer than what they compute for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
STEPS = 256  # computed at once


class Ahead(Generic[T]):
    """What `compute(epoch, many, steps)` gives: tables with a line a step, of `many` epochs (of so many steps) from
    `epoch` on, up to the last of `epochs`. What is computed at once begins at a multiple of its length, so that an
    epoch's numbers do not depend on where training began.
    """

    def __init__(self, compute: Callable[[int, int, int], T], epochs: int):
        self.compute, self.epochs, self.known = compute, epochs, range(0)

    def of(self, epoch: int, steps: int) -> tuple[T, int]:
        """(tables, the line of the epoch's first step)"""
        if epoch not in self.known:
            many = max(1, STEPS // steps)
            first = epoch // many * many
            self.known = range(first, max(min(first + many, self.epochs), epoch + 1))
            self.tables = self.compute(first, len(self.known), steps)
        return self.tables, (epoch - self.known.start) * steps
