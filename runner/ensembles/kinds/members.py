"""Members that are runs, trained side by side: one network alone, several seeds, several bootstraps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import name_of, register
from runner.ensembles.kinds.base import Ensemble, Member, combined_by, counted, drawn_together, with_seeds

if TYPE_CHECKING:
    from runner.config.settings import Settings


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

    def members(self, settings: Settings) -> list[Member]:
        return with_seeds(settings)

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

    def members(self, settings: Settings) -> list[Member]:
        trainer = dataclasses.replace(settings.trainer, sampling="bootstrap")
        return with_seeds(dataclasses.replace(settings, trainer=trainer))

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
