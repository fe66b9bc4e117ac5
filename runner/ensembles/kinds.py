"""What the group `ensemble` chooses: networks that a run trains side by side, and that answer together.

A kind says which runs its members are. Each is a run like any other, which stops by itself, and is the same run alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import choice, entries, integer, register
from runner.ensembles.options import MEAN, NAMES

if TYPE_CHECKING:
    from runner.config.settings import Settings

SEEDS = 2**64  # how many there are; the one after the last is 0


class Ensemble:
    """Base of everything in the group "ensemble"."""

    size: int = 1
    combine: str = MEAN

    @property
    def active(self) -> bool:
        """Whether there are members."""
        return self.size > 1

    def members(self, settings: Settings) -> list[Settings]:
        """The runs of which the run of these settings is made; none if it is one network."""
        raise TypeError(f"{type(self).__name__} must define members")

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


@register("ensemble", "none")
@dataclass
class Alone(Ensemble):
    """One network"""

    def members(self, settings: Settings) -> list[Settings]:
        return []


@register("ensemble", "deep", paper="Hansen & Salamon 1990; Lakshminarayanan et al. 2017", lecture="003:649")
@dataclass
class Deep(Ensemble):
    """p = 1/K sum_k p_k of K networks that differ in their seed: initial weights, batch order, dropout

    -log p is convex, so that the loss of the mean is at most the mean loss of the members. The loss of an ensemble is
    -log p of the true class, or of numbers the squared error, on the scale on which they are trained.
    """

    size: int = counted()
    combine: str = combined_by()

    def members(self, settings: Settings) -> list[Settings]:
        return _with_seeds(settings)


@register("ensemble", "bagging", paper="Breiman 1996", lecture="003:649")
@dataclass
class Bagging(Ensemble):
    """p = 1/K sum_k p_k of K networks, each trained on n draws with replacement from the n training examples

    A member sees 1 - (1 - 1/n)^n of them, 63%, and some several times (`trainer.sampling=bootstrap`).
    """

    size: int = counted()
    combine: str = combined_by()

    def members(self, settings: Settings) -> list[Settings]:
        trainer = dataclasses.replace(settings.trainer, sampling="bootstrap")
        return _with_seeds(dataclasses.replace(settings, trainer=trainer))

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        if settings.trainer.sampling == "replacement":
            yield (
                ("trainer.sampling",),
                "trainer.sampling = replacement: draws other examples in every epoch, but the members of "
                "ensemble=bagging keep to those of their bootstrap; leave trainer.sampling=shuffle, or use "
                "ensemble=deep",
            )


def _with_seeds(settings: Settings) -> list[Settings]:
    """One run a member, without a name, by its position; they share all parts, so that they train as one population."""
    alone = entries("ensemble")["none"].cls()
    chosen = {group: name for group, name in settings.chosen.items() if group != "ensemble"}
    size = settings.ensemble.size
    return [
        dataclasses.replace(settings, ensemble=alone, seed=(settings.seed + k) % SEEDS, name=None, chosen=chosen)
        for k in range(size)
    ]
