"""Trials that are asked for batch by batch, of which those that do worse than others end early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.search.base import Round, Search, Standing


@dataclass(frozen=True)
class Both:
    """Where nothing is left to compare, the next batch is asked for; then its trials are compared, too."""

    losers: Search
    asking: Search

    @property
    def objectives(self) -> Sequence[str]:
        """What both go by; the first is what trials are compared by while they train."""
        return self.asking.objectives

    def share(self, count: int) -> float:
        """What ends trials early says how far they train; others are still to be asked for."""
        return self.losers.share(count) * self.asking.share(count)

    def next(self, trials: Sequence[Standing]) -> Round | None:
        """The next comparison, or the next trials."""
        return self.losers.next(trials) or self.asking.next(trials)
