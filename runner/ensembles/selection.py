"""Which members to take: greedy selection with replacement (Caruana et al. 2004).

Shapes: K candidates, n rows of validation, C classes, or in regression targets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from runner.ensembles.combining import Combination
from runner.ensembles.options import VOTE

BLOCK = 1 << 22  # numbers held at once while candidates are tried
Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # answers [..., n, C], truth -> [...]; lower is better


def log_loss(answers: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """-1/n sum log p(true class)."""
    return -answers[..., np.arange(len(codes)), codes].mean(axis=-1)


def errors(answers: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The share of rows whose likeliest class is another."""
    return (answers.argmax(axis=-1) != codes).mean(axis=-1)


def squares(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """1/n sum (y - truth)^2, of several targets [n, C] the mean over them, each divided by its variance."""
    errors = np.square(answers - truth.reshape(answers.shape[-2:]))
    if truth.ndim > 1:
        variance = truth.var(axis=0)
        errors = errors / np.where(variance > 0, variance, 1)
    return errors.mean(axis=(-2, -1))


def score_of(task: str, combine: str) -> Score:
    """What the selection lowers; votes have no log loss, as a class without one has the probability 0."""
    if task == "regression":
        return squares
    return errors if combine == VOTE else log_loss


def greedy(combine: Combination, answers_KNC: np.ndarray, truth: np.ndarray, score: Score, size: int) -> Iterator[int]:
    """Candidates in the order of choice, `size` of them: first the best alone, then again and again whichever makes the
    ensemble so far best, be it in it already or not; of equal ones the first.
    """
    total = np.full(answers_KNC.shape[1:], combine.join.identity)
    for count in range(1, size + 1):
        tried = [
            score(combine.finish(combine.join(total, combine.scale(block)), count), truth)
            for block in _blocks(answers_KNC)
        ]
        best = int(np.concatenate(tried).argmin())
        total = combine.join(total, combine.scale(answers_KNC[best]))
        yield best


def _blocks(answers_KNC: np.ndarray) -> Iterator[np.ndarray]:
    step = max(1, BLOCK // max(1, answers_KNC[0].size))
    yield from (answers_KNC[i : i + step] for i in range(0, len(answers_KNC), step))
