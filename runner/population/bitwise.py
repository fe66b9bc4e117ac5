"""Does this machine's arithmetic give a run the same bits alone and in company? Probed, not assumed."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Probe:
    """ok: every row of every stack had the bits of the same row alone. text says what was tried."""

    ok: bool
    text: str


@functools.cache
def probe(dtype: str = "float32", norm: str = "none", members: int = 5) -> Probe:
    """Forward, backward and reductions of odd shapes, stacked and alone, compared bit for bit."""
    from runner.population.pieces.mlp import MLP

    cases = [(13, [7, 5], 2, 29, "gelu"), (33, [50, 17], 3, 31, "relu"), (64, [128], 10, 32, "tanh")]
    for inputs, hidden, outputs, batch, activation in cases:
        model = MLP(hidden=hidden, activation=activation, norm=norm)
        together = _gradients(model, inputs, outputs, batch, list(range(members)), dtype)
        for row in range(members):
            alone = _gradients(model, inputs, outputs, batch, [row], dtype)
            if not torch.equal(together[row], alone[0]):
                widths = "-".join(map(str, [inputs, *hidden, outputs]))
                return Probe(False, f"{widths}, batch {batch}: row {row} differs from the same row alone")
    return Probe(True, f"{len(cases)} odd shapes x {members} rows: every row has the bits of the same row alone")


def _gradients(model, inputs: int, outputs: int, batch: int, seeds: list[int], name: str) -> Tensor:
    from runner.population.architecture import Architecture
    from runner.population.initial import initial_buffers, initial_theta
    from runner.population.network import Network
    from runner.population.pieces.losses import CrossEntropy

    dtype = getattr(torch, name)
    network = Network(Architecture(model, inputs, outputs), dtype)
    theta = torch.from_numpy(initial_theta(network.layout, seeds, "torch", name))
    grad = torch.zeros_like(theta)
    network.bind(theta, grad, torch.from_numpy(initial_buffers(network.layout, len(seeds), name)))
    x = torch.zeros(len(seeds), batch, network.layout.padded[0], dtype=dtype)
    for row, seed in enumerate(seeds):
        x[row, :, :inputs] = torch.randn(batch, inputs, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    q = torch.zeros(len(seeds), batch, network.layout.padded[-1], dtype=dtype)
    q[..., 0] = 1
    with torch.no_grad():
        tape: list = []
        out = network.forward(x, training=True, tape=tape)
        terms, g = CrossEntropy().gradient(out, -q / batch, network.head, 1 / batch)
        network.backward(tape, g)
    return torch.cat([grad, grad.square().sum(1, keepdim=True), terms.flatten(1).sum(1, keepdim=True)], 1)
