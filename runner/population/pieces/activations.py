"""Activation functions."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Activation


@register("activation", "relu", torch="ReLU", paper="Nair & Hinton 2010")
@dataclass
class ReLU(Activation):
    """max(x, 0)"""

    zero_at_zero = exact = True

    def forward(self, x):
        return x.relu()

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.threshold_backward.default(g, y, 0)

    def module(self):
        from torch import nn

        return nn.ReLU()


@register("activation", "tanh", torch="Tanh", paper="LeCun et al. 1998")
@dataclass
class Tanh(Activation):
    """tanh(x)"""

    zero_at_zero = True

    def forward(self, x):
        return x.tanh()

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.tanh_backward.default(g, y)

    def module(self):
        from torch import nn

        return nn.Tanh()


@register("activation", "sigmoid", torch="Sigmoid")
@dataclass
class Sigmoid(Activation):
    """1 / (1 + exp(-x))"""

    def forward(self, x):
        return x.sigmoid()

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.sigmoid_backward.default(g, y)

    def module(self):
        from torch import nn

        return nn.Sigmoid()


@register("activation", "gelu", torch="GELU", paper="Hendrycks & Gimpel 2016")
@dataclass
class GELU(Activation):
    """x Phi(x), Phi the standard normal distribution function"""

    zero_at_zero = True

    def forward(self, x):
        from torch.nn import functional

        return functional.gelu(x)

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.gelu_backward.default(g, x)

    def module(self):
        from torch import nn

        return nn.GELU()
