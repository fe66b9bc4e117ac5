"""AdaGrad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import RuleForm
from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule


def adagrad(w, g, slots, h):
    """AdaGrad's step."""
    r, begin, eps, one = slots[0], h[2], h[3], w.dtype.type(1)
    lr = h[0] / (one + (h[4] - one) * h[1])
    for i in range(w.shape[0]):
        r[i] += g[i] * g[i]
        w[i] -= lr * g[i] / (np.sqrt(r[i] + begin) + eps)


def adagrad_gain(slots, h, step):
    """lr/(1 + (t-1) lr_decay)/(sqrt r + eps)"""
    r, begin, eps, one = slots[0], h[2], h[3], step.dtype.type(1)
    lr = h[0] / (one + (h[4] - one) * h[1])
    for i in range(step.shape[0]):
        step[i] = lr / (np.sqrt(r[i] + begin) + eps)


FORM = RuleForm(adagrad, ("lr", "lr_decay", "initial_accumulator_value", "eps", "t"), adagrad_gain)


@register("optimizer", "adagrad", torch="Adagrad", paper="Duchi, Hazan & Singer 2011", lecture="001:395", compiled=FORM)
@dataclass
class Adagrad(Rule):
    """r <- r + g^2;  w <- w - lr/(1 + (t-1) lr_decay) g/(sqrt r + eps)

    In step t = 1, 2, ...; r begins at initial_accumulator_value.

    A proximal step takes the rate of each weight as it is: lr/(1 + (t-1) lr_decay)/(sqrt r + eps).
    """

    lr_decay: float = number(0.0, ge=0, neutral=0.0, help="share of lr by which its denominator grows every step")
    initial_accumulator_value: float = number(0.0, ge=0, neutral=0.0, help="where the sum of squares begins")
    eps: float = number(1e-10, above=0, help="keeps the division finite")
    slots = ("r",)  # the sum of squares without its initial value, so that every slot begins at 0

    def gain(self, state, h, t):
        r = state["r"]
        lr = h.lr if h.lr_decay is None else h.lr / (1 + (t - 1).to(r.dtype) * h.lr_decay)
        return lr / ((r if h.initial_accumulator_value is None else r + h.initial_accumulator_value).sqrt() + h.eps)

    def update(self, w, g, state, h, t):
        state["r"].add_(g * g)
        w.sub_(self.gain(state, h, t) * g)
