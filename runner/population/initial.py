"""Initial parameters of each row, drawn from a generator of that row and layer alone."""

from __future__ import annotations

import torch
from torch import Tensor

from runner.config.registry import entries
from runner.population.draws import generator
from runner.population.layout import Layout


def initial_theta(layout: Layout, seeds: list[int], init: str, dtype=torch.float32) -> Tensor:
    """theta [M, P] on the CPU: what pieces leave to `init` as it says, the rest as they declare, padding 0."""
    theta = torch.zeros(len(seeds), layout.size, dtype=dtype)
    fill = entries("init")[init].cls().fill
    for slot in layout.slots.values():
        if slot.declared.start:
            slot.true(theta).fill_(slot.declared.start)
    for layer in range(layout.layers):
        drawn = [s.true(theta) for s in layout.slots.values() if s.layer == layer and s.declared.start is None]
        for row, seed in enumerate(seeds):
            one_row = [torch.empty(tensor.shape[1:], dtype=dtype) for tensor in drawn]
            fill(*one_row, generator(seed, "init", layer))
            for tensor, filled in zip(drawn, one_row, strict=True):
                tensor[row] = filled
    return theta


def initial_buffers(layout: Layout, rows: int, dtype=torch.float32) -> Tensor:
    """Running statistics [M, Q] at their initial values."""
    buffers = torch.zeros(rows, layout.buffer_size, dtype=dtype)
    for slot in layout.buffers.values():
        slot.view(buffers).fill_(slot.declared.start or 0.0)
    return buffers
