"""Ways to combine that are fitted: each has numbers of its own, which are kept beside the members.

Shapes: K members, n rows, C classes, or in regression targets. Answers are log-probabilities, or numbers in their own
unit, as in `runner.ensembles.combining`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from runner.ensembles.combining import chosen, combination, log_softmax
from runner.ensembles.options import NAMES


class Way(Protocol):
    """What makes one answer of those of all members, and the numbers that it needs."""

    @property
    def name(self) -> str:
        """As summary.json and the screen call it."""

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What is kept of it; nothing of a way that needs no numbers."""

    def of(self, answers: Iterable[np.ndarray]) -> np.ndarray:
        """The answer [n, C] of all members together, whose answers [n, C] are taken one by one."""


@dataclass(frozen=True)
class WeightedVote:
    """log p = log softmax(d / (C - 1)), d_c = sum_k a_k (1 if member k names c, else -1/(C - 1)) / sum_k a_k, as
    scikit-learn's AdaBoostClassifier has it (SAMME, Zhu et al. 2009).
    """

    name: ClassVar[str] = "weighted vote"

    weights: np.ndarray  # a [K]

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights}

    def of(self, answers: Iterable[np.ndarray]) -> np.ndarray:
        votes = sum(weight * chosen(each) for weight, each in zip(self.weights, answers, strict=True))
        others = np.asarray(votes).shape[-1] - 1
        decision = np.asarray(votes) / self.weights.sum()
        return log_softmax((decision - (1 - decision) / max(others, 1)) / max(others, 1))


@dataclass(frozen=True)
class Sum:
    """y = start + rate sum_k h_k."""

    name: ClassVar[str] = "sum"

    start: np.ndarray  # [C]
    rate: np.ndarray  # []

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"start": self.start, "rate": self.rate}

    def of(self, answers: Iterable[np.ndarray]) -> np.ndarray:
        return self.start + self.rate * sum(answers)


@dataclass(frozen=True)
class Linear:
    """z = sum_k P_k W_k + b of what the members say: of their probabilities log softmax(z), of their numbers z."""

    name: ClassVar[str] = "linear"

    slopes: np.ndarray  # W [K, C, C]
    shift: np.ndarray  # b [C]
    classes: np.ndarray  # []; 1: probabilities of classes, 0: numbers

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"slopes": self.slopes, "shift": self.shift, "classes": self.classes}

    def of(self, answers: Iterable[np.ndarray]) -> np.ndarray:
        inputs = (np.exp(each) if self.classes else each for each in answers)
        scores = self.shift + sum(
            np.einsum("nc,cd->nd", x, slopes) for x, slopes in zip(inputs, self.slopes, strict=True)
        )
        return log_softmax(scores) if self.classes else scores


FITTED = {cls.name: cls for cls in (WeightedVote, Sum, Linear)}


def way_of(name: str, task: str, arrays: Mapping[str, np.ndarray]) -> Way:
    """The way called `name` with what was kept of it; KeyError if that lacks something."""
    if name in NAMES:
        return combination(name, task)
    cls = FITTED[name]
    return cls(**{field.name: arrays[field.name] for field in dataclasses.fields(cls)})
