"""Activations like ReLU without its kink."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.population.pieces.base import TorchActivation


@register("activation", "gelu", torch="GELU", paper="Hendrycks & Gimpel 2016")
@dataclass
class GELU(TorchActivation):
    """x Phi(x), Phi the standard normal distribution function"""

    zero_at_zero = True
    derivative = "gelu_backward"


@register("activation", "silu", torch="SiLU", paper="Elfwing, Uchibe & Doya 2018; Ramachandran et al. 2017 (Swish)")
@dataclass
class SiLU(TorchActivation):
    """x / (1 + exp(-x))"""

    zero_at_zero = True
    derivative = "silu_backward"


@register("activation", "mish", torch="Mish", paper="Misra 2020")
@dataclass
class Mish(TorchActivation):
    """x tanh(log(1 + exp(x)))"""

    zero_at_zero = True
    derivative = "mish_backward"


@register("activation", "softplus", torch="Softplus", paper="Dugas et al. 2001")
@dataclass
class Softplus(TorchActivation):
    """log(1 + exp(x)), and x itself above 20"""

    derivative, constants_of_derivative = "softplus_backward", (1.0, 20.0)
