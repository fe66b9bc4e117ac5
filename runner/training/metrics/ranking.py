"""How well the scores of a class rank its examples above the others."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.training.metrics.base import Metric


def area(scores, positive):
    """Area under the ROC curve of each row [M], from scores and switches [M, n]; NaN where one side is empty.

    The share of pairs (positive, negative) in which the positive one scores higher, ties counting half, from the mean
    ranks of the positive ones (Mann & Whitney 1947). In whole numbers until the division.
    """
    ordered, order = scores.sort(1)
    below, not_above = (_searchsorted(ordered, side) for side in ("left", "right"))
    twice_ranks = (below + not_above + 1) * positive.gather(1, order)
    ones = positive.sum(1)
    pairs = ones * (positive.shape[1] - ones)
    return ((twice_ranks.sum(1) - ones * (ones + 1)).double() / 2 / pairs).where(pairs > 0, float("nan"))


def _searchsorted(ordered, side: str):
    import torch

    return torch.searchsorted(ordered, ordered, side=side)


@register("metric", "roc_auc", paper="Hanley & McNeil 1982; Hand & Till 2001 (one class against the rest)")
@dataclass
class RocAuc(Metric):
    """P(score of a positive example > that of a negative one) + P(equal)/2; several classes: mean of each against all
    others

    With two classes the second label is the positive one. With more the score is the class's probability, and classes
    of which the split has no example (or nothing else) do not count; NaN if none is left.
    """

    maximize = True
    least_answers = 2
    joined = True

    @staticmethod
    def collect(chunk):
        """Logits [M, B, C]."""
        return chunk.logits

    def value(self, collected, whole):
        classes = range(collected.shape[-1])
        if len(classes) == 2:
            return area(collected[..., 1] - collected[..., 0], whole.answers == 1)
        norm = collected.logsumexp(-1)
        total = counted = norm.new_zeros(len(norm))
        for c in classes:
            found = area(collected[..., c] - norm, whole.answers == c)
            total = total + found.nan_to_num(0)
            counted = counted + ~found.isnan()
        return total / counted
