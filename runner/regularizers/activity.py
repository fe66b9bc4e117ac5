"""Penalties on the activations of hidden layers, which make representations sparse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from runner.compiled.forms import ActivityForm
from runner.compiled.maths import sign
from runner.config.registry import number, register
from runner.regularizers.base import Activity

SMALLEST = 1e-6  # a mean activation that is nearer to 0 or 1 counts as so near: the divergence is infinite there


def l1(a, h):
    """strength/B sum |a|"""
    total = a.dtype.type(0)
    for r in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += np.abs(a[r, j])
    return total * h[0] / a.shape[0]


def l1_gradient(a, h, g):
    """g <- g + strength/B sign(a)"""
    share = h[0] / a.dtype.type(a.shape[0])
    for r in range(a.shape[0]):
        for j in range(a.shape[1]):
            g[r, j] += share * sign(a[r, j])


@register(
    "regularizer",
    "activity_l1",
    paper="Goodfellow, Bengio & Courville 2016, section 7.10",
    lecture="001:927",
    compiled=ActivityForm(l1, l1_gradient),
)
@dataclass
class ActivityL1(Activity):
    """strength mean_b ||h_b||_1, h the activations of a hidden layer, b the examples of the batch"""

    strength: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="a in a ||h||_1")

    def value(self, a, strength):
        return (strength * a.abs()).flatten(1).sum(1) / a.shape[1]

    def gradient(self, a, strength):
        return a.sign() * (strength / a.shape[1])


def l2(a, h):
    """strength/(2 B) sum a^2"""
    total = a.dtype.type(0)
    for r in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[r, j] * a[r, j]
    return total * h[0] / (2 * a.shape[0])


def l2_gradient(a, h, g):
    """g <- g + strength/B a"""
    share = h[0] / a.dtype.type(a.shape[0])
    for r in range(a.shape[0]):
        for j in range(a.shape[1]):
            g[r, j] += share * a[r, j]


@register(
    "regularizer",
    "activity_l2",
    paper="Merity, McCann & Socher 2017",
    lecture="001:927",
    compiled=ActivityForm(l2, l2_gradient),
)
@dataclass
class ActivityL2(Activity):
    """strength/2 mean_b ||h_b||^2, h the activations of a hidden layer, b the examples of the batch"""

    strength: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="a in a/2 ||h||^2")

    def value(self, a, strength):
        return (strength / 2 * a * a).flatten(1).sum(1) / a.shape[1]

    def gradient(self, a, strength):
        return a * (strength / a.shape[1])


def kl(a, h):
    """strength sum_j KL(rho || mean of unit j)"""
    rho, total = np.float64(h[1]), 0.0
    for j in range(a.shape[1]):
        mean = 0.0
        for r in range(a.shape[0]):
            mean += np.float64(a[r, j])
        mean = mean / a.shape[0]
        mean = SMALLEST if mean < SMALLEST else mean
        mean = 1 - SMALLEST if mean > 1 - SMALLEST else mean
        total += rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean))
    return total * h[0]


def kl_gradient(a, h, g):
    """g <- g + strength/B ((1 - rho)/(1 - mean) - rho/mean), the same for all examples of a unit"""
    rho, size = np.float64(h[1]), a.shape[0]
    for j in range(a.shape[1]):
        mean = 0.0
        for r in range(size):
            mean += np.float64(a[r, j])
        mean = mean / size
        mean = SMALLEST if mean < SMALLEST else mean
        mean = 1 - SMALLEST if mean > 1 - SMALLEST else mean
        slope = a.dtype.type(np.float64(h[0]) / size * ((1 - rho) / (1 - mean) - rho / mean))
        for r in range(size):
            g[r, j] += slope


@register(
    "regularizer",
    "activity_kl",
    paper="Lee, Ekanadham & Ng 2008; Ng 2011 (sparse autoencoders)",
    lecture="001:927",
    compiled=ActivityForm(kl, kl_gradient),
)
@dataclass
class ActivityKL(Activity):
    """strength sum_j KL(rho || m_j) = rho ln(rho/m_j) + (1-rho) ln((1-rho)/(1-m_j)), m_j the batch mean of unit j

    For activations between 0 and 1 (sigmoid). A mean within 1e-6 of 0 or 1 counts as that far, since the divergence is
    infinite there; its gradient still leads back.
    """

    strength: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-2, help="of the divergence of each unit")
    rho: float = number(0.05, above=0, lt=1, help="the mean activation that units are drawn to")
    needs: ClassVar[dict[str, Any]] = {"model.activation": "sigmoid"}
    of_shares = True

    def value(self, a, strength, rho):
        mean, rho = self._means(a), rho.double()
        parts = rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()
        return (strength.double() * parts).flatten(1).sum(1).to(a.dtype)

    def gradient(self, a, strength, rho):
        mean, rho = self._means(a), rho.double()
        slope = strength.double() / a.shape[1] * ((1 - rho) / (1 - mean) - rho / mean)
        return slope.to(a.dtype).expand_as(a)

    @staticmethod
    def _means(a):
        return a.double().mean(1, keepdim=True).clamp(SMALLEST, 1 - SMALLEST)
