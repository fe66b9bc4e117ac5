"""What a kind of ensemble is: networks that a run trains, and that answer together.

A kind says which runs its members are, each a run like any other, which stops by itself and is the same alone; or, of a
run that trains itself, after which epochs its network is a member.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.config.registry import choice, integer, number
from runner.ensembles.options import MEAN, NAMES

if TYPE_CHECKING:
    from runner.config.settings import Settings


class Ensemble:
    """Base of everything in the group "ensemble"."""

    size: int = 1
    combine: str = MEAN
    tie: float = 0.0

    @property
    def active(self) -> bool:
        """Whether there are members."""
        return self.size > 1

    @property
    def seeds(self) -> int:
        """How many seeds it takes, from that of the run on."""
        return self.size

    def members(self, settings: Settings) -> list[Settings]:
        """The runs of which the run of these settings is made; none if it trains itself."""
        return []

    def snapshots(self, settings: Settings) -> list[int]:
        """The epochs of a run that trains itself after which its network is a member."""
        return []

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        """(keys, sentence) of what of the run its members cannot have."""
        return iter(())


def combined_by() -> str:
    """The key `combine`."""
    return choice(
        MEAN,
        *NAMES,
        kind="column",
        help="how members become one answer: the mean of their probabilities (of numbers: of the numbers), their "
        "geometric mean, or the share of the members whose likeliest class it is",
    )


def counted() -> int:
    """The key `size`."""
    return integer(10, ge=2, kind="column", help="members, trained with the seeds seed, seed + 1, ...")


def drawn_together() -> float:
    """The key `tie`."""
    return number(
        0.0,
        ge=0,
        neutral=0.0,
        lecture="003:932",
        help="a in a sum_{i<j} ||w_i - w_j||^2, added to the sum of the members' objectives: their weights are drawn "
        "to each other; they train side by side and end together",
    )
