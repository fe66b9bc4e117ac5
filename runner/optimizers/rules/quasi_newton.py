"""Quasi-Newton methods: BFGS, and BFGS with limited memory.

What steps s and changes of the gradient y say of the curvature is taken in if s.y > 1e-10, as torch.optim.LBFGS does.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import integer, register
from runner.optimizers.rules.solvers import Converging, Dense, Searching, dot

LEAST = 1e-10  # of s.y


@register(
    "optimizer",
    "bfgs",
    paper="Broyden, Fletcher, Goldfarb & Shanno 1970; Nocedal & Wright 2006, section 6.1",
    lecture="003:1071",
)
@dataclass
class BFGS(Searching, Dense):
    """w <- w - a B g,  B <- (I - r s y') B (I - r y s') + r s s',  r = 1/s.y,  a by line search

    s is the last step and y what it changed in the gradient; B begins as s.y/y.y I. On a quadratic of n parameters,
    with an exact line search (`curvature` near 0), the steps are those of conjugate gradients, and B is the inverse of
    the Hessian after n of them.
    """

    slots = ("w", "g")
    matrix_slots = ("inverse",)

    def direction(self, w, g, state, h, t):
        import torch

        true = self.true(w)
        size = len(true)
        s, y = (w - state["w"])[:, true], (g - state["g"])[:, true]
        sy = dot(s, y)
        new = ((t > 1) & (sy > LEAST)).unsqueeze(2)
        inverse = state["inverse"].view(-1, size, size)
        scaled = torch.eye(size, dtype=w.dtype, device=w.device) * (sy / dot(y, y)).unsqueeze(2)
        inverse.copy_(scaled.where(new & (inverse[:, :1, :1] == 0), inverse))
        inverse.copy_(_updated(inverse, s, y, sy).where(new, inverse))
        empty = inverse[:, 0, :1] == 0  # nothing was taken in yet
        d = -g
        d[:, true] = torch.where(empty, -g[:, true], -_times(inverse, g[:, true]))
        return d


def _updated(inverse, s, y, sy):
    """B + (s.y + y.By) s s'/(s.y)^2 - (By s' + s (By)')/s.y: the update with its products worked out."""
    by = _times(inverse, y)
    outer = s.unsqueeze(2) * s.unsqueeze(1) * ((sy + dot(y, by)) / sy.square()).unsqueeze(2)
    mixed = by.unsqueeze(2) * s.unsqueeze(1) / sy.unsqueeze(2)
    return inverse + outer - (mixed + mixed.transpose(1, 2))


def _times(matrix, v):
    """[R, N, N] times [R, N]; row by row of the matrix, so that a row does not depend on others."""
    return (matrix * v.unsqueeze(1)).sum(2)


@register(
    "optimizer",
    "lbfgs",
    torch="LBFGS",
    paper="Nocedal 1980; Liu & Nocedal 1989",
    lecture="002:74, 003:1072",
)
@dataclass
class LBFGS(Searching, Converging):
    """w <- w - a B g, with B of BFGS from the last `history` pairs (s, y) alone, from s.y/y.y I;  a by line search

    The steps of torch.optim.LBFGS(max_iter=1, line_search_fn="strong_wolfe"). Pairs compare the gradients of two steps,
    so the method wants the whole data set in a batch and no noise.
    """

    history: int = integer(10, ge=1, le=50, kind="segment", help="pairs of step and change of gradient that are kept")
    slots = ("w", "g", *(f"{kind}{i}" for i in range(50) for kind in "sy"))  # s0, y0 are the newest
    row_slots = ("pairs",)  # how many there are

    def slots_used(self, h):
        return self.slots[: 2 + 2 * self.history]

    def direction(self, w, g, state, h, t):
        s, y = w - state["w"], g - state["g"]
        new = (t > 1) & (dot(s, y) > LEAST)
        for i in reversed(range(1, self.history)):
            for kind in "sy":
                state[f"{kind}{i}"].copy_(state[f"{kind}{i - 1}"].where(new, state[f"{kind}{i}"]))
        state["s0"].copy_(s.where(new, state["s0"]))
        state["y0"].copy_(y.where(new, state["y0"]))
        state["pairs"].add_(new).clamp_(max=self.history)
        return self._two_loops(-g, state)

    def _two_loops(self, q, state):
        """B q (Nocedal & Wright 2006, algorithm 7.4); a pair that a row does not have yet changes nothing."""
        pairs = [(state[f"s{i}"], state[f"y{i}"], state["pairs"] > i) for i in range(self.history)]
        products, shares = [dot(s, y) for s, y, _ in pairs], []
        for (s, y, there), sy in zip(pairs, products, strict=True):
            shares.append((dot(s, q) / sy).where(there, 0))
            q = (q - shares[-1] * y).where(there, q)
        _, y, there = pairs[0]
        q = q * (products[0] / dot(y, y)).where(there, 1)
        for (s, y, there), sy, share in reversed(list(zip(pairs, products, shares, strict=True))):
            q = (q + s * (share - dot(y, q) / sy)).where(there, q)
        return q
