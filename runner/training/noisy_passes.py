"""Passes of a trained network with the noise of its training: Monte Carlo dropout (Gal & Ghahramani 2016).

Shapes: T passes, n examples, B of them at once, D inputs, C outputs.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from runner.config.settings import Settings
from runner.population.architecture import Architecture
from runner.population.arrays import Values, as_array
from runner.population.draws import key
from runner.population.members import Columns
from runner.population.network import Network
from runner.training.noise import NoiseSource
from runner.training.readers import scale_readers

EXAMPLES = 256  # at once


class NoisyPasses:
    """The network of one run at the weights theta [P] that evaluation uses and running statistics [Q], with its noise
    of inputs and hidden layers (dropout of every kind, what is added to activations) and norms as in evaluation.

    Weights that stand for the mean of noise in evaluation (direct dropout) are not scaled where there is the noise.
    """

    def __init__(self, run: Settings, architecture: Architecture, dtype: str, theta: Values, buffers: Values):
        self.run, self.layout, self.dtype = run, architecture.layout, getattr(torch, dtype)
        rows = (torch.from_numpy(as_array(each)[None].copy()) for each in (theta, buffers))
        self.network = Network(architecture, self.dtype)
        self.theta, self.buffers = rows
        self.network.bind(self.theta, None, self.buffers)
        unscaled = self.theta.clone()
        scale_readers([run], self.layout, unscaled, power=-1)
        self.noisy = copy.copy(self.network).bind(unscaled, None, self.buffers)
        self.source = NoiseSource(Columns([run], self.dtype), self.layout, EXAMPLES)

    @property
    def active(self) -> bool:
        """Whether the run has such noise."""
        return bool(self.source.sources)

    @torch.no_grad()
    def outputs(self, x: np.ndarray, passes: int, seed: int = 0) -> np.ndarray:
        """Outputs [T, n, C] in float64 for features x [n, D]; equal for an equal seed, and draws of no training step.

        Every example has its own noise in every pass.
        """
        self.source.seeds = np.array([key(seed, "monte carlo", self.run.seed)])
        starts = range(0, max(len(x), 1), EXAMPLES)
        parts = [self._some(x[a : a + EXAMPLES], passes, number * passes) for number, a in enumerate(starts)]
        return np.concatenate(parts, axis=1)

    def _some(self, x: np.ndarray, passes: int, first: int) -> np.ndarray:
        padded = self._padded(x)
        found = []
        for t in range(passes):
            noise = self.source.draw(np.array([[first + t]]), len(x))
            found.append(self.noisy.forward(padded, noise=noise[0] if noise else None))
        return torch.cat(found)[..., : self.layout.widths[-1]].double().numpy()

    @torch.no_grad()
    def cut(self, x: np.ndarray, share: float) -> np.ndarray:
        """Outputs [n, C] of the network of the first k = ceil(share n) of each hidden layer's n units, times n/k."""
        changes: list = [None]
        for width, padded in zip(self.layout.widths[1:-1], self.layout.padded[1:-1], strict=True):
            kept = int(np.ceil(share * width))
            factor = (torch.arange(padded) < kept).to(self.dtype) * (width / kept)
            changes.append((factor, None))
        outputs = self.network.forward(self._padded(x), noise=changes)
        return outputs[0, :, : self.layout.widths[-1]].double().numpy()

    def _padded(self, x: np.ndarray) -> Tensor:
        padded = torch.zeros(1, len(x), self.layout.padded[0], dtype=self.dtype)
        padded[0, :, : x.shape[1]] = torch.from_numpy(np.ascontiguousarray(x))
        return padded
