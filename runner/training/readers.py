"""What noise does to activations on the average, in evaluation: the weights that read them are multiplied by it.

Arrays and tensors alike. Shapes: M members, P parameters.
"""

from __future__ import annotations

import numpy as np

from runner.config.settings import Settings
from runner.population.arrays import Values, like
from runner.population.layout import Layout
from runner.population.members import Columns, active_entries
from runner.population.pieces.base import Parametrization
from runner.regularizers.base import Noise


def differ(runs: list[Settings], layout: Layout) -> bool:
    """Whether weights are used that are not what theta holds. (Those that a mask restricts are 0 there, too.)"""
    return bool(layout.of_kind(Parametrization) or layout.ties) or _scales_readers(runs)


def _scales_readers(runs: list[Settings]) -> bool:
    """Whether some run's noise has another mean than 1."""
    return any(piece.mean is not None for _, piece, _ in active_entries(Columns(runs), Noise))


def scale_readers(runs: list[Settings], layout: Layout, weights: Values, power: int = 1) -> None:
    """Weights [M, P] that read what noise changes, times the mean of its factor, in place; with power -1 as before."""
    columns = Columns(runs)
    for _, piece, paths in active_entries(columns, Noise):
        if piece.mean is None:
            continue
        for layer in [0] if piece.site == "input" else range(1, layout.layers):
            h = {k: np.array(columns.values(path, max(layer - 1, 0)), np.float64) for k, path in paths.items()}
            read = layout.slots[f"{layer}.weight"].view(weights)
            read *= like(weights, piece.mean(**h) ** power)[:, None, None]
