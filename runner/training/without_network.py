"""Metrics of answers that come without a network: of what several networks say together.

Shapes: M answers, n rows, C classes, or in regression targets. Answers are log-probabilities, or numbers in the
unit of the target.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from runner.data.encoding import Encoding
from runner.data.prepare import RunData
from runner.data.target_scaling import TargetScale
from runner.training.evaluation import Passes, evaluate


def in_own_unit(encoding: Encoding) -> Encoding:
    """The same encoding where answers are numbers in the unit of the target, as those of an ensemble are."""
    targets = {name: TargetScale() for name in encoding.targets}
    return dataclasses.replace(
        encoding, targets=targets, target_offset=0.0, target_scale=1.0, target_log=False, target_quantiles=[]
    )


class _Rows:
    """The rows of a split as evaluation takes them, the same for each of M answers, numbers in their own unit."""

    def __init__(self, data: RunData, truth: np.ndarray, count: int):
        self.truth = truth
        self.data = [dataclasses.replace(data, target=None, encoding=in_own_unit(data.encoding))] * count

    def answers(self, index: np.ndarray) -> np.ndarray:
        return self.truth[index]

    def weights_of(self, index: np.ndarray) -> None:
        return None


def truth_of(data: RunData, rows: np.ndarray) -> np.ndarray:
    """What is right about some rows [n]: codes of classes, or numbers in their own unit, of several targets [n, k]."""
    return data.y[rows] if data.labels else data.targets(rows)


def errors(data: RunData, truth: np.ndarray, said_MNC: np.ndarray) -> np.ndarray:
    """-log p of the true class [M, n], or the square of the error in the target's unit, of several the mean."""
    if data.task == "regression":
        return np.square(said_MNC - truth.reshape(said_MNC.shape[1:])).mean(-1)
    codes = np.broadcast_to(truth[None, :, None], (*said_MNC.shape[:2], 1))
    return -np.take_along_axis(said_MNC, codes, 2)[..., 0]


def scaled_errors(data: RunData, truth: np.ndarray, said_MNC: np.ndarray) -> np.ndarray:
    """`errors`, but the squares on the scale on which networks are trained."""
    if data.task == "classification":
        return errors(data, truth, said_MNC)
    scaled = data.encoding.scale_of_target.scaled
    squares = np.square(scaled(said_MNC) - scaled(truth.reshape(said_MNC.shape[1:])))
    return np.average(squares, axis=-1, weights=data.target_weights)


def measured(
    data: RunData, truth: np.ndarray, said_MNC: np.ndarray, losses_MN: np.ndarray, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """The registered metrics called `names`, [M] each; their loss is the mean of the losses."""
    every, count = np.arange(len(said_MNC))[:, None], len(said_MNC)

    def score(index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        outputs = said_MNC[every, index]
        guess = np.zeros_like(index) if data.task == "regression" else outputs.argmax(axis=-1)
        return outputs, losses_MN[every, index], guess

    index = np.tile(np.arange(len(truth)), (count, 1))
    return evaluate(Passes(score), "softmax", _Rows(data, truth, count), index, names)
