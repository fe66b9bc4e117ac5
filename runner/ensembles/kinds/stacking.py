"""Members whose answers are the inputs of a linear model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.registry import integer, number, register
from runner.ensembles.kinds.base import Ensemble, Member, counted, no_autoencoder, with_seeds

if TYPE_CHECKING:
    from runner.config.settings import Settings
    from runner.data.prepare import RunData
    from runner.ensembles.combining import Answers
    from runner.ensembles.fitted import Way


@register("ensemble", "stacking", paper="Wolpert 1992; Breiman 1996 (stacked regressions)", lecture="003:670")
@dataclass
class Stacking(Ensemble):
    """p = softmax(sum_k p_k W_k + b), fitted on the answers about rows that did not train the network that answers

    The training rows are dealt into folds; of each member a further network trains without each fold and answers about
    it. On these answers W and b minimize sum_i -log p_i + ridge/2 |W|^2; of numbers, on the scale of training, sum_i
    (y_i - sum_k y_k w_k - b)^2 + ridge |w|^2. The members train on all training rows.
    """

    combine = "linear"

    size: int = counted("members, trained with the seeds seed, seed + 1, ..., each and once more without each fold")
    folds: int = integer(5, ge=2, kind="column", help="into which the training rows are dealt")
    ridge: float = number(1.0, above=0, help="strength of the penalty on the weights of the linear model")

    def members(self, settings: Settings) -> list[Member]:
        found = with_seeds(settings)
        lacking = [each._replace(name=f"{each.name}-{f}", fold=f) for each in found for f in range(self.folds)]
        return found + lacking

    def way(self, data: RunData, answers: Sequence[Answers], lacking: Sequence[Sequence[Answers]]) -> Way:
        from runner.ensembles.stacking import fitted

        return fitted(data, lacking, self.ridge)

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        for key, off in (("group", None), ("split", "random")):
            value = getattr(settings.dataset, key, off)
            if value != off:
                yield (
                    (f"dataset.{key}",),
                    f"dataset.{key} = {value}: ensemble=stacking deals the training rows into folds at random, which "
                    "is blind to it; use ensemble=deep",
                )
        yield from no_autoencoder(settings)

    def conflicts_with_rows(self, rows: int | None) -> Iterator[tuple[tuple[str, ...], str]]:
        if rows is not None and self.folds > rows:
            yield (
                ("ensemble.folds",),
                f"ensemble.folds = {self.folds}: there are {rows} training rows to deal; set "
                f"ensemble.folds={max(rows, 2)} or fewer, or use ensemble=deep",
            )
