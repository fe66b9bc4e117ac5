"""What rows begin with: weights as drawn or as another run left them, some of them masked.

Shapes: M members, P parameters, Q running statistics, O x I weights of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.config.settings import Settings
from runner.population.initial import begin_at, initial_buffers, initial_theta
from runner.population.layout import Layout
from runner.population.pieces.base import Parametrization
from runner.population.pieces.linear import Mask
from runner.training import given


def beginning(layout: Layout, runs: Sequence[Settings], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """theta [M, P] and running statistics [M, Q] before the first step, padding 0."""
    model, seeds = runs[0].model, [run.seed for run in runs]
    theta = initial_theta(layout, seeds, model.init, dtype, [run.model.init_keys for run in runs])
    buffers = initial_buffers(layout, len(runs), dtype)
    for row, run in enumerate(runs):
        if run.model.init_from is not None:
            given.start(run.model.init_from).copy(layout, theta[row], buffers[row])
        elif not model.hidden and (weights := run.dataset.initial_weights()) is not None:
            begin_at(theta, layout, row, weights)
        for layer, _ in layout.of_kind(Mask):
            _mask(run, layout, layer, theta[row : row + 1], buffers[row : row + 1])
    for slot, *_ in layout.ties:
        slot.view(theta)[...] = 0
    for layer, piece in layout.of_kind(Parametrization):
        piece.begin(layout.slots[f"{layer}.weight"].true(theta), *(s.true(theta) for s in layout.of(layer, piece)))
    return theta, buffers


def _mask(run: Settings, layout: Layout, layer: int, theta: np.ndarray, buffers: np.ndarray) -> None:
    """Fill a row's mask of a layer, and set what it excludes to 0."""
    weight, mask = layout.slots[f"{layer}.weight"].true(theta)[0], layout.buffers[f"{layer}.mask"].true(buffers)[0]
    if run.model.mask is not None:
        mask[...] = given.mask(run.model.mask, layer, weight.shape)
    weight *= mask
    mask *= largest(weight, run.model.pruned(layer))
    weight *= mask


def largest(weight: np.ndarray, share: float) -> np.ndarray:
    """1 where a weight is kept, 0 at the share of them that are smallest in magnitude (the first of equal ones)."""
    kept = np.ones(weight.size, weight.dtype)
    kept[np.abs(weight).reshape(-1).argsort(kind="stable")[: round(share * weight.size)]] = 0
    return kept.reshape(weight.shape)
