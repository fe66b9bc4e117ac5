"""Boosting: each member makes up for what those before it got wrong.

Classes: SAMME (Zhu et al. 2009, algorithm 2), by weights of the examples. Numbers: L2 boosting (Friedman 2001; Bühlmann
& Yu 2003), by residuals. Shapes: N rows, n training rows, C classes, or in regression targets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from runner.ensembles.combining import Answers
from runner.ensembles.fitted import Sum, WeightedVote

if TYPE_CHECKING:
    from runner.data.encoding import Encoding
    from runner.data.prepare import RunData

TOLD = {"asked": "train", "val": "val", "test": "test"}  # what members tell about -> whose rows these are
ROUNDING = 1e-12  # of a share of weights that is that of chance


class Stage(NamedTuple):
    """What a member is worth."""

    error: float  # e, the share of the weight that it gets wrong
    weight: float  # a


def stage_of(wrong: np.ndarray, weights: np.ndarray, classes: int, rate: float = 1.0) -> Stage:
    """e = sum w_i [wrong_i] / sum w_i and a = rate (log((1 - e)/e) + log(C - 1)); 1 of a member without an error, as
    scikit-learn has it; 0 of one that is no better than chance, e >= 1 - 1/C.
    """
    error = float(np.average(wrong, weights=weights))
    if error <= 0:
        return Stage(0.0, 1.0)
    if error >= (1 - 1 / classes) * (1 - ROUNDING):
        return Stage(error, 0.0)
    return Stage(error, float(rate * (np.log((1 - error) / error) + np.log(classes - 1))))


def reweighted(weights: np.ndarray, wrong: np.ndarray, weight: float) -> np.ndarray:
    """w_i exp(a [wrong_i]), of mean 1."""
    found = weights * np.exp(weight * wrong)
    return found / found.mean()


@dataclass
class Samme:
    """Boosting of classes."""

    data: RunData
    rate: float

    def stages(self, answers: Sequence[Answers]) -> tuple[list[Stage], np.ndarray]:
        """(what each member is worth, the weights [n] with which the next trains)."""
        weights, codes, found = weights_of(self.data), self.data.y[self.data.train], []
        for each in answers:
            wrong = each["asked.said"].argmax(1) != codes
            found.append(stage_of(wrong, weights, self.data.outputs, self.rate))
            weights = reweighted(weights, wrong, found[-1].weight)
        return found, weights

    def examples(self, before: Sequence[Answers]) -> RunData:
        """The same rows with the weights of the next member, the first with what it has."""
        if not before:
            return dataclasses.replace(self.data, asked=self.data.train)
        weights = np.ones(len(self.data.x)) if self.data.weights is None else self.data.weights.copy()
        weights[self.data.train] = self.stages(before)[1]
        return dataclasses.replace(self.data, weights=weights, asked=self.data.train)

    def wrong(self, answers: Sequence[Answers]) -> str:
        """Why the last member is no better than chance; "" if it is."""
        last = self.stages(answers)[0][-1]
        chance = f"it gets {last.error:.1%} of the weight wrong, of {self.data.outputs} classes"
        return "" if last.weight > 0 else chance

    def perfect(self, answers: Sequence[Answers]) -> str:
        """Why the last member leaves nothing to learn; "" if it does."""
        return "" if self.stages(answers)[0][-1].error > 0 else "it gets no training row wrong"

    def way(self, answers: Sequence[Answers]) -> WeightedVote:
        """The vote of members by their weights; of one alone, whatever it is worth."""
        found = [stage.weight for stage in self.stages(answers)[0]]
        return WeightedVote(np.array(found if found[0] > 0 else [1.0]))

    def told(self, answers: Sequence[Answers]) -> dict[str, Any]:
        """Errors and weights of the members."""
        errors = [stage.error for stage in self.stages(answers)[0]]
        return {"errors": errors, "weights": self.way(answers).weights.tolist()}


@dataclass
class Residuals:
    """Boosting of numbers, in their own unit."""

    data: RunData
    rate: float

    @property
    def start(self) -> np.ndarray:
        """The mean of the training targets [C], with which the sum begins."""
        truth = self._truth(self.data.train)
        return np.average(truth, axis=0, weights=weights_of(self.data))

    def _truth(self, rows: np.ndarray) -> np.ndarray:
        """The targets [n, C] of some rows in their own unit."""
        return self.data.targets(rows).reshape(len(rows), -1)

    def left(self, told: str, answers: Sequence[Answers]) -> np.ndarray:
        """y - start - rate sum_k h_k [n, C] of the rows that the answers tell about."""
        rows = getattr(self.data, TOLD[told])
        said = sum((each[f"{told}.said"] for each in answers), np.zeros((len(rows), self.data.outputs)))
        return self._truth(rows) - self.start - self.rate * said

    def examples(self, before: Sequence[Answers]) -> RunData:
        """The same rows, but that their answers are the residuals; what the network says is turned back by its scale
        alone.
        """
        y = self.data.y.copy()
        for told, split in TOLD.items():
            if len(getattr(self.data, split)):
                y[getattr(self.data, split)] = self._scaled(told, before)
        return dataclasses.replace(self.data, y=y, encoding=without_offsets(self.data.encoding), asked=self.data.train)

    def _scaled(self, told: str, answers: Sequence[Answers]) -> np.ndarray:
        """`left` as y has it: on the scale of training, [n] where there is one target."""
        left = self.left(told, answers)
        scale = without_offsets(self.data.encoding).scale_of_target
        return scale.scaled(left.reshape(len(left), *self.data.y.shape[1:]))

    def _square(self, answers: Sequence[Answers]) -> float:
        """The squared error on the training rows, on the scale of training."""
        left = self._scaled("asked", answers)
        return float(np.average(np.square(left.reshape(len(left), -1)).sum(1), weights=weights_of(self.data)))

    def wrong(self, answers: Sequence[Answers]) -> str:
        """Why the last member is no better than chance; "" if it is."""
        worse = self._square(answers) >= self._square(answers[:-1])
        return "it does not lower the squared error on the training rows" if worse else ""

    def perfect(self, answers: Sequence[Answers]) -> str:
        """Why the last member leaves nothing to learn; "" if it does."""
        return "" if self._square(answers) > 0 else "it leaves no residual on the training rows"

    def way(self, answers: Sequence[Answers]) -> Sum:
        """Their sum."""
        return Sum(self.start, np.array(self.rate))

    def told(self, answers: Sequence[Answers]) -> dict[str, Any]:
        """Nothing of single members."""
        return {}


def weights_of(data: RunData) -> np.ndarray:
    """Of the training rows in the loss [n], of mean 1."""
    return np.ones(len(data.train)) if data.weights is None else data.weights[data.train]


def without_offsets(encoding: Encoding) -> Encoding:
    """The same encoding of targets that are differences."""
    targets = {name: dataclasses.replace(scale, offset=0.0) for name, scale in encoding.targets.items()}
    return dataclasses.replace(encoding, target_offset=0.0, targets=targets)


def boosting(data: RunData, rate: float) -> Samme | Residuals:
    """Boosting as the task of the data has it."""
    return Samme(data, rate) if data.task == "classification" else Residuals(data, rate)
