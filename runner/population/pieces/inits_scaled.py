"""Initial weights with the variance that a layer's width asks for: m inputs a unit, n outputs a layer. Biases are 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import register
from runner.population.pieces.base import Init


@register(
    "init", "lecun_normal", torch="kaiming_normal_(nonlinearity='linear')", paper="LeCun et al. 1998", lecture="001:496"
)
@dataclass
class LecunNormal(Init):
    """N(0, 1/m), for SELU"""

    def fill(self, weight, bias, draws):
        weight[...] = draws.normal(0, weight.shape[1] ** -0.5, weight.shape, weight.dtype)
        bias[...] = 0


@register("init", "lecun_uniform", torch="kaiming_uniform_(nonlinearity='linear')", paper="LeCun et al. 1998")
@dataclass
class LecunUniform(Init):
    """U(-a, a), a = sqrt(3/m), whose variance is 1/m"""

    needs_torch = False

    def fill(self, weight, bias, draws):
        bound = (3 / weight.shape[1]) ** 0.5
        weight[...] = draws.uniform(-bound, bound, weight.shape, weight.dtype)
        bias[...] = 0


@register("init", "glorot_normal", torch="xavier_normal_", paper="Glorot & Bengio 2010")
@dataclass
class GlorotNormal(Init):
    """N(0, 2/(m+n)), for tanh"""

    def fill(self, weight, bias, draws):
        weight[...] = draws.normal(0, (2 / sum(weight.shape)) ** 0.5, weight.shape, weight.dtype)
        bias[...] = 0


@register("init", "he_uniform", torch="kaiming_uniform_", paper="He et al. 2015")
@dataclass
class HeUniform(Init):
    """U(-a, a), a = sqrt(6/m), for ReLU"""

    needs_torch = False

    def fill(self, weight, bias, draws):
        bound = (6 / weight.shape[1]) ** 0.5
        weight[...] = draws.uniform(-bound, bound, weight.shape, weight.dtype)
        bias[...] = 0


@register("init", "truncated_normal", torch="trunc_normal_", lecture="004:47")
@dataclass
class TruncatedNormal(Init):
    """N(0, s^2) between -2 s and 2 s, s = 1/(0.8796 sqrt m), so that the variance is 1/m

    What lies outside is drawn again. 0.8796 is the standard deviation of N(0, 1) between -2 and 2.
    """

    def fill(self, weight, bias, draws):
        sigma = weight.shape[1] ** -0.5 / 0.87962566103423978
        weight[...] = draws.normal(0, sigma, weight.shape, weight.dtype)
        while (outside := np.abs(weight) > 2 * sigma).any():
            np.copyto(weight, draws.normal(0, sigma, weight.shape, weight.dtype), where=outside)
        bias[...] = 0
