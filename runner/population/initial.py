"""Initial parameters of each row, drawn for that row and layer alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from runner.config.registry import entries
from runner.population.initial_draws import Draws
from runner.population.layout import Layout


def initial_theta(
    layout: Layout, seeds: list[int], init: str, dtype: str = "float32", keys: Sequence[Mapping[str, float]] = ()
) -> np.ndarray:
    """theta [M, P]: what pieces leave to `init` as it says, with the keys of each row where they are given, the rest as
    they declare, padding 0.
    """
    theta = np.zeros((len(seeds), layout.size), dtype)
    fill = entries("init")[init].cls().fill
    for slot in layout.slots.values():
        if slot.declared.start:
            slot.true(theta)[...] = slot.declared.start
    for layer in range(layout.layers):
        weight, *bias = [s.true(theta) for s in layout.slots.values() if s.layer == layer and s.declared.start is None]
        unused = np.zeros(weight.shape[:2], dtype)  # drawn all the same where there are no biases
        for row, seed in enumerate(seeds):
            of_row = keys[row] if keys else {}
            fill(weight[row], (bias[0] if bias else unused)[row], Draws(seed, "init", layer), **of_row)
    return theta


def begin_at(theta: np.ndarray, layout: Layout, row: int, weights: list[float]) -> None:
    """Let the row of a linear network with one output begin at these weights, with bias 0."""
    for slot in layout.slots.values():
        slot.true(theta)[row] = np.array(weights)[None] if slot.kind == "weight" else 0


def initial_buffers(layout: Layout, rows: int, dtype: str = "float32") -> np.ndarray:
    """Running statistics [M, Q] at their initial values."""
    buffers = np.zeros((rows, layout.buffer_size), dtype)
    for slot in layout.buffers.values():
        slot.view(buffers)[...] = slot.declared.start or 0.0
    return buffers
