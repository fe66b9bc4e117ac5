"""Noise on inputs, activations, weights and gradients while training (additive, normal, or multiplicative)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.chance import normal
from runner.compiled.forms import NoiseForm
from runner.config.registry import number, register
from runner.regularizers.base import Noise, ParameterNoise


def additive(y, factor, words, h):
    """y <- y + N(0, sd^2)"""
    k0, k1, k2, k3, sd, flat = words[0], words[1], words[2], words[3], h[0], y.reshape(y.size)
    for i in range(flat.shape[0]):
        flat[i] += sd * flat.dtype.type(normal(k0, k1, k2, k3, i))


def multiplicative(y, factor, words, h):
    """y and factor times N(1, p/(1-p))"""
    k0, k1, k2, k3, one = words[0], words[1], words[2], words[3], y.dtype.type(1)
    sd, flat, factors = np.sqrt(h[0] / (one - h[0])), y.reshape(y.size), factor.reshape(y.size)
    for i in range(flat.shape[0]):
        f = sd * flat.dtype.type(normal(k0, k1, k2, k3, i)) + one
        flat[i] *= f
        factors[i] *= f


@register(
    "regularizer",
    "input_noise",
    paper="Sietsma & Dow 1991; Bishop 1995",
    lecture="000:64, 004:170",
    compiled=NoiseForm(additive),
)
@dataclass
class InputNoise(Noise):
    """x <- x + N(0, sd^2) on the encoded inputs while training"""

    sd: float = number(0.0, ge=0, neutral=0.0, preset=0.1, help="standard deviation, in units of the scaled features")
    site, draws = "input", 2

    def change(self, first, second, sd):
        return None, _normal(first, second, sd)


@register(
    "regularizer",
    "activation_noise",
    paper="Poole, Sohl-Dickstein & Ganguli 2014",
    lecture="003:780",
    compiled=NoiseForm(additive),
)
@dataclass
class ActivationNoise(Noise):
    """h <- h + N(0, sd^2) on hidden activations while training"""

    sd: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=0.1, help="standard deviation of what is added")
    site, draws = "hidden", 2

    def change(self, first, second, sd):
        return None, _normal(first, second, sd)


@register(
    "regularizer",
    "gaussian_dropout",
    paper="Srivastava et al. 2014, section 10",
    lecture="003:779",
    compiled=NoiseForm(multiplicative),
)
@dataclass
class GaussianDropout(Noise):
    """h <- h N(1, p/(1-p)) on hidden activations while training: the variance of dropout with rate p"""

    p: float = number(0.0, ge=0, lt=1, per_layer=True, neutral=0.0, preset=0.5, help="rate of the dropout it resembles")
    site, draws = "hidden", 2

    def change(self, first, second, p):
        return _normal(first, second, (p / (1 - p)).sqrt()).add_(1), None


@register("regularizer", "weight_noise", paper="An 1996; Graves 2011", lecture="001:989")
@dataclass
class WeightNoise(ParameterNoise):
    """the gradient is taken at w + N(0, sd^2), new noise every step, and changes w"""

    sd: float = number(0.0, ge=0, neutral=0.0, preset=0.01, help="standard deviation of what is added to weights")
    site = "weights"

    def deviation(self, t, sd):
        return sd


@register("regularizer", "gradient_noise", paper="Neelakantan et al. 2015", lecture="003:1080")
@dataclass
class GradientNoise(ParameterNoise):
    """g <- g + N(0, s/(1+t)^gamma) after clipping, t steps made so far"""

    s: float = number(0.0, ge=0, neutral=0.0, preset=0.01, help="variance of the noise in the first step")
    gamma: float = number(0.55, ge=0, help="how fast the variance falls")
    site = "gradient"

    def deviation(self, t, s, gamma):
        with np.errstate(over="ignore"):  # (1+t)^gamma may be infinite; the noise is then 0, as it should be
            return (s / (1 + t) ** gamma) ** 0.5


def _normal(first, second, sd):
    """N(0, sd^2) from two uniform int32 tensors, in the number format of the column sd."""
    from runner.population.draws import normal

    return normal(first, second).to(sd.dtype).mul_(sd)
