"""Activations like ReLU without its kink."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import ActivationForm
from runner.compiled.maths import exp, normal_cdf, normal_density, sigmoid, softplus
from runner.config.registry import register
from runner.population.pieces.base import TorchActivation

LINEAR_FROM = 20.0  # softplus, as torch


def gelu_forward(z, y, p):
    """y <- z Phi(z)"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] * normal_cdf(z[r, j])


def gelu_backward(z, y, g, p, g_p):
    """g <- g (Phi(z) + z phi(z))"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] *= normal_cdf(z[r, j]) + z[r, j] * normal_density(z[r, j])


GELU_FORM = ActivationForm(gelu_forward, gelu_backward)


@register("activation", "gelu", torch="GELU", paper="Hendrycks & Gimpel 2016", compiled=GELU_FORM)
@dataclass
class GELU(TorchActivation):
    """x Phi(x), Phi the standard normal distribution function"""

    zero_at_zero = True
    derivative = "gelu_backward"


def silu_forward(z, y, p):
    """y <- z sigmoid(z)"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] * sigmoid(z[r, j])


def silu_backward(z, y, g, p, g_p):
    """g <- g s (1 + z (1 - s)), s = sigmoid(z)"""
    one = z.dtype.type(1)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = sigmoid(z[r, j])
            g[r, j] *= s * (one + z[r, j] * (one - s))


SILU_PAPERS = "Elfwing, Uchibe & Doya 2018; Ramachandran et al. 2017 (Swish)"


@register("activation", "silu", torch="SiLU", paper=SILU_PAPERS, compiled=ActivationForm(silu_forward, silu_backward))
@dataclass
class SiLU(TorchActivation):
    """x / (1 + exp(-x))"""

    zero_at_zero = True
    derivative = "silu_backward"


def mish_forward(z, y, p):
    """y <- z n / (n + 2), n = u (u + 2), u = e^z: the fraction is tanh(log(1 + u)), and 1 above z = 20"""
    two, most = z.dtype.type(2), z.dtype.type(20)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            u = exp(most if z[r, j] > most else z[r, j])
            n = u * (u + two)
            y[r, j] = z[r, j] if z[r, j] > most else z[r, j] * (n / (n + two))


def mish_backward(z, y, g, p, g_p):
    """g <- g (n / (n + 2) + z 4 u (1 + u) / (n + 2)^2), the second term 0 above z = 20"""
    zero, one, two, four, most = (z.dtype.type(0), z.dtype.type(1), z.dtype.type(2), z.dtype.type(4), z.dtype.type(20))
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            u = exp(most if z[r, j] > most else z[r, j])
            n = u * (u + two)
            slope = zero if z[r, j] > most else four * u * (one + u) / ((n + two) * (n + two))
            g[r, j] *= n / (n + two) + z[r, j] * slope


MISH_FORM = ActivationForm(mish_forward, mish_backward)


@register("activation", "mish", torch="Mish", paper="Misra 2020", compiled=MISH_FORM)
@dataclass
class Mish(TorchActivation):
    """x tanh(log(1 + exp(x)))"""

    zero_at_zero = True
    derivative = "mish_backward"


def softplus_forward(z, y, p):
    """y <- log(1 + e^z), z above 20"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] if z[r, j] > LINEAR_FROM else softplus(z[r, j])


def softplus_backward(z, y, g, p, g_p):
    """g <- g sigmoid(z), g above 20"""
    one = z.dtype.type(1)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = sigmoid(z[r, j])
            g[r, j] *= one if z[r, j] > LINEAR_FROM else s


SOFTPLUS_FORM = ActivationForm(softplus_forward, softplus_backward)


@register("activation", "softplus", torch="Softplus", paper="Dugas et al. 2001", compiled=SOFTPLUS_FORM)
@dataclass
class Softplus(TorchActivation):
    """log(1 + exp(x)), and x itself above 20"""

    derivative, constants_of_derivative = "softplus_backward", (1.0, LINEAR_FROM)
