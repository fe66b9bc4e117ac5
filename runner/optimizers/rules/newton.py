"""Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.optimizers.rules.base import rate
from runner.optimizers.rules.solvers import Dense

AT_ONCE = 64  # columns of the Hessian


@register(
    "optimizer",
    "newton",
    paper="Nocedal & Wright 2006, chapter 3; |H|: Dauphin et al. 2014",
    lecture="002:71, 003:1061",
)
@dataclass
class Newton(Dense):
    """w <- w - lr (|H| + damping I)^-1 g

    H is the exact Hessian of the step's objective. A direction of negative curvature is gone down with its absolute
    value (|H| has |lambda| for every eigenvalue lambda of H), one whose curvature is 0 to rounding is left alone unless
    damping is above 0. On a quadratic with damping 0 the first step of lr 1 is the minimum; with damping a, from w = 0,
    it is the minimum with an L2 penalty a. A step takes a Hessian-vector product a parameter, and N^3 operations.
    """

    lr: float = rate(1.0, help="share of Newton's step, before the schedule")
    damping: float = number(
        0.1, ge=0, neutral=0.0, lecture="003:1066", help="a in (|H| + a I)^-1: shorter steps where curvature is small"
    )
    row_slots = ("negative",)  # how many eigenvalues of the last Hessian were below 0

    def advance(self, search, w, g, state, h, t):
        product, true = search.curvature(w), self.true(w)
        hessian = self.hessian(product, w, true)
        for row in range(len(w)):
            step, negative = _step(hessian[row], g[row][true], 0.0 if h.damping is None else float(h.damping[row]))
            w[row, true] -= h.lr[row] * step
            state["negative"][row] = negative

    def remark(self, state):
        if not state["negative"] > 0:
            return ""
        return (
            "newton has met negative curvature: such directions, and those of small curvature, are gone down with "
            "1/(|curvature| + optimizer.damping)"
        )

    @staticmethod
    def hessian(product, w, true):
        """[R, N, N] of the true parameters, some columns at once."""
        import torch

        columns = []
        for places in true.split(AT_ONCE):
            units = w.new_zeros(len(places), *w.shape)
            units[torch.arange(len(places)), :, places] = 1
            columns.append(product(units)[:, :, true])
        return torch.cat(columns).permute(1, 2, 0)


def _step(hessian, g, damping: float):
    """((|H| + damping I)^-1 g [N], how many eigenvalues are negative), in double precision; NaN where H is not finite.

    Of one row: its bits do not depend on others.
    """
    import torch

    double = hessian.double()
    if not double.isfinite().all():
        return torch.full_like(g, float("nan")), 0
    values, vectors = torch.linalg.eigh((double + double.T) / 2)
    least = torch.finfo(hessian.dtype).eps * len(values) * values.abs().max()
    size = values.abs() + damping
    inverse = torch.where(size > least, 1 / size, torch.zeros_like(size))
    return (vectors @ (inverse * (vectors.T @ g.double()))).to(g.dtype), int((values < -least).sum())
