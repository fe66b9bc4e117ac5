"""Initial weights that show something: symmetry, small numbers, orthogonality, sparseness. Biases are 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.config.registry import register
from runner.population.pieces.base import Init

SIGMA = 0.01
CONNECTIONS = 15  # of each unit, as in the paper


@register("init", "zeros", torch="zeros_")
@dataclass
class Zeros(Init):
    """0: hidden units get equal gradients and stay equal, for the sake of seeing it"""

    needs_torch = False

    def fill(self, weight, bias, draws):
        weight[...] = 0
        bias[...] = 0


@register("init", "normal", torch="normal_(std=0.01)", paper="Krizhevsky et al. 2012")
@dataclass
class Normal(Init):
    """N(0, 0.01^2) whatever the width: signals vanish in deep networks"""

    def fill(self, weight, bias, draws):
        weight[...] = draws.normal(0, SIGMA, weight.shape, weight.dtype)
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


@register("init", "sparse", paper="Martens 2010")
@dataclass
class Sparse(Init):
    """15 random inputs of each unit N(0, 1), all others 0"""

    def fill(self, weight, bias, draws):
        order = draws.uniform(0, 1, weight.shape, weight.dtype).argsort(axis=1, kind="stable")[:, :CONNECTIONS]
        weight[...] = 0
        np.put_along_axis(weight, order, draws.normal(0, 1, order.shape, weight.dtype), axis=1)
        bias[...] = 0
