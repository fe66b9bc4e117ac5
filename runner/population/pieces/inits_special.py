"""Initial weights that show something: symmetry, a chosen scale, orthogonality, sparseness. Biases are 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import register
from runner.population.pieces.base import Init

# What `model.init_sd`, `init_k`, `init_value` and `init_scale` are unless chosen.
SD = 0.01
CONNECTIONS = 15  # of each unit, as in the paper
VALUE = 0.1
SCALE = 0.05


@register("init", "zeros", torch="zeros_", lecture="001:484")
@dataclass
class Zeros(Init):
    """0: hidden units get equal gradients and stay equal, for the sake of seeing it"""

    needs_torch = False

    def fill(self, weight, bias, draws):
        weight[...] = 0
        bias[...] = 0


@register("init", "normal", torch="normal_", paper="Krizhevsky et al. 2012", lecture="001:485")
@dataclass
class Normal(Init):
    """N(0, sd^2) whatever the width, sd = 0.01 or model.init_sd: signals vanish, or explode, in deep networks"""

    keys = ("sd",)

    def fill(self, weight, bias, draws, sd=SD):
        weight[...] = draws.normal(0, sd, weight.shape, weight.dtype)
        bias[...] = 0


@register("init", "uniform", torch="uniform_", lecture="001:485")
@dataclass
class Uniform(Init):
    """U(-a, a) whatever the width, a = 0.05 or model.init_scale"""

    keys = ("scale",)
    needs_torch = False

    def fill(self, weight, bias, draws, scale=SCALE):
        weight[...] = draws.uniform(-scale, scale, weight.shape, weight.dtype)
        bias[...] = 0


@register("init", "constant", torch="constant_", lecture="001:478")
@dataclass
class Constant(Init):
    """every weight 0.1 or model.init_value: hidden units get equal gradients and stay equal"""

    keys = ("value",)
    needs_torch = False

    def fill(self, weight, bias, draws, value=VALUE):
        weight[...] = value
        bias[...] = 0


@register("init", "orthogonal", torch="orthogonal_", paper="Saxe, McClelland & Ganguli 2014")
@dataclass
class Orthogonal(Init):
    """W W^T = 1, or W^T W = 1 where there are more units than inputs; uniform among all such W

    Q of the decomposition QR of a matrix of N(0, 1), the diagonal of R made positive.
    """

    def fill(self, weight, bias, draws):
        import torch

        wide = weight.shape[0] < weight.shape[1]
        normal = torch.from_numpy(draws.normal(0, 1, weight.shape, weight.dtype))
        q, r = torch.linalg.qr(normal.T if wide else normal)
        q = q * r.diagonal().sign()
        weight[...] = q.T if wide else q
        bias[...] = 0


@register("init", "sparse", paper="Martens 2010", lecture="001:509")
@dataclass
class Sparse(Init):
    """15 (or model.init_k) random inputs of each unit N(0, 1), all others 0"""

    keys = ("k",)

    def fill(self, weight, bias, draws, k=CONNECTIONS):
        order = draws.uniform(0, 1, weight.shape, weight.dtype).argsort(axis=1, kind="stable")[:, :k]
        weight[...] = 0
        np.put_along_axis(weight, order, draws.normal(0, 1, order.shape, weight.dtype), axis=1)
        bias[...] = 0
