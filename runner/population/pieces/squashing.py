"""Activations that squash all numbers into an interval."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Activation, TorchActivation


@register("activation", "tanh", torch="Tanh", paper="LeCun et al. 1998")
@dataclass
class Tanh(TorchActivation):
    """tanh(x)"""

    zero_at_zero = True
    derivative, of_output = "tanh_backward", True


@register("activation", "sigmoid", torch="Sigmoid")
@dataclass
class Sigmoid(TorchActivation):
    """1 / (1 + exp(-x))"""

    derivative, of_output = "sigmoid_backward", True


@register("activation", "softsign", torch="Softsign", paper="Bergstra et al. 2009")
@dataclass
class Softsign(Activation):
    """x / (1 + |x|)"""

    zero_at_zero = exact = True

    def forward(self, x):
        return x / (1 + x.abs())

    def gradient(self, x, y, g):
        return g / (1 + x.abs()).square()
