"""Max-norm: each unit's incoming weights stay in a ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import ConstraintForm
from runner.compiled.maths import norm
from runner.config.registry import number, register
from runner.regularizers.base import Constraint


def max_norm(w, h):
    """w_unit <- w_unit min(1, radius/||w_unit||_2), also where the norm is not finite"""
    radius, one = h[0], w.dtype.type(1)
    for o in range(w.shape[0] if radius < np.inf else 0):
        shrink = radius / norm(w[o])
        if not shrink >= one:
            for i in range(w.shape[1]):
                w[o, i] *= shrink


@register(
    "regularizer",
    "max_norm",
    paper="Srebro & Shraibman 2005; Srivastava 2014",
    lecture="001:802, 003:545",
    compiled=ConstraintForm(max_norm),
)
@dataclass
class MaxNorm(Constraint):
    """w_unit <- w_unit min(1, radius / ||w_unit||_2) after every step"""

    radius: float | None = number(
        None,
        above=0,
        optional=True,
        per_layer=True,
        neutral=float("inf"),
        preset=3.0,
        help="largest norm of a unit's weights",
    )

    def project(self, w, radius):
        shrink = (radius / w.pow(2).sum(-1, keepdim=True).sqrt()).clamp(max=1)
        return w * shrink.masked_fill(radius.isinf(), 1)  # also where the norm is not finite
