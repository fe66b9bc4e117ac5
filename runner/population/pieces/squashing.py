"""Activations that squash all numbers into an interval."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import ActivationForm
from runner.compiled.maths import sigmoid, tanh
from runner.config.registry import register
from runner.population.pieces.base import Activation, TorchActivation


def tanh_forward(z, y, p):
    """y <- tanh(z)"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = tanh(z[r, j])


def tanh_backward(z, y, g, p, g_p):
    """g <- g (1 - y^2)"""
    one = z.dtype.type(1)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] *= one - y[r, j] * y[r, j]


TANH_FORM = ActivationForm(tanh_forward, tanh_backward)


@register("activation", "tanh", torch="Tanh", paper="LeCun et al. 1998", lecture="001:496", compiled=TANH_FORM)
@dataclass
class Tanh(TorchActivation):
    """tanh(x)"""

    zero_at_zero = True
    derivative, of_output = "tanh_backward", True


def sigmoid_forward(z, y, p):
    """y <- sigmoid(z)"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = sigmoid(z[r, j])


def sigmoid_backward(z, y, g, p, g_p):
    """g <- g (1 - y) y"""
    one = z.dtype.type(1)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] *= (one - y[r, j]) * y[r, j]


@register(
    "activation",
    "sigmoid",
    torch="Sigmoid",
    lecture="003:1214",
    compiled=ActivationForm(sigmoid_forward, sigmoid_backward),
)
@dataclass
class Sigmoid(TorchActivation):
    """1 / (1 + exp(-x))"""

    of_shares = True
    derivative, of_output = "sigmoid_backward", True


def softsign(z, y, p):
    """y <- z / (1 + |z|)"""
    one = z.dtype.type(1)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] / (one + abs(z[r, j]))


def softsign_backward(z, y, g, p, g_p):
    """g <- g / (1 + |z|)^2"""
    one = z.dtype.type(1)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] /= (one + abs(z[r, j])) * (one + abs(z[r, j]))


SOFTSIGN = ActivationForm(softsign, softsign_backward)


@register("activation", "softsign", torch="Softsign", paper="Bergstra et al. 2009", compiled=SOFTSIGN)
@dataclass
class Softsign(Activation):
    """x / (1 + |x|)"""

    zero_at_zero = exact = True

    def forward(self, x):
        return x / (1 + x.abs())

    def gradient(self, x, y, g):
        return g / (1 + x.abs()).square()
