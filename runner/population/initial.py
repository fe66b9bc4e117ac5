"""Initial parameters of each row, drawn for that row and layer alone."""

from __future__ import annotations

import numpy as np

from runner.config.registry import entries
from runner.population.initial_draws import Draws
from runner.population.layout import Layout


def initial_theta(layout: Layout, seeds: list[int], init: str, dtype: str = "float32") -> np.ndarray:
    """theta [M, P]: what pieces leave to `init` as it says, the rest as they declare, padding 0."""
    theta = np.zeros((len(seeds), layout.size), dtype)
    fill = entries("init")[init].cls().fill
    for slot in layout.slots.values():
        if slot.declared.start:
            slot.true(theta)[...] = slot.declared.start
    for layer in range(layout.layers):
        drawn = [s.true(theta) for s in layout.slots.values() if s.layer == layer and s.declared.start is None]
        for row, seed in enumerate(seeds):
            fill(*(each[row] for each in drawn), Draws(seed, "init", layer))
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
