"""What a network in training or just trained says about encoded examples."""

from __future__ import annotations

import numpy as np

from runner.population.arrays import as_array
from runner.population.links import probabilities
from runner.training.engine import Engine
from runner.training.evaluation import CHUNK


def outputs(engine: Engine, x: np.ndarray) -> np.ndarray:
    """Class probabilities [n, C] or scaled numbers [n], of several targets [n, k], of encoded features x [n, D], by the
    engine's first row; of several heads their columns as the network gives them.
    """
    parts = np.array_split(np.ascontiguousarray(x), max(1, -(-len(x) // CHUNK)))
    out: np.ndarray = np.concatenate([as_array(engine.rows.outputs(part.astype(engine.dtype))) for part in parts])
    if engine.tables.task == "classification":
        return probabilities(out, engine.loss.link)
    return out if engine.tables.data[0].encoding.targets else out[:, 0]
