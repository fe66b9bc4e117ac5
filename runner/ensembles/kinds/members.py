"""Members that are runs, trained side by side: one network alone, several seeds, several bootstraps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from runner.config.registry import entries, name_of, register
from runner.config.settings import Settings, Tied
from runner.ensembles.kinds.base import Ensemble, combined_by, counted, drawn_together

SEEDS = 2**64  # how many there are; the one after the last is 0


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
    tie: float = drawn_together()

    def members(self, settings: Settings) -> list[Settings]:
        return _with_seeds(settings)

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        yield from _untieable(settings)


@register("ensemble", "bagging", paper="Breiman 1996", lecture="003:649")
@dataclass
class Bagging(Ensemble):
    """p = 1/K sum_k p_k of K networks, each trained on n draws with replacement from the n training examples

    A member sees 1 - (1 - 1/n)^n of them, 63%, and some several times (`trainer.sampling=bootstrap`).
    """

    size: int = counted()
    combine: str = combined_by()
    tie: float = drawn_together()

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
        yield from _untieable(settings)


def _untieable(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """What does not go with members that are drawn to each other: ends of their own, and searches along a line."""
    stop, rule, tie = settings.early_stopping, settings.optimizer, f"ensemble.tie = {settings.ensemble.tie:g}"
    if not settings.ensemble.tie:
        return
    if stop.patience is not None:
        yield (
            ("ensemble.tie", "early_stopping.patience"),
            f"{tie}: its members end together, but early_stopping.patience = {stop.patience} stops each by itself; set "
            "early_stopping=none, or ensemble.tie=0",
        )
    if rule.searches:
        yield (
            ("ensemble.tie", "optimizer"),
            f"{tie}: its members take each step together, but optimizer = {name_of(rule, 'optimizer')} searches for "
            "each of them as if the others stood still; set optimizer=adamw, or ensemble.tie=0",
        )


def _with_seeds(settings: Settings) -> list[Settings]:
    """One run a member, without a name, by its position; they share all parts, so that they train as one population."""
    alone = entries("ensemble")["none"].cls()
    chosen = {group: name for group, name in settings.chosen.items() if group != "ensemble"}
    size, tie = settings.ensemble.size, settings.ensemble.tie
    tied = Tied(f"{settings.parts()} {settings.seed} {size} {tie}", tie) if tie else None
    return [
        dataclasses.replace(
            settings, ensemble=alone, seed=(settings.seed + k) % SEEDS, name=None, chosen=chosen, tied=tied
        )
        for k in range(size)
    ]
