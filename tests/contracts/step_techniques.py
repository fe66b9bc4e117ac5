"""Techniques that need more of a step than one gradient, some registered by tests alone, and each as a plain loop.

The loops are written from the papers, for one run, one tensor after the other, with autograd for the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule, Solver, rate

HALVINGS = 6


def register_all() -> None:
    """To be called where what is registered is taken back."""

    @register("optimizer", "normalized")
    @dataclass
    class Normalized(Rule):
        """n <- rho n + (1-rho) ||g||^2;  w <- w - lr g/sqrt(n + 1e-8)"""

        lr: float = rate(0.05)
        rho: float = number(0.9, ge=0, lt=1)
        row_slots = ("n",)

        def update(self, w, g, state, h, t):
            n = state["n"].mul_(h.rho).add_(g.square().sum(1, keepdim=True) * h.complement("rho"))
            w.sub_(h.lr * g / (n + 1e-8).sqrt())

    @register("optimizer", "backtracking", paper="Armijo 1966")
    @dataclass
    class Backtracking(Solver):
        """w <- w - a g; a is twice the last one (at first lr), halved until f falls by c a ||g||^2"""

        lr: float = rate(4.0)
        c: float = number(0.5, above=0, lt=1)
        row_slots = ("a",)

        def advance(self, search, w, g, state, h, t):
            a = torch.where(t > 1, 2 * state["a"], h.lr)
            slope = g.square().sum(1, keepdim=True)
            found = torch.zeros_like(a, dtype=torch.bool)
            for _ in range(HALVINGS):
                f, _ = search.evaluate(w - a * g)
                found |= f <= search.objective - h.c * a * slope
                a = torch.where(found, a, a / 2)
            w.sub_(a * g)
            state["a"].copy_(a)


def loop(parameters: list, batches: list, objective: Callable, technique: str, **h) -> list:
    """The parameters after one step a batch; objective(parameters, batch) is a scalar."""
    rule = LOOPS[technique](**h)
    for number_, batch in enumerate(batches, 1):
        parameters = rule(parameters, lambda p, batch=batch: gradient(objective, p, batch), number_)
    return parameters


def gradient(objective, parameters, batch):
    """(objective, gradients)"""
    leaves = [p.detach().requires_grad_() for p in parameters]
    value = objective(leaves, batch)
    return value.item(), torch.autograd.grad(value, leaves)


def norm(tensors) -> float:
    return sum(float((t * t).sum()) for t in tensors) ** 0.5


def moved(parameters, by, times) -> list:
    return [p + times * d for p, d in zip(parameters, by, strict=True)]


def sam(lr, strength):
    """Algorithm 1 of Foret et al. with p = 2 and gradient descent."""

    def step(w, f, t):
        g = f(w)[1]
        return moved(w, f(moved(w, g, strength / norm(g)))[1], -lr)

    return step


def lookahead(lr, alpha, k, momentum=0.0, strength=0.0):
    """Algorithm 1 of Zhang et al. around gradient descent with momentum, or around that of `sam`."""
    slow, m = [], []

    def step(w, f, t):
        if t == 1:
            slow[:], m[:] = w, [torch.zeros_like(p) for p in w]
        g = f(w)[1]
        g = f(moved(w, g, strength / norm(g)))[1] if strength else g
        m[:] = [momentum * mean + each for mean, each in zip(m, g, strict=True)]
        w = moved(w, m, -lr)
        if t % k == 0:
            slow[:] = [phi + alpha * (p - phi) for phi, p in zip(slow, w, strict=True)]
            w = list(slow)
        return w

    return step


def normalized(lr, rho):
    """As it says above."""
    n = 0.0

    def step(w, f, t):
        nonlocal n
        g = f(w)[1]
        n = rho * n + (1 - rho) * norm(g) ** 2
        return moved(w, g, -lr / (n + 1e-8) ** 0.5)

    return step


def backtracking(lr, c):
    """As it says above."""
    a = lr / 2

    def step(w, f, t):
        nonlocal a
        a, (before, g) = 2 * a, f(w)
        for _ in range(HALVINGS):
            if f(moved(w, g, -a))[0] <= before - c * a * norm(g) ** 2:
                break
            a /= 2
        return moved(w, g, -a)

    return step


LOOPS = {"sam": sam, "lookahead": lookahead, "normalized": normalized, "backtracking": backtracking}
