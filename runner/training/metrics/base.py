"""What a metric is: what it collects of a chunk of examples, and its value once a whole split is collected.

Shapes: M members, B examples of a chunk, n of the split, C classes. A run records the metrics that are `default` for
its task, those in trainer.metrics and the one that early stopping watches; nothing is computed for the others.

So that a row has the same bits alone and in company, a collected number is a count or a sum along its own row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from runner.config.choices import cached
from runner.config.metrics import metrics_of
from runner.config.registry import entries
from runner.config.tasks import TASKS as TASKS
from runner.population.arrays import Values, double, like

if TYPE_CHECKING:
    from torch import Tensor

    from runner.data.prepare import RunData


@dataclass
class Chunk:
    """Some examples of every row, seen in evaluation mode: tensors, or for a metric of `arrays` NumPy arrays."""

    outputs: Values  # [M, B, C] true columns: scores of the classes, or a number for each of C targets
    losses: Values  # [M, B]
    guess: Values  # [M, B], the likeliest class
    answers: (
        Values  # [M, B] class codes or numbers, of several targets [M, B, k]; in their own unit unless scaled linearly
    )
    link: str  # of the loss: how outputs become probabilities
    weights: Values | None = None  # [M, B] of the examples in the training loss; None = all alike
    noisy: Callable[[int], np.ndarray] | None = None  # T -> outputs [T, M, B, C] of so many passes with dropout
    activations: Callable[[], list[Values]] = list  # gives what the activation function of each hidden layer gave

    @cached_property
    def logits(self) -> Tensor:
        """Numbers whose softmax are the probabilities of the classes [M, B, C], in float64."""
        from runner.population.links import LINKS

        return LINKS[self.link](double(self.outputs))

    @property
    def errors(self) -> Values:
        """z - y [M, B], of several targets [M, B, k], in float64."""
        numbers = double(self.outputs)
        return (numbers[..., 0] if self.answers.ndim == 2 else numbers) - self.answers

    @property
    def classes(self) -> int:
        """C."""
        return self.outputs.shape[-1]


class Seen(Protocol):
    """What evaluation asks of the tables; those of `runner.training.seen` are some."""

    @property
    def data(self) -> list[RunData]:
        """The data of each row."""

    def answers(self, index: np.ndarray) -> Values:
        """Class codes or scaled numbers [M, B] of examples `index` [M, B], of several targets [M, B, k]."""

    def weights_of(self, index: np.ndarray) -> Values | None:
        """Weights [M, B] of examples `index`; None if no row weights its examples."""


@dataclass
class Whole:
    """All n examples of a split."""

    tables: Seen
    index: np.ndarray  # [M, n]

    @property
    def count(self) -> int:
        """n."""
        return self.index.shape[1]

    @cached_property
    def answers(self) -> Values:
        """As those of a chunk [M, n], of several targets [M, n, k]."""
        return self.tables.answers(self.index)

    @property
    def units(self) -> Values:
        """What one unit of `answers` is in the target's own unit [M], of several targets [M, k]."""
        scales = [np.asarray(data.encoding.scale_of_target.scale, float) for data in self.tables.data]
        own = [data.target is not None for data in self.tables.data]
        units = [np.ones_like(scale) if is_own else scale for scale, is_own in zip(scales, own, strict=True)]
        return like(self.answers, np.stack(units))


class Metric:
    """Base of everything in the group "metric"; metrics with the same `collect` share what it returns."""

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    maximize: ClassVar[bool] = False  # whether larger is better
    share: ClassVar[bool] = False  # of examples: each counts as 0 or 1
    default: ClassVar[bool] = False  # recorded without being asked for
    of_each: ClassVar[bool] = False  # whether several targets have it each; it is then their mean that is watched
    least_answers: ClassVar[int] = 1  # different answers that a split must hold for the metric to be a number
    arrays: ClassVar[bool] = False  # whether it is defined on NumPy arrays as well as on tensors
    of_hidden: ClassVar[bool] = False  # whether it looks at hidden layers, without which it is refused
    of_noise: ClassVar[bool] = False  # whether it looks at passes with dropout, without which it is refused
    needs: ClassVar[dict[str, Any]] = {}  # settings without which it is refused: its contracts are tried with them
    joined: ClassVar[bool] = False  # chunks are laid side by side along the examples, [M, n, ...], instead of summed

    @staticmethod
    def collect(chunk: Chunk) -> Values:
        """[M, ...] of a chunk."""
        raise TypeError("a metric must define collect")

    def value(self, collected: Values, whole: Whole) -> Values:
        """The metric of each row [M] in float64, of several targets [M, k]."""
        raise TypeError(f"{type(self).__name__} must define value")


def metric(name: str) -> type[Metric]:
    """The class registered under a name."""
    return entries("metric")[name].cls


@cached
def always(*tasks: str) -> tuple[str, ...]:
    """The names of the metrics that every run of these tasks records."""
    return tuple(name for name in metrics_of(*tasks) if metric(name).default)
