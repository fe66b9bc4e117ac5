"""Initial parameters of each row, drawn from a generator of that row and layer alone."""

from __future__ import annotations

import torch
from torch import Tensor

from runner.config.registry import entries
from runner.population.draws import generator
from runner.population.layout import Layout


def initial_theta(layout: Layout, seeds: list[int], init: str, dtype=torch.float32) -> Tensor:
    """theta [M, P] on the CPU: weights and biases as `init` says, gains 1, shifts 0, padding 0."""
    theta = torch.zeros(len(seeds), layout.size, dtype=dtype)
    fill = entries("init")[init].cls().fill
    for layer in range(layout.layers):
        weight, bias = (layout.slots[f"{layer}.{kind}"].true(theta) for kind in ("weight", "bias"))
        for row, seed in enumerate(seeds):
            w, b = torch.empty(weight.shape[1:], dtype=dtype), torch.empty(bias.shape[1:], dtype=dtype)
            fill(w, b, generator(seed, "init", layer))
            weight[row], bias[row] = w, b
        if f"{layer}.gain" in layout.slots:
            layout.slots[f"{layer}.gain"].true(theta).fill_(1)
    return theta


def initial_buffers(layout: Layout, rows: int, values: dict[str, float], dtype=torch.float32) -> Tensor:
    """Running statistics [M, Q] at their initial values."""
    buffers = torch.zeros(rows, layout.buffer_size, dtype=dtype)
    for name, slot in layout.buffers.items():
        slot.view(buffers).fill_(values[name.split(".", 1)[1]])
    return buffers
