"""Members that are runs, trained side by side: one network alone, several seeds, several bootstraps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import register
from runner.ensembles.kinds.base import Ensemble, Member, combined_by, counted, with_seeds

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

    def members(self, settings: Settings) -> list[Member]:
        return with_seeds(settings)


@register("ensemble", "bagging", paper="Breiman 1996", lecture="003:649")
@dataclass
class Bagging(Ensemble):
    """p = 1/K sum_k p_k of K networks, each trained on n draws with replacement from the n training examples

    A member sees 1 - (1 - 1/n)^n of them, 63%, and some several times (`trainer.sampling=bootstrap`).
    """

    size: int = counted()
    combine: str = combined_by()

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
