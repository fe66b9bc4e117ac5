"""Metrics in which every class weighs the same, however rare it is."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.training.metrics.base import Metric


def class_counts(chunk):
    """[M, 3, C]: examples of each class that are found, that there are, that are taken for it."""
    import torch

    one = torch.ones_like(chunk.answers)
    counts = one.new_zeros(3, len(one), chunk.classes)
    counts[0].scatter_add_(1, chunk.answers, (chunk.guess == chunk.answers).long())
    counts[1].scatter_add_(1, chunk.answers, one)
    counts[2].scatter_add_(1, chunk.guess, one)
    return counts.transpose(0, 1)


def mean_where(values, counted):
    """Mean of values [M, C] where `counted`; NaN where nothing is."""
    return values.where(counted, 0).sum(1) / counted.sum(1)


@register("metric", "balanced_accuracy", paper="Brodersen et al. 2010")
@dataclass
class BalancedAccuracy(Metric):
    """mean over the classes of the share of their examples that is found

    Classes without an example in the split do not count (as in scikit-learn).
    """

    maximize = True
    collect = staticmethod(class_counts)

    def value(self, collected, whole):
        found, there, _ = collected.double().unbind(1)
        return mean_where(found / there, there > 0)


@register("metric", "f1", paper="van Rijsbergen 1979; macro average as in scikit-learn")
@dataclass
class MacroF1(Metric):
    """mean over the classes of 2 found/(examples of the class + examples taken for it)

    Classes that are neither in the split nor guessed do not count; one that is guessed but not there has F1 = 0.
    """

    maximize = True
    collect = staticmethod(class_counts)

    def value(self, collected, whole):
        found, there, guessed = collected.double().unbind(1)
        return mean_where(2 * found / (there + guessed), there + guessed > 0)
