"""Means over the examples, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.arrays import double, namespace
from runner.training.metrics.base import TASKS, Metric


def squared_errors(chunk):
    """Sum of (z - y)^2 of a chunk [M], of several targets [M, k], in scaled units."""
    return namespace(chunk.outputs).square(chunk.errors).sum(1)


@register("metric", "loss")
@dataclass
class MeanLoss(Metric):
    """mean of the data loss, without penalties and label smoothing"""

    arrays = True
    tasks = TASKS
    default = True

    @staticmethod
    def collect(chunk):
        return double(chunk.losses).sum(1)

    def value(self, collected, whole):
        return collected / whole.count


@register("metric", "weighted_loss")
@dataclass
class WeightedLoss(Metric):
    """sum w loss / sum w: the data loss with the weights that `class_weights` and `sample_weight` give it in training

    Without weights it is the loss.
    """

    arrays = True
    tasks = TASKS

    @staticmethod
    def collect(chunk):
        """[M, 2]: sums of w loss and of w."""
        losses, of = double(chunk.losses), namespace(chunk.losses)
        w = of.ones_like(losses) if chunk.weights is None else double(chunk.weights)
        return of.stack([(w * losses).sum(1), w.sum(1)], 1)

    def value(self, collected, whole):
        return collected[:, 0] / collected[:, 1]


@register("metric", "accuracy")
@dataclass
class Accuracy(Metric):
    """share of the examples whose likeliest class is theirs"""

    arrays = True
    maximize = True
    share = True
    default = True

    @staticmethod
    def collect(chunk):
        return (chunk.guess == chunk.answers).sum(1)

    def value(self, collected, whole):
        return double(collected) / whole.count


@register("metric", "rmse")
@dataclass
class RootMeanSquare(Metric):
    """sqrt(mean (z - y)^2), in the unit of the target"""

    arrays = of_each = True
    tasks = ("regression",)
    default = True
    collect = staticmethod(squared_errors)

    def value(self, collected, whole):
        return namespace(collected).sqrt(collected / whole.count) * whole.units


@register("metric", "r2")
@dataclass
class Determination(Metric):
    """1 - sum (z - y)^2 / sum (y - mean y)^2: the share of the target's variance that is predicted

    NaN where all examples have one answer (a single row, say), as there is nothing to explain.
    """

    arrays = of_each = True
    tasks = ("regression",)
    maximize = True
    default = True
    least_answers = 2
    collect = staticmethod(squared_errors)

    def value(self, collected, whole):
        y, of = double(whole.answers), namespace(whole.answers)
        differ = (y != y[:, :1]).any(1)  # exact, where the mean of equal numbers may be rounded
        total = of.where(differ, of.square(y - y.mean(axis=1, keepdims=True)).sum(1), float("nan"))
        return 1 - collected / total


@register("metric", "mae")
@dataclass
class MeanAbsolute(Metric):
    """mean |z - y|, in the unit of the target"""

    arrays = of_each = True
    tasks = ("regression",)

    @staticmethod
    def collect(chunk):
        return abs(chunk.errors).sum(1)

    def value(self, collected, whole):
        return collected / whole.count * whole.units
