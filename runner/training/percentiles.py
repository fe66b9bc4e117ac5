"""How what enters a layer is spread, while its weights learn: the figure 1 of Ioffe & Szegedy 2015.

Of each hidden layer the last unit stands for all. What enters its activation (after the norm, if that comes before) is
taken on a fixed batch of training examples, without noise, with norms of the batch as in training.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from runner.population.arrays import as_array
from runner.training.engine import Engine

PERCENTILES = (15, 50, 85)
EXAMPLES = 256  # of the training split, always the same, however few rows train/* is measured on


def names(hidden: int) -> list[str]:
    """The columns of a network with so many hidden layers: p15/layer1_input, ..."""
    return [f"p{each}/layer{layer}_input" for layer in range(1, hidden + 1) for each in PERCENTILES]


def percentiles(engine: Engine) -> dict[str, np.ndarray]:
    """The columns [M] of all rows, at the weights that are shown; NaN in those of rows that do not ask for them."""
    asking = [row for row, run in enumerate(engine.runs) if run.trainer.percentiles]
    if not asking:
        return {}
    found = np.full((len(engine.runs), len(engine.runs[0].model.hidden), len(PERCENTILES)), np.nan)
    shown = engine.shown
    for row in asking:
        alone = engine.subset([row], *(array[row : row + 1] for array in shown.values()))
        found[row] = [np.percentile(last, PERCENTILES) for last in _entering(alone, fixed_examples(engine, row))]
    return dict(zip(names(found.shape[1]), found.reshape(len(found), -1).T, strict=True))


def _entering(alone: Engine, examples: np.ndarray) -> Iterator[np.ndarray]:
    """What enters the last unit of each hidden layer of the only row, [n]; NaN if a number is not finite."""
    for entering in alone.rows.signals(examples).entering:
        last = as_array(entering)[:, -1].astype(np.float64)
        yield last if np.isfinite(last).all() else np.full(1, np.nan)


def fixed_examples(engine: Engine, row: int) -> np.ndarray:
    """The same training examples [1, n] of a row at any time."""
    tables = engine.tables
    index = tables.index["train_eval"][row : row + 1, :EXAMPLES]
    return index if index.shape[1] == min(EXAMPLES, tables.size["train"]) else tables.subset([row]).sample(EXAMPLES)
