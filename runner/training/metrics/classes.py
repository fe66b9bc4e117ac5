"""Metrics in which every class weighs the same, however rare it is."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.arrays import double, like, namespace
from runner.training.metrics.base import Metric


def class_counts(chunk):
    """[M, 3, C]: examples of each class that are found, that there are, that are taken for it."""
    answers, guess, of = chunk.answers, chunk.guess, namespace(chunk.answers)
    rows = like(answers, range(len(answers)))[:, None] * chunk.classes
    cases = [(rows + answers)[guess == answers], (rows + answers).reshape(-1), (rows + guess).reshape(-1)]
    counts = [of.bincount(case, minlength=len(answers) * chunk.classes) for case in cases]
    return of.stack([count.reshape(-1, chunk.classes) for count in counts], 1)


def mean_share(parts, wholes):
    """Mean over the classes of parts/wholes, [M, C] each; a class whose whole is 0 does not count."""
    counted = wholes > 0
    return (parts / namespace(wholes).where(counted, wholes, 1.0)).sum(1) / counted.sum(1)


@register("metric", "balanced_accuracy", paper="Brodersen et al. 2010")
@dataclass
class BalancedAccuracy(Metric):
    """mean over the classes of the share of their examples that is found

    Classes without an example in the split do not count (as in scikit-learn).
    """

    arrays = True
    maximize = True
    collect = staticmethod(class_counts)

    def value(self, collected, whole):
        found, there = (double(collected[:, i]) for i in (0, 1))
        return mean_share(found, there)


@register("metric", "f1", paper="van Rijsbergen 1979; macro average as in scikit-learn")
@dataclass
class MacroF1(Metric):
    """mean over the classes of 2 found/(examples of the class + examples taken for it)

    Classes that are neither in the split nor guessed do not count; one that is guessed but not there has F1 = 0.
    """

    arrays = True
    maximize = True
    collect = staticmethod(class_counts)

    def value(self, collected, whole):
        found, there, guessed = (double(collected[:, i]) for i in range(3))
        return mean_share(2 * found, there + guessed)
