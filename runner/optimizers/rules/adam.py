"""Adam and AdamW."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register, switch
from runner.optimizers.rules.base import Rule, rate


def adam(w, g, slots, h):
    """Adam's step; with a third slot that of amsgrad."""
    m, v, v_max, beta1, beta2, rest1, rest2, eps = slots[0], slots[1], slots[2], h[1], h[2], h[3], h[4], h[5]
    step, over_root = h[0] / h[6], w.dtype.type(1) / h[7]
    if v_max.shape[0] == 0:
        for i in range(w.shape[0]):
            m[i] = beta1 * m[i] + g[i] * rest1
            v[i] = beta2 * v[i] + g[i] * g[i] * rest2
            w[i] -= step * m[i] / (np.sqrt(v[i]) * over_root + eps)
    else:
        for i in range(w.shape[0]):
            m[i] = beta1 * m[i] + g[i] * rest1
            v[i] = beta2 * v[i] + g[i] * g[i] * rest2
            v_max[i] = v_max[i] if v_max[i] > v[i] else v[i]
            w[i] -= step * m[i] / (np.sqrt(v_max[i]) * over_root + eps)


def adam_gain(slots, h, step):
    """lr / (sqrt vhat + eps)"""
    v = slots[2] if slots[2].shape[0] > 0 else slots[1]
    lr, eps, over_root = h[0], h[5], step.dtype.type(1) / h[7]
    for i in range(step.shape[0]):
        step[i] = lr / (np.sqrt(v[i]) * over_root + eps)


FORM = RuleForm(adam, ("lr", "beta1", "beta2", "1-beta1", "1-beta2", "eps", "correction1", "root2"), adam_gain)
NEVER = 1e15  # so many steps that nothing is left to correct


@register(
    "optimizer",
    "adam",
    torch="Adam",
    paper="Kingma & Ba 2015; Reddi et al. 2018 (amsgrad)",
    lecture="000:217, 001:437, 002:52, 004:123",
    compiled=FORM,
)
@dataclass
class Adam(Rule):
    """m <- beta1 m + (1-beta1) g;  v <- beta2 v + (1-beta2) g^2;  w <- w - lr mhat/(sqrt vhat + eps)

    In step t = 1, 2, ... mhat = m/(1-beta1^t) and vhat = v/(1-beta2^t), with amsgrad of the largest v so far; with
    bias_correction=false mhat = m and vhat = v.

    A proximal step takes the rate of each weight: lr/(sqrt vhat + eps).
    """

    lr: float = rate(1e-3)
    beta1: float = number(0.9, ge=0, lt=1, help="memory of the mean gradient")
    beta2: float = number(0.999, ge=0, lt=1, help="memory of the mean squared gradient")
    eps: float = number(1e-8, above=0, help="keeps the division finite")
    amsgrad: bool = switch(False, kind="segment", help="divide by the largest mean square so far")
    bias_correction: bool = switch(
        True,
        kind="segment",
        lecture="001:446",
        help="divide m and v by 1-beta^t; without it the first steps are (1-beta1)/sqrt(1-beta2) times as long",
    )
    slots = ("m", "v", "v_max")

    def slots_used(self, h):
        return self.slots if self.amsgrad else self.slots[:2]

    def tables(self, h, t):
        if not self.bias_correction:
            return {"correction1": np.ones_like(t), "root2": np.ones_like(t)}
        return {"correction1": 1 - h["beta1"] ** t, "root2": np.sqrt(1 - h["beta2"] ** t)}

    def gain(self, state, h, t):
        v = state["v_max"] if self.amsgrad else state["v"]
        return h.lr / (v.sqrt() / h.root2).add_(h.eps)

    def update(self, w, g, state, h, t):
        m = state["m"].mul_(h.beta1).add_(g * h.complement("beta1"))
        v = state["v"].mul_(h.beta2).add_(g * g * h.complement("beta2"))
        if self.amsgrad:
            state["v_max"].copy_(state["v_max"].maximum(v))
        w.sub_(self.gain(state, h, t) / h.correction1 * m)

    def fused(self, w, g, state, h, t):
        import torch

        t = t if self.bias_correction else torch.full_like(t, NEVER)
        torch._fused_adam_(
            [w], [g], [state["m"]], [state["v"]], [state["v_max"]] if self.amsgrad else [], [t],
            lr=h["lr"], beta1=h["beta1"], beta2=h["beta2"], weight_decay=0.0, eps=h["eps"],
            amsgrad=self.amsgrad, maximize=False,
        )  # fmt: skip


@register(
    "optimizer",
    "adamw",
    torch="AdamW",
    paper="Loshchilov & Hutter 2019",
    lecture="000:243, 002:53, 002:78",
    compiled=FORM,
)
@dataclass
class AdamW(Adam):
    """w <- (1 - lr weight_decay) w, then Adam's step

    A proximal step takes the rate of each weight: lr/(sqrt vhat + eps).
    """

    decoupled = True

    def plain(self):
        """How decay acts is all in which it differs from Adam."""
        return super().plain() if self.weight_decay else Adam(**vars(self)).plain()
