"""What Monte Carlo dropout would say: means over passes with the dropout of training (Gal & Ghahramani 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from runner.config.registry import register
from runner.population.arrays import as_array, double, like
from runner.population.links import probabilities
from runner.training.metrics.base import Metric

PASSES = 30


def right_and_log(chunk):
    """Sums over a chunk [M, 2]: is the likeliest class right, -ln p of the right class; p the mean over passes."""
    p_MBC = probabilities(chunk.noisy(PASSES), chunk.link).mean(0)
    answers = as_array(chunk.answers)
    with np.errstate(divide="ignore"):
        surprise = -np.log(np.take_along_axis(p_MBC, answers[..., None], -1)[..., 0])
    return like(double(chunk.losses), np.stack([(p_MBC.argmax(-1) == answers).sum(1), surprise.sum(1)], 1))


@register("metric", "mc_accuracy", paper="Gal & Ghahramani 2016", lecture="003:792")
@dataclass
class MonteCarloAccuracy(Metric):
    """accuracy of the mean probabilities of 30 passes with dropout on

    The draws are those of no step of training, and the same in every epoch.
    """

    arrays = of_noise = maximize = share = True
    needs: ClassVar[dict[str, Any]] = {"regularizer.dropout": 0.2}
    collect = staticmethod(right_and_log)

    def value(self, collected, whole):
        return collected[:, 0] / whole.count


@register("metric", "mc_nll", paper="Gal & Ghahramani 2016", lecture="003:792")
@dataclass
class MonteCarloLikelihood(Metric):
    """mean -ln p of the right class, p the mean probability of 30 passes with dropout on

    The draws are those of no step of training, and the same in every epoch.
    """

    arrays = of_noise = True
    needs: ClassVar[dict[str, Any]] = {"regularizer.dropout": 0.2}
    collect = staticmethod(right_and_log)

    def value(self, collected, whole):
        return collected[:, 1] / whole.count
