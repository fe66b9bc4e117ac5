"""Penalties on the weights, elementwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import PenaltyForm
from runner.compiled.maths import sign
from runner.config.registry import number, register
from runner.regularizers.base import Penalty


def soft_threshold(w, threshold):
    """sign(w) max(|w| - threshold, 0): the proximal step of the L1 norm (Tibshirani 1996)."""
    return w.sign() * (w.abs() - threshold).clamp(min=0)


def l2(w, h):
    """strength/2 ||w||^2"""
    total = w.dtype.type(0)
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            total += w[o, i] * w[o, i]
    return total * h[0] / 2


def l2_gradient(w, h, g):
    """g <- g + strength w"""
    strength = h[0]
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            g[o, i] += strength * w[o, i]


def l2_prox(w, step, h):
    """w <- w/(1 + step strength)"""
    strength, one = h[0], w.dtype.type(1)
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            w[o, i] /= one + step[o, i] * strength


@register(
    "regularizer",
    "l2",
    paper="Hoerl & Kennard 1970",
    lecture="000:197, 001:744, 002:24, 003:313, 003:343",
    compiled=PenaltyForm(l2, l2_gradient, l2_prox),
)
@dataclass
class L2(Penalty):
    """strength/2 ||w||^2, gradient strength w

    The most probable weights under a normal prior: with cross-entropy over n training rows its variance is 1/(n a);
    with mse and noise of variance s^2 in the targets it is 2 s^2/(n a).
    """

    strength: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="a in a/2 ||w||^2")
    elementwise = True

    def value(self, w, strength):
        return (strength / 2 * w * w).flatten(1).sum(1)

    def gradient(self, w, strength):
        return w * strength

    def prox(self, w, step, strength):
        return w / (1 + step * strength)


def l1(w, h):
    """strength ||w||_1"""
    total = w.dtype.type(0)
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            total += np.abs(w[o, i])
    return total * h[0]


def l1_gradient(w, h, g):
    """g <- g + strength sign(w)"""
    strength = h[0]
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            g[o, i] += strength * sign(w[o, i])


def l1_prox(w, step, h):
    """w <- sign(w) max(|w| - step strength, 0)"""
    strength, zero = h[0], w.dtype.type(0)
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            rest = np.abs(w[o, i]) - step[o, i] * strength
            w[o, i] = sign(w[o, i]) * (zero if rest < 0 else rest)


@register(
    "regularizer",
    "l1",
    paper="Tibshirani 1996",
    lecture="001:751, 002:25, 003:455, 003:469",
    compiled=PenaltyForm(l1, l1_gradient, l1_prox),
)
@dataclass
class L1(Penalty):
    """strength ||w||_1, subgradient strength sign(w); exact zeros with optimizer.proximal=true

    The most probable weights under a Laplace prior: with cross-entropy over n training rows its scale is 1/(n a); with
    mse and noise of variance s^2 in the targets it is 2 s^2/(n a).

    A proximal step moves a weight towards 0 by strength times the rule's rate of that weight, and no further: under sgd
    lr/(1 - momentum), under adam lr/(sqrt vhat + eps) (Yun, Lozano & Yang 2021). `runner list optimizer=NAME` says it
    of each rule.
    """

    strength: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-4, help="a in a ||w||_1")
    elementwise = True

    def value(self, w, strength):
        return (strength * w.abs()).flatten(1).sum(1)

    def gradient(self, w, strength):
        return w.sign() * strength

    def prox(self, w, step, strength):
        return soft_threshold(w, step * strength)


def elastic_net(w, h):
    """alpha (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2)"""
    zero, one = w.dtype.type(0), w.dtype.type(1)
    length, square = zero, zero
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            length += np.abs(w[o, i])
            square += w[o, i] * w[o, i]
    return h[0] * h[1] * length + h[0] * (one - h[1]) / 2 * square


def elastic_net_gradient(w, h, g):
    """g <- g + alpha (l1_ratio sign(w) + (1 - l1_ratio) w)"""
    of_length, of_square = h[0] * h[1], h[0] * (w.dtype.type(1) - h[1])
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            g[o, i] += sign(w[o, i]) * of_length + w[o, i] * of_square


def elastic_net_prox(w, step, h):
    """The proximal step of the L1 part, over 1 + step alpha (1 - l1_ratio)"""
    zero, one = w.dtype.type(0), w.dtype.type(1)
    of_length, of_square = h[0] * h[1], h[0] * (one - h[1])
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            rest = np.abs(w[o, i]) - step[o, i] * of_length
            w[o, i] = sign(w[o, i]) * (zero if rest < 0 else rest) / (one + step[o, i] * of_square)


@register(
    "regularizer",
    "elastic_net",
    paper="Zou & Hastie 2005 (scikit-learn's alpha and l1_ratio)",
    lecture="002:26, 003:522",
    compiled=PenaltyForm(elastic_net, elastic_net_gradient, elastic_net_prox),
)
@dataclass
class ElasticNet(Penalty):
    """alpha l1_ratio ||w||_1 + alpha (1 - l1_ratio)/2 ||w||^2"""

    alpha: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="overall strength")
    l1_ratio: float = number(0.5, ge=0, le=1, per_layer=True, help="share of the L1 part")
    elementwise = True

    def value(self, w, alpha, l1_ratio):
        return (alpha * l1_ratio * w.abs() + alpha * (1 - l1_ratio) / 2 * w * w).flatten(1).sum(1)

    def gradient(self, w, alpha, l1_ratio):
        return w.sign() * (alpha * l1_ratio) + w * (alpha * (1 - l1_ratio))

    def prox(self, w, step, alpha, l1_ratio):
        return soft_threshold(w, step * alpha * l1_ratio) / (1 + step * alpha * (1 - l1_ratio))
