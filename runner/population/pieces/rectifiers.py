"""Activations like ReLU: leaky, smooth, self-normalizing."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Activation

SLOPE = 0.01  # torch's default
ALPHA, SCALE = (
    1.6732632423543772848170429916717,
    1.0507009873554804934193349852946,
)  # the fixed point of mean 0, variance 1


@register("activation", "leaky_relu", torch="LeakyReLU", paper="Maas, Hannun & Ng 2013")
@dataclass
class LeakyReLU(Activation):
    """x if x > 0, else 0.01 x"""

    zero_at_zero = exact = True

    def forward(self, x):
        from torch.nn import functional

        return functional.leaky_relu(x, SLOPE)

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.leaky_relu_backward.default(g, x, SLOPE, False)

    def module(self):
        from torch import nn

        return nn.LeakyReLU(SLOPE)


@register("activation", "selu", torch="SELU", paper="Klambauer et al. 2017")
@dataclass
class SELU(Activation):
    """1.0507 (x if x > 0, else 1.6733 (exp(x) - 1)): keeps mean 0 and variance 1 with init lecun_normal"""

    zero_at_zero = True

    def forward(self, x):
        from torch.nn import functional

        return functional.selu(x)

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.elu_backward.default(g, ALPHA, SCALE, 1.0, True, y)

    def module(self):
        from torch import nn

        return nn.SELU()


@register("activation", "silu", torch="SiLU", paper="Elfwing, Uchibe & Doya 2018; Ramachandran et al. 2017 (Swish)")
@dataclass
class SiLU(Activation):
    """x / (1 + exp(-x))"""

    zero_at_zero = True

    def forward(self, x):
        from torch.nn import functional

        return functional.silu(x)

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.silu_backward.default(g, x)

    def module(self):
        from torch import nn

        return nn.SiLU()


@register("activation", "softplus", torch="Softplus", paper="Dugas et al. 2001")
@dataclass
class Softplus(Activation):
    """log(1 + exp(x)), and x itself above 20"""

    def forward(self, x):
        from torch.nn import functional

        return functional.softplus(x)

    def gradient(self, x, y, g):
        import torch

        return torch.ops.aten.softplus_backward.default(g, x, 1.0, 20.0)

    def module(self):
        from torch import nn

        return nn.Softplus()
