"""Easy examples first: which examples an epoch of a row draws from with `trainer.curriculum`.

The share of the easiest grows from `curriculum_start` to all of them in `curriculum_epochs` epochs (Bengio et al.
2009; a linear pacing function, Hacohen & Weinshall 2019). How hard an example is, the row's own network says as it
enters the epoch (self-paced learning, Kumar et al. 2010), or the length of the text.

Shapes: R rows, N examples of an epoch, C outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from runner.config.settings import Settings
from runner.data.tables import Tables
from runner.population.links import probabilities
from runner.training.settings import CONFIDENCE, LENGTH

# Rows, their training examples [R, N] -> outputs [R, N, C] and losses [R, N] of their networks, in evaluation mode.
Said = Callable[[list[int], np.ndarray], tuple[np.ndarray, np.ndarray]]


def drawn_from(
    runs: Sequence[Settings], tables: Tables, made: Sequence[int], said: Said, link: str
) -> list[np.ndarray | None]:
    """For each row, which has made so many epochs: places, in the examples of an epoch, of those that the coming one
    draws from, in order; None = of all.
    """
    found: list[np.ndarray | None] = [None] * len(runs)
    early = [row for row, run in enumerate(runs) if run.trainer.easy(made[row]) < 1]
    for row, hardness in _hardness(runs, tables, early, said, link):
        trainer, train = runs[row].trainer, tables.index["train"][row]
        examples = tables.examples(row, runs[row].seed, trainer.sampling)
        found[row] = easiest(hardness[np.searchsorted(train, examples)], trainer.easy(made[row]))
    return found


def easiest(hardness: np.ndarray, share: float) -> np.ndarray:
    """The places of this share of the examples, one at least, those that are least hard; of equal ones the first."""
    count = max(1, math.ceil(share * len(hardness) - 1e-9))
    return np.sort(hardness.argsort(kind="stable")[:count])


def _hardness(
    runs: Sequence[Settings], tables: Tables, rows: Sequence[int], said: Said, link: str
) -> Iterator[tuple[int, np.ndarray]]:
    """(row, how hard each of its training examples is [N])."""
    train = tables.index["train"]
    for row in (row for row in rows if runs[row].trainer.curriculum == LENGTH):
        yield row, tables.data[row].text_lengths[train[row]]
    if asked := [row for row in rows if runs[row].trainer.curriculum != LENGTH]:
        outputs, losses = said(asked, train[asked])
        for row, scores, loss in zip(asked, outputs, losses, strict=True):
            sure = runs[row].trainer.curriculum == CONFIDENCE
            yield row, -probabilities(scores, link).max(-1) if sure else loss
