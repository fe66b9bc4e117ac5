"""How the answers of several networks become one answer.

Each way is a mean on some scale: what the members say is brought onto the scale, joined and brought back. Classes are
logarithms of probabilities, log p, so that a probability too small for a float is still a number.

Shapes: K members, n rows, C classes; in regression C = 1 and an answer is the number itself. A member that says nothing
about a row (it was trained on it) has NaN there, and is left out for this row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.config.tasks import MULTITASK
from runner.ensembles.options import COMBINE, GEOMETRIC, MEAN, VOTE, check_name
from runner.errors import ConfigError

Answers = Mapping[str, np.ndarray]  # of a member by split, as `runner.training.answers` keeps them


@dataclass(frozen=True)
class Combination:
    """`finish(join of scale(answer), how many)`; `join` is associative, so that members can be added one by one."""

    name: str
    formula: str
    scale: Callable[[np.ndarray], np.ndarray]
    join: np.ufunc
    finish: Callable[[np.ndarray, np.ndarray | int], np.ndarray]

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """It needs no numbers of its own."""
        return {}

    def of(self, answers: Iterable[np.ndarray]) -> np.ndarray:
        """The answer [n, C] of all members together, whose answers [n, C] are taken one by one."""
        total: Any = self.join.identity
        count: Any = 0
        for answer in answers:
            told = ~np.isnan(answer).any(axis=-1, keepdims=True)
            total = self.join(total, np.where(told, self.scale(answer), self.join.identity))
            count = count + told
        return self.finish(total, count)

    def running(self, answers: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The answers [n, C] of the first member, of the first two, ..., of all, who say something about every row."""
        total: Any = self.join.identity
        for size, answer in enumerate(answers, 1):
            total = self.join(total, self.scale(answer))
            yield self.finish(total, size)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """z_c - log sum_k exp(z_k)."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _same(answers: np.ndarray) -> np.ndarray:
    return answers


def chosen(answers: np.ndarray) -> np.ndarray:
    """1 for the likeliest class, the first of several, and 0 for the others."""
    return (np.arange(answers.shape[-1]) == answers.argmax(axis=-1)[..., None]).astype(np.float64)


def _share(total: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    """log(total / count); a class without a vote has log 0, minus infinity."""
    with np.errstate(divide="ignore"):
        return np.log(total / count)


def _mean_log(total: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    return total - np.log(count)


def _root(total: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    return log_softmax(total / count)


def _mean(total: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    return total / count


CLASSES = {
    MEAN: Combination(MEAN, "p = 1/K sum p_k", _same, np.logaddexp, _mean_log),
    GEOMETRIC: Combination(GEOMETRIC, "p ~ exp(1/K sum log p_k)", _same, np.add, _root),
    VOTE: Combination(VOTE, "p = share of the members whose likeliest class it is", chosen, np.add, _share),
}
NUMBERS = {MEAN: Combination(MEAN, "y = 1/K sum y_k", _same, np.add, _mean)}


def check_task(task: str) -> None:
    """ConfigError for answers that no way combines."""
    if task == MULTITASK:
        raise ConfigError(
            "these runs have several targets of which some are classes, and answers are combined that are about one "
            "target or about numbers alone. Ask one of them, such as `runner predict RUN INPUT`, or train runs for "
            "one target (dataset.target=NAME)"
        )


def combination(name: str, task: str) -> Combination:
    """The way called `name`; ConfigError for one that there is not, or that numbers do not have."""
    check_name(name)
    check_task(task)
    found = CLASSES if task == "classification" else NUMBERS
    if name not in found:
        raise ConfigError(
            f"{COMBINE} {name}: is about the probabilities of classes, but these runs predict a number. Use "
            f"{COMBINE} {MEAN}, the mean of the numbers"
        )
    return found[name]
