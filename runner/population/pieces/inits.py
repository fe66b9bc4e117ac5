"""Initial weights. A unit has m inputs, its layer n outputs. Biases are 0 unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import Init


@register("init", "torch", torch="Linear", paper="LeCun et al. 1998", lecture="004:39, 004:52")
@dataclass
class TorchDefault(Init):
    """weights and biases U(-1/sqrt m, 1/sqrt m), as torch.nn.Linear"""

    needs_torch = False

    def fill(self, weight, bias, draws):
        bound = weight.shape[1] ** -0.5
        weight[...] = draws.uniform(-bound, bound, weight.shape, weight.dtype)
        bias[...] = draws.uniform(-bound, bound, bias.shape, bias.dtype)


@register("init", "he", torch="kaiming_normal_", paper="He et al. 2015", lecture="001:500")
@dataclass
class He(Init):
    """N(0, 2/m), for ReLU"""

    def fill(self, weight, bias, draws):
        weight[...] = draws.normal(0, (2 / weight.shape[1]) ** 0.5, weight.shape, weight.dtype)
        bias[...] = 0


@register("init", "glorot", torch="xavier_uniform_", paper="Glorot & Bengio 2010", lecture="001:506, 004:30")
@dataclass
class Glorot(Init):
    """U(-a, a), a = sqrt(6/(m+n)), for tanh"""

    needs_torch = False

    def fill(self, weight, bias, draws):
        bound = (6 / sum(weight.shape)) ** 0.5
        weight[...] = draws.uniform(-bound, bound, weight.shape, weight.dtype)
        bias[...] = 0
