"""Group lasso: whole units, or whole layers, are switched off."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import PenaltyForm
from runner.compiled.maths import norm
from runner.config.registry import number, register
from runner.regularizers.base import Penalty


def group_lasso(w, h):
    """strength sum_units ||w_unit||_2"""
    total = w.dtype.type(0)
    for o in range(w.shape[0]):
        total += norm(w[o])
    return h[0] * total


def group_lasso_gradient(w, h, g):
    """g_unit <- g_unit + strength w_unit/||w_unit||_2, unless the unit is 0"""
    zero = w.dtype.type(0)
    for o in range(w.shape[0]):
        length = norm(w[o])
        share = h[0] / length if length > 0 else zero
        for i in range(w.shape[1]):
            g[o, i] += w[o, i] * share


def group_lasso_prox(w, step, h):
    """w_unit <- w_unit max(1 - step strength/||w_unit||_2, 0), with the mean step of the unit"""
    zero, one = w.dtype.type(0), w.dtype.type(1)
    for o in range(w.shape[0]):
        length, mean = norm(w[o]), zero
        for i in range(w.shape[1]):
            mean += step[o, i]
        rest = one - mean / w.dtype.type(w.shape[1]) * h[0] / length
        share = rest if length > 0 and not rest <= 0 else zero
        for i in range(w.shape[1]):
            w[o, i] *= share


@register(
    "regularizer",
    "group_lasso",
    paper="Yuan & Lin 2006; Scardapane et al. 2017",
    lecture="004:187",
    compiled=PenaltyForm(group_lasso, group_lasso_gradient, group_lasso_prox),
)
@dataclass
class GroupLasso(Penalty):
    """strength sum_units ||w_unit||_2, subgradient 0 at 0; whole units become 0 with optimizer.proximal=true"""

    strength: float = number(
        0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="a in a sum of ||w_unit||_2, w_unit incoming weights"
    )

    def value(self, w, strength):
        return (strength * w.norm(dim=-1, keepdim=True)).flatten(1).sum(1)

    def gradient(self, w, strength):
        norm = w.norm(dim=-1, keepdim=True)
        return w * (strength / norm).where(norm > 0, 0)

    def prox(self, w, step, strength):
        norm = w.norm(dim=-1, keepdim=True)
        return w * (1 - step * strength / norm).clamp(min=0).where(norm > 0, 0)


def frobenius(w, h):
    """strength ||W||_F"""
    return h[0] * norm(w.reshape(w.size))


def frobenius_gradient(w, h, g):
    """g <- g + strength W/||W||_F, unless W is 0"""
    length = norm(w.reshape(w.size))
    share = h[0] / length if length > 0 else w.dtype.type(0)
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            g[o, i] += w[o, i] * share


def frobenius_prox(w, step, h):
    """W <- W max(1 - step strength/||W||_F, 0), with the mean step of the layer"""
    zero, one = w.dtype.type(0), w.dtype.type(1)
    length, mean = norm(w.reshape(w.size)), zero
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            mean += step[o, i]
    rest = one - mean / w.dtype.type(w.size) * h[0] / length
    share = rest if length > 0 and not rest <= 0 else zero
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            w[o, i] *= share


@register(
    "regularizer",
    "frobenius",
    paper="Yuan & Lin 2006, a group a layer",
    lecture="004:187",
    compiled=PenaltyForm(frobenius, frobenius_gradient, frobenius_prox),
)
@dataclass
class Frobenius(GroupLasso):
    """strength sum_layers ||W||_F, the norm itself and not its square; subgradient 0 at 0

    Its pull has the same length however small a layer is, so that it can switch off a whole layer: exactly, with
    optimizer.proximal=true.
    """

    strength: float = number(
        0.0, ge=0, per_layer=True, neutral=0.0, preset=1e-3, help="a in a sum of ||W||_F, W the matrix of a layer"
    )

    def value(self, w, strength):
        return super().value(_one_unit(w), strength)

    def gradient(self, w, strength):
        return super().gradient(_one_unit(w), strength).view_as(w)

    def prox(self, w, step, strength):
        return super().prox(_one_unit(w), step.mean(1, keepdim=True), strength).view_as(w)


def _one_unit(w):
    """The weights of a layer [M, O, I] as those of one unit, [M, 1, O I]."""
    return w.flatten(1).unsqueeze(1)
