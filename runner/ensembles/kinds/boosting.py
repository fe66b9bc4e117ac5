"""Members that train one after the other, each on what those before it got wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from runner.config.registry import number, register
from runner.ensembles.kinds.base import Ensemble, Member, counted, no_autoencoder, with_seeds

if TYPE_CHECKING:
    from runner.config.settings import Settings
    from runner.data.prepare import RunData
    from runner.ensembles.combining import Answers
    from runner.ensembles.fitted import Way

LINEAR = ("standardize", "none")  # values of dataset.target_scaling under which a difference is one of the target


@register("ensemble", "boosting", paper="Freund & Schapire 1997; Zhu et al. 2009; Friedman 2001", lecture="003:669")
@dataclass
class Boosting(Ensemble):
    """w_i <- w_i exp(a [i is wrong]), a = rate (log((1 - e)/e) + log(C - 1)): classes by the vote weighted with a

    SAMME: e is the share of the weight that a member gets wrong, w_i the weight of an example in the loss of the next
    one. Of numbers the next member learns the residuals y - mean - rate sum_k h_k, and the answer is mean + rate sum_k
    h_k (L2 boosting). It ends before `size` members with one that is no better than chance, which has no say, or with
    one that leaves nothing to learn: small networks leave something (`model.hidden=[4]`). Probabilities of the vote are
    flat, so that its loss says little beside its accuracy.
    """

    staged: ClassVar[bool] = True
    least: ClassVar[int] = 1
    combine = "weighted vote"

    size: int = counted("members at most, trained one after the other, with the seeds seed, seed + 1, ...")
    rate: float = number(1.0, above=0, le=1, help="shrinkage: how much of a member's weight, or of its number, counts")

    def members(self, settings: Settings) -> list[Member]:
        return with_seeds(settings)

    def examples(self, data: RunData, before: Sequence[Answers]) -> RunData:
        from runner.ensembles.boosting import boosting

        return boosting(data, self.rate).examples(before)

    def over(self, data: RunData, answers: Sequence[Answers]) -> tuple[int, str]:
        from runner.ensembles.boosting import boosting

        stage, rule = len(answers), boosting(data, self.rate)
        if why := rule.wrong(answers):
            kept = max(stage - 1, 1)
            alone = ", with this stage alone" if stage == 1 else " without it"
            return kept, f"stage {stage} is no better than chance: {why}. Boosting ends{alone}"
        if why := rule.perfect(answers):
            return stage, f"stage {stage} leaves nothing to learn: {why}. Boosting ends with it"
        return stage, ""

    def way(self, data: RunData, answers: Sequence[Answers], lacking: Sequence[Sequence[Answers]]) -> Way:
        from runner.ensembles.boosting import boosting

        return boosting(data, self.rate).way(answers)

    def told(self, data: RunData, answers: Sequence[Answers]) -> dict[str, Any]:
        from runner.ensembles.boosting import boosting

        return boosting(data, self.rate).told(answers)

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        scaling = settings.dataset.target_scaling
        if scaling not in LINEAR:
            yield (
                ("dataset.target_scaling",),
                f"dataset.target_scaling = {scaling}: ensemble=boosting adds up residuals, but on this scale a "
                "difference is none of the target; set dataset.target_scaling=standardize",
            )
        yield from no_autoencoder(settings)
