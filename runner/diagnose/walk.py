"""The way of the weights: a run trained again, step by step, in double precision.

Shapes: T points on the way, P true parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.diagnose.subject import Case, precise
from runner.population.arrays import as_array
from runner.records.told import Tell
from runner.training.engine import Engine

NUMBERS = 20_000_000  # kept at most: T times P


@dataclass
class Way:
    """Points w [T, P] after `steps` [T] steps, the initial weights first; rates [T] of the steps that led there, NaN at
    first; whether a number was not finite, where it ends.
    """

    steps: np.ndarray
    w: np.ndarray
    rates: np.ndarray
    diverged: bool


def way(case: Case, steps: int, told: Tell) -> Way:
    """The first `steps` steps of a run, or all it makes; evenly picked ones if they are too many to keep."""
    settings = precise(case.settings)
    engine = Engine([settings], [case.data])
    mask, many = engine.layout.mask, min(steps, settings.trainer.epochs * engine.steps)
    every = max(1, -(-many * int(mask.sum()) // NUMBERS))
    at, points, rates = [0], [as_array(engine.theta)[0, mask].astype(np.float64)], [np.nan]
    for made in range(1, many + 1):
        told(made, many, f"steps of {case.label}")
        if not engine.at:
            engine.start_epoch([1.0])
        rate = float(engine.advance(engine.at + 1)["lr"][0])
        if made % every and made != many:
            continue
        point = as_array(engine.theta)[0, mask].astype(np.float64)
        if not np.isfinite(point).all():
            return Way(np.array(at), np.array(points), np.array(rates), True)
        at.append(made)
        points.append(point)
        rates.append(rate)
    return Way(np.array(at), np.array(points), np.array(rates), False)


def principal(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(two orthonormal directions [2, P] in which points [T, P] spread most about their last one, shares [2] of the
    spread). (Li et al. 2018, section 7.)
    """
    centred = points - points[-1]
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    total = float((sizes**2).sum()) or 1.0
    found, share = np.zeros((2, points.shape[1])), np.zeros(2)
    many = min(2, len(directions))
    found[:many], share[:many] = directions[:many], (sizes[:many] ** 2) / total
    return found, share
