"""Activations that are linear above 0: ReLU and its kin, and the identity, which is so below as well."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import ActivationForm
from runner.compiled.maths import expm1
from runner.config.registry import register
from runner.population.pieces.base import Activation, TorchActivation

SLOPE = 0.01  # torch's default
ALPHA, SCALE = (
    1.6732632423543772848170429916717,
    1.0507009873554804934193349852946,
)  # the fixed point of mean 0, variance 1


def relu(z, y, p):
    """y <- max(z, 0)"""
    zero = z.dtype.type(0)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = zero if z[r, j] <= 0 else z[r, j]


def relu_backward(z, y, g, p, g_p):
    """g <- g where y > 0, else 0"""
    zero = z.dtype.type(0)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] = zero if y[r, j] <= 0 else g[r, j]


@register(
    "activation",
    "relu",
    torch="ReLU",
    paper="Nair & Hinton 2010",
    lecture="003:1001",
    compiled=ActivationForm(relu, relu_backward),
)
@dataclass
class ReLU(TorchActivation):
    """max(x, 0)"""

    zero_at_zero = exact = True
    derivative, of_output, constants_of_derivative = "threshold_backward", True, (0,)

    def forward(self, x):
        return x.relu()


def leaky_relu(z, y, p):
    """y <- z where z > 0, else 0.01 z"""
    slope = z.dtype.type(SLOPE)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] if z[r, j] > 0 else slope * z[r, j]


def leaky_relu_backward(z, y, g, p, g_p):
    """g <- g where z > 0, else 0.01 g"""
    slope = z.dtype.type(SLOPE)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] = g[r, j] if z[r, j] > 0 else slope * g[r, j]


LEAKY_RELU = ActivationForm(leaky_relu, leaky_relu_backward)


@register("activation", "leaky_relu", torch="LeakyReLU", paper="Maas, Hannun & Ng 2013", compiled=LEAKY_RELU)
@dataclass
class LeakyReLU(TorchActivation):
    """x if x > 0, else 0.01 x"""

    zero_at_zero = exact = True
    derivative, constants_of_derivative = "leaky_relu_backward", (SLOPE, False)


def elu(z, y, p):
    """y <- z where z > 0, else e^z - 1"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j] if z[r, j] > 0 else expm1(z[r, j])


def elu_backward(z, y, g, p, g_p):
    """g <- g where y > 0, else g (y + 1)"""
    one = z.dtype.type(1)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] *= one if y[r, j] > 0 else y[r, j] + one


@register("activation", "elu", torch="ELU", paper="Clevert et al. 2016", compiled=ActivationForm(elu, elu_backward))
@dataclass
class ELU(TorchActivation):
    """x if x > 0, else exp(x) - 1"""

    zero_at_zero = True
    derivative = "elu_backward"

    def gradient(self, x, y, g):
        return self.kernel(g, 1.0, 1.0, 1.0, True, y)


def selu(z, y, p):
    """y <- scale z where z > 0, else scale alpha (e^z - 1)"""
    scale, low = z.dtype.type(SCALE), z.dtype.type(SCALE * ALPHA)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = scale * z[r, j] if z[r, j] > 0 else low * expm1(z[r, j])


def selu_backward(z, y, g, p, g_p):
    """g <- g scale where y > 0, else g (y + scale alpha)"""
    scale, low = z.dtype.type(SCALE), z.dtype.type(SCALE * ALPHA)
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            g[r, j] *= scale if y[r, j] > 0 else y[r, j] + low


SELU_FORM = ActivationForm(selu, selu_backward)


@register("activation", "selu", torch="SELU", paper="Klambauer et al. 2017", compiled=SELU_FORM)
@dataclass
class SELU(TorchActivation):
    """1.0507 (x if x > 0, else 1.6733 (exp(x) - 1)): keeps mean 0 and variance 1 with init lecun_normal"""

    zero_at_zero = True
    derivative = "elu_backward"

    def gradient(self, x, y, g):
        return self.kernel(g, ALPHA, SCALE, 1.0, True, y)


def identity(z, y, p):
    """y <- z"""
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = z[r, j]


def identity_backward(z, y, g, p, g_p):
    """g as it is"""


@register("activation", "identity", torch="Identity", compiled=ActivationForm(identity, identity_backward))
@dataclass
class Identity(Activation):
    """x: a deep linear network"""

    zero_at_zero = exact = True

    def forward(self, x):
        return x

    def gradient(self, x, y, g):
        return g
