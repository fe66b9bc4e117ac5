"""What a search is asked between two rounds of a sweep, and what it answers.

A search decides from results alone, never from the order in which they came: a round is over when all its runs have
paused or ended. So the same command gives the same trials whatever the number of workers, and a sweep that was killed
asks the same questions again when it is resumed, and gets the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Standing:
    """Where a trial stands, which is one setting with all its seeds and folds.

    `values` are the means over its runs of the best value of each objective so far, None where one diverged or failed;
    `curve` is that of the first objective after each epoch; `epochs` is what its runs have made, on average;
    `ended` says that none of them trains on. `words` are those that set it, without what chance decides.
    """

    values: tuple[float | None, ...]
    epochs: float
    ended: bool
    curve: tuple[float | None, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Round:
    """What happens next.

    `jobs` are the words of new settings, one list a trial; the sweep trains each with every seed and fold. `until` says
    after which epoch the runs of a trial pause, by the number of the trial; trials that are not named there train to
    their ends. `pruned` are trials that end where they stand.
    """

    jobs: tuple[tuple[str, ...], ...] = ()
    until: Mapping[int, int] = field(default_factory=dict)
    pruned: frozenset[int] = frozenset()


class Search(Protocol):
    """A way to search: one class each."""

    def next(self, trials: Sequence[Standing]) -> Round | None:
        """What happens next when all that was to be done is; None when nothing does. Trials are numbered by their place
        in the sweep.
        """
        ...
