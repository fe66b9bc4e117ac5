"""What becomes of signals on their way up a network, and of gradients on their way down.

With good initial weights both keep their size over the layers (Glorot & Bengio 2010, figures 6 and 7; He et al. 2015);
where they fade or grow from layer to layer, a deep network does not train.
"""

from __future__ import annotations

import numpy as np

from runner.population.arrays import as_array
from runner.training.engine import Engine
from runner.training.percentiles import fixed_examples


def layer_rms(engine: Engine, row: int = 0) -> dict[str, list[float]]:
    """Root mean squares by layer, at the engine's present weights, on a fixed batch of the row's training examples.

    "activation": of what each hidden layer passes on; "gradient": of the mean data loss by each layer's weights, the
    output layer's included. Batch norm uses the batch's statistics, as in training; dropout and other noise are off.
    Nothing of the engine changes.
    """
    used = engine.used([row], *(array[row : row + 1] for array in (engine.theta, engine.buffers)))
    alone = engine.subset([row], used["theta"], used["buffers"])
    signals = alone.rows.signals(fixed_examples(engine, row))
    weights = [slot.true(as_array(signals.grad)[None])[0] for slot in engine.layout.weight_slots]
    return {"activation": [_rms(as_array(out)) for out in signals.passed_on], "gradient": [_rms(w) for w in weights]}


def at_initial_weights(engine: Engine) -> Engine:
    """The same rows before their first step, for comparison."""
    return Engine(engine.runs, engine.tables.data, engine, engine.way)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values.astype(np.float64)))))
