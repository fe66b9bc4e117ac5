"""Group lasso: whole units are switched off."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.regularizers.base import Penalty


@register("regularizer", "group_lasso", paper="Yuan & Lin 2006; Scardapane et al. 2017")
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
