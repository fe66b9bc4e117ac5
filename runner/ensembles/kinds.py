"""What the group `ensemble` chooses: networks that a run trains side by side, and that answer together.

A kind says which runs its members are. Each is a run like any other, which stops by itself, and is the same run alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import choice, entries, integer, name_of, register
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


@register("ensemble", "none")
@dataclass
class Alone(Ensemble):
    """One network"""


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


@register("ensemble", "snapshot", paper="Huang et al. 2017", lecture="003:649")
@dataclass
class Snapshot(Ensemble):
    """p = 1/K sum_k p_k of one network at the ends of the last K cycles of its learning rate

    One training gives all members (`scheduler=cosine_restarts`); the folder has the last network as well.
    """

    size: int = integer(3, ge=2, kind="column", help="members: the ends of so many cycles, the last ones")
    combine: str = combined_by()

    @property
    def seeds(self) -> int:
        return 1

    def snapshots(self, settings: Settings) -> list[int]:
        return settings.scheduler.cycle_ends(settings.trainer.epochs)[-self.size :]

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        name, schedule, epochs = name_of(settings.scheduler, "scheduler"), settings.scheduler, settings.trainer.epochs
        ends = schedule.cycle_ends(epochs)
        if name != "cosine_restarts":
            text = f"scheduler = {name}: has no cycles, at whose ends ensemble=snapshot takes its members; set "
            yield ("scheduler",), f"{text}scheduler=cosine_restarts, or use ensemble=deep"
        elif schedule.unit != "epochs" or schedule.warmup != int(schedule.warmup):
            text = f"scheduler.unit = {schedule.unit}, scheduler.warmup = {schedule.warmup:g}: members of "
            text += (
                "ensemble=snapshot are taken between epochs; set scheduler.unit=epochs and a whole number to warm up"
            )
            yield ("scheduler.unit", "scheduler.warmup"), text
        elif len(ends) < self.size:
            fit = f"ensemble.size={len(ends)}, " if len(ends) > 1 else ""
            text = f"ensemble.size = {self.size}: trainer.epochs = {epochs} hold {len(ends)} of the cycles of "
            text += f"scheduler=cosine_restarts; set {fit}scheduler.t_0={max(epochs // self.size, 1)} "
            text += "scheduler.t_mult=1, or raise trainer.epochs"
            yield ("ensemble.size", "trainer.epochs", "scheduler.t_0", "scheduler.t_mult"), text
        if settings.early_stopping.patience is not None:
            text = (
                f"early_stopping.patience = {settings.early_stopping.patience}: could stop before the cycles end, and "
            )
            yield (
                ("early_stopping.patience",),
                f"{text}ensemble=snapshot takes its members there; set early_stopping=none",
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
