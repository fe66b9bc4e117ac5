"""What a kind of ensemble is: networks that a run trains, and that answer together.

A kind says which runs its members are, each a run like any other, which stops by itself and is the same alone; or, of a
run that trains itself, after which epochs its network is a member. It also says how members become one answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from runner.config.registry import choice, entries, integer, name_of, number
from runner.ensembles.options import MEAN, NAMES

if TYPE_CHECKING:
    from runner.config.settings import Settings
    from runner.data.prepare import RunData
    from runner.ensembles.combining import Answers
    from runner.ensembles.fitted import Way

SEEDS = 2**64  # how many there are; the one after the last is 0


class Member(NamedTuple):
    """A run that trains for an ensemble."""

    name: str  # of its folder
    settings: Settings
    fold: int | None = None  # of the training rows: it learns from the others and is asked about these; it has no say


class Ensemble:
    """Base of everything in the group "ensemble"."""

    staged: ClassVar[bool] = False  # whether a member trains when those before it have ended, on what they leave
    least: ClassVar[int] = 2  # members without which nothing is combined

    size: int = 1
    folds: int = 0  # into which the training rows are dealt
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

    def members(self, settings: Settings) -> list[Member]:
        """The runs of which the run of these settings is made, first those that have a say, then those of each of them
        that lack a fold; none if it trains itself.
        """
        return []

    def snapshots(self, settings: Settings) -> list[int]:
        """The epochs of a run that trains itself after which its network is a member."""
        return []

    def examples(self, data: RunData, before: Sequence[Answers]) -> RunData:
        """What a member trains on after those that left these answers (`staged`)."""
        return data

    def over(self, data: RunData, answers: Sequence[Answers]) -> tuple[int, str]:
        """(how many of the members that left these answers have a say, why no more train; "" if they do) (`staged`)."""
        return len(answers), ""

    def way(self, data: RunData, answers: Sequence[Answers], lacking: Sequence[Sequence[Answers]]) -> Way:
        """How members that left these answers are combined; `lacking` are those of each that lack a fold."""
        from runner.ensembles.combining import combination

        return combination(self.combine, data.task)

    def told(self, data: RunData, answers: Sequence[Answers]) -> dict[str, Any]:
        """What else the summary says of the members."""
        return {}

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        """(keys, sentence) of what of the run its members cannot have."""
        return iter(())

    def conflicts_with_rows(self, rows: int | None) -> Iterator[tuple[tuple[str, ...], str]]:
        """(keys, sentence) of what so many training rows do not allow; None: not known yet."""
        return iter(())


def no_autoencoder(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """(keys, sentence) for a run that gives back its inputs, by a kind that needs answers that are no inputs."""
    task = getattr(settings.dataset, "task", None)
    if task == "autoencoder":
        kind = name_of(settings.ensemble, "ensemble")
        yield (
            ("dataset.task",),
            f"dataset.task = {task}: ensemble={kind} needs answers that are not the inputs themselves; use "
            "ensemble=deep",
        )


def combined_by() -> str:
    """The key `combine`."""
    return choice(
        MEAN,
        *NAMES,
        kind="column",
        help="how members become one answer: the mean of their probabilities (of numbers: of the numbers), their "
        "geometric mean, or the share of the members whose likeliest class it is",
    )


def counted(help: str = "members, trained with the seeds seed, seed + 1, ...") -> int:
    """The key `size`."""
    return integer(10, ge=2, kind="column", help=help)


def drawn_together() -> float:
    """The key `tie`."""
    return number(
        0.0,
        ge=0,
        neutral=0.0,
        lecture="003:932",
        help="strength of the pull between members: it times the squared distance of the weights of each pair is added "
        "to the sum of their objectives; they train side by side and end together",
    )


def with_seeds(settings: Settings) -> list[Member]:
    """One run a member, without a name, by its position; they share all parts, so that they train as one population."""
    from runner.config.settings import Tied

    alone = entries("ensemble")["none"].cls()
    chosen = {group: name for group, name in settings.chosen.items() if group != "ensemble"}
    size, tie = settings.ensemble.size, settings.ensemble.tie
    tied = Tied(f"{settings.parts()} {settings.seed} {size} {tie}", tie) if tie else None
    made = dataclasses.replace(settings, ensemble=alone, name=None, chosen=chosen, tied=tied)
    return [Member(f"{k:03d}", dataclasses.replace(made, seed=(settings.seed + k) % SEEDS)) for k in range(size)]
