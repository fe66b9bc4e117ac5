"""What a search is asked between two rounds of a sweep, and what it answers.

A search decides from results alone, never from the order in which they came: a round is over when all its runs have
paused or ended. So the same command gives the same trials whatever the number of workers, and a sweep that was killed
asks the same questions again when it is resumed, and gets the same answers: what has been trained already is not
trained again, and the next question follows at once.

The session of a sweep (`runner.execution.session`) goes on for as long as a search has a next round. Its trials are
those that it was begun with (a grid, random draws: all before the first question), then those of each round's `jobs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Standing:
    """Where a trial stands, which is one setting with all its seeds and folds.

    `values` are the means over its runs of each objective at the epoch that would be kept (early_stopping.restore_best:
    the best so far), None where one diverged, failed or has not begun. `curve` is that of the first objective after
    each epoch from 0 on, as if the runs had ended there; those that have ended early stay as they are. `epochs` are
    those that all its runs have made which train on; `ended`: none does. `pruned`: one ended at the word of a search.
    `words` are those that set it, without what chance decides.
    """

    values: tuple[float | None, ...]
    epochs: int
    ended: bool
    curve: tuple[float | None, ...] = ()
    pruned: bool = False
    words: tuple[str, ...] = ()

    def after(self, epoch: int) -> float | None:
        """The first objective after an epoch; of a trial that has ended before, as it ended; None: no value."""
        return self.curve[min(epoch, len(self.curve) - 1)] if self.curve else None


@dataclass(frozen=True)
class Round:
    """What happens next.

    `jobs` are the words of new settings, one list a trial; the sweep trains each with every seed and fold. `until` says
    after which epoch the runs of a trial pause, by the number of the trial; trials that are not named there train to
    their ends. `pruned` are trials that end where they stand, which have paused. `said` is what the round is, in words.
    """

    jobs: tuple[tuple[str, ...], ...] = ()
    until: Mapping[int, int] = field(default_factory=dict)
    pruned: frozenset[int] = frozenset()
    said: str = ""


class Search(Protocol):
    """A way to search: one class each."""

    @property
    def objectives(self) -> Sequence[str]:
        """What it goes by: columns of metrics.csv, or what a summary has; the first has the curve."""
        ...

    def share(self, count: int) -> float:
        """The epochs that it expects so many trials to make, as a share of what they would make to their ends."""
        ...

    def next(self, trials: Sequence[Standing]) -> Round | None:
        """What happens next when all that was to be done is; None when nothing does. Trials are numbered by their place
        in the sweep.
        """
        ...
