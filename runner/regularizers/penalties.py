"""Penalties on the weights, elementwise."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.regularizers.base import Penalty


def soft_threshold(w, threshold):
    """sign(w) max(|w| - threshold, 0): the proximal step of the L1 norm (Tibshirani 1996)."""
    return w.sign() * (w.abs() - threshold).clamp(min=0)


@register("regularizer", "l2", paper="Hoerl & Kennard 1970")
@dataclass
class L2(Penalty):
    """strength/2 ||w||^2, gradient strength w"""

    strength: float = number(0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="a in a/2 ||w||^2")
    elementwise = True

    def value(self, w, strength):
        return (strength / 2 * w * w).flatten(1).sum(1)

    def gradient(self, w, strength):
        return w * strength

    def prox(self, w, step, strength):
        return w / (1 + step * strength)


@register("regularizer", "l1", paper="Tibshirani 1996")
@dataclass
class L1(Penalty):
    """strength ||w||_1, subgradient strength sign(w); exact zeros with optimizer.proximal=true

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


@register("regularizer", "elastic_net", paper="Zou & Hastie 2005 (scikit-learn's alpha and l1_ratio)")
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
