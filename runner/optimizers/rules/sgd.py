"""Stochastic gradient descent, with heavy-ball and Nesterov momentum."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register, switch
from runner.optimizers.rules.base import Rule


def sgd(w, g, slots, h):
    """SGD's step; m is only there with momentum."""
    m, lr, momentum, one = slots[0], h[0], h[1], w.dtype.type(1)
    share = h[3] if h[5] > 1 or h[7] > 0 else one  # as torch: the first gradient enters whole
    if momentum == 0:
        for i in range(w.shape[0]):
            w[i] -= lr * g[i]
    elif h[6] > 0:
        ahead = h[4] > 0
        for i in range(w.shape[0]):
            m[i] = momentum * m[i] - lr * share * g[i]
            w[i] += momentum * m[i] - lr * g[i] if ahead else m[i]
    elif h[4] == 0:
        for i in range(w.shape[0]):
            m[i] = momentum * m[i] + share * g[i]
            w[i] -= lr * m[i]
    else:
        for i in range(w.shape[0]):
            m[i] = momentum * m[i] + share * g[i]
            w[i] -= lr * (g[i] + momentum * m[i])


def sgd_gain(slots, h, step):
    """lr (1 - dampening)/(1 - momentum); lr without momentum"""
    step[:] = h[0] if h[1] == 0 else h[0] / h[2] * h[3]


H = ("lr", "momentum", "1-momentum", "1-dampening", "nesterov", "t", "velocity", "zero_start")
FORM = RuleForm(sgd, H, sgd_gain)


@register(
    "optimizer",
    "sgd",
    torch="SGD",
    paper="Robbins & Monro 1951; Polyak 1964; Sutskever et al. 2013",
    lecture="000:181, 002:41, 003:1009, 004:63",
    compiled=FORM,
)
@dataclass
class SGD(Rule):
    """m <- momentum m + (1 - dampening) g, at first m <- g;  w <- w - lr m  (nesterov: w - lr (g + momentum m))

    Without momentum w <- w - lr g, whatever the dampening. With velocity=true v <- momentum v - (1 - dampening) lr g,
    w <- w + v (nesterov: w + momentum v - lr g), the same while the rate is constant: each step keeps its rate.
    With zero_start=true the first gradient is dampened like any other, from m = 0.

    Nesterov's weights are those at the point that is looked ahead to, where the gradient is taken: they are evaluated
    and kept. The point behind it is w + lr momentum m.

    A proximal step takes the rate lr (1 - dampening)/(1 - momentum): how far a constant gradient moves a weight in the
    long run.
    """

    momentum: float = number(
        0.0, ge=0, lt=1, neutral=0.0, lecture="000:188", help="share of the last step that is kept"
    )
    dampening: float = number(
        0.0,
        ge=0,
        le=1,
        neutral=0.0,
        lecture="001:277",
        help="a in (1 - a) g, from the second step on; equal to momentum it is an exponential average",
    )
    nesterov: bool = switch(False, kind="segment", lecture="001:287, 003:1034", help="look ahead: use g + momentum m")
    velocity: bool = switch(
        False,
        kind="segment",
        lecture="002:50, 003:1023, 004:91",
        help="keep steps: v <- momentum v - lr g",
    )
    zero_start: bool = switch(
        False, kind="segment", lecture="001:277", help="dampen the first gradient too: the average begins at 0"
    )
    slots = ("m",)

    def plain(self):
        """Without momentum there is nothing to dampen, to look ahead with or to keep."""
        plain = super().plain()
        if self.momentum:
            return plain if self.dampening else dataclasses.replace(plain, zero_start=False)
        return dataclasses.replace(plain, dampening=0.0, nesterov=False, velocity=False, zero_start=False)

    def slots_used(self, h):
        return self.slots if h["momentum"] is not None else ()

    def gain(self, state, h, t):
        if h.momentum is None:
            return h.lr
        step = h.lr / h.complement("momentum")
        if h.dampening is None:
            return step
        return step * h.complement("dampening").where(h.momentum > 0, step.new_ones(()))

    def update(self, w, g, state, h, t):
        if h.momentum is None:
            w.sub_(h.lr * g)
            return
        m, g_in = state["m"].mul_(h.momentum), g
        if h.dampening is not None:  # as torch: only with momentum, and the first gradient enters whole
            dampened = (h.momentum > 0) if self.zero_start else (t > 1) & (h.momentum > 0)
            g_in = g * h.complement("dampening").where(dampened, g.new_ones(()))
        if self.velocity:
            m.sub_(h.lr * g_in)
            w.add_(h.momentum * m - h.lr * g if self.nesterov else m)
            return
        m.add_(g_in)
        w.sub_(h.lr * (g + h.momentum * m if self.nesterov else m))
