"""How sparse hidden layers are."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.arrays import double, namespace
from runner.training.metrics.base import TASKS, Metric


def examples_of_units(chunk):
    """For how many examples of a chunk each hidden unit's activation is not 0 [M, units]."""
    counts = [(layer != 0).sum(1) for layer in chunk.activations()]
    return namespace(counts[0]).concatenate(counts, 1)


@register("metric", "hidden_sparsity", paper="Glorot, Bordes & Bengio 2011", lecture="001:927")
@dataclass
class HiddenSparsity(Metric):
    """share of the activations of hidden units that are exactly 0, as relu gives them; sigmoid and tanh give none

    Recorded without being asked for where activations are penalized.
    """

    arrays = of_hidden = True
    tasks = TASKS
    maximize = True
    collect = staticmethod(examples_of_units)

    def value(self, collected, whole):
        return 1 - double(collected).mean(1) / whole.count


@register("metric", "dead_units", paper="Lu, Shin, Su & Karniadakis 2020", lecture="001:927")
@dataclass
class DeadUnits(Metric):
    """number of hidden units whose activation is exactly 0 for every example

    Recorded without being asked for where activations are penalized.
    """

    arrays = of_hidden = True
    tasks = TASKS
    collect = staticmethod(examples_of_units)

    def value(self, collected, whole):
        return double((collected == 0).sum(1))
