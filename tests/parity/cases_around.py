"""SAM and Lookahead around optimizers, and norm balls: written from the papers, one parameter after the other."""

import torch
from cases_regularizers import each
from parity_case import TWO, Case
from torch.optim import SGD, Adam


class Sharp(SGD):
    """SGD with the gradient at w + rho g/||g|| over all parameters (Foret et al. 2021, algorithm 1)."""

    def __init__(self, parameters, rho, **numbers):
        super().__init__(parameters, **numbers)
        self.rho = rho

    def solve(self, objective, again):
        parameters = [p for group in self.param_groups for p in group["params"]]
        before = [p.detach().clone() for p in parameters]
        norm = torch.sqrt(sum((p.grad**2).sum() for p in parameters))
        with torch.no_grad():
            for p in parameters:
                p += self.rho * p.grad / norm
        gradients = torch.autograd.grad(again(), parameters)
        with torch.no_grad():
            for p, w, g in zip(parameters, before, gradients, strict=True):
                p.copy_(w)
                p.grad = g
        self.step()


def looking(base, alpha, every):
    """An optimizer inside Lookahead (Zhang et al. 2019, algorithm 1)."""

    class Looking(base):
        made = 0

        @torch.no_grad()
        def step(self, closure=None):
            parameters = [p for group in self.param_groups for p in group["params"]]
            if self.made == 0:
                self.slow = [p.clone() for p in parameters]
            super().step()
            self.made += 1
            if self.made % every == 0:
                for p, slow in zip(parameters, self.slow, strict=True):
                    slow += alpha * (p - slow)
                    p.copy_(slow)

    return Looking


def l2_ball(radius):
    """Each layer's weights divided by how much too long they are."""

    def after(weights, gain):
        for w, r in each(weights, radius):
            norm = torch.linalg.matrix_norm(w)
            if norm > r:
                w.mul_(r / norm)

    return after


def l1_ball(radius):
    """Each layer's weights to the nearest of this L1 norm: the threshold is found by halving an interval."""

    def after(weights, gain):
        for w, r in each(weights, radius):
            low, high = 0.0, float(w.abs().max())
            if w.abs().sum() <= r:
                continue
            for _ in range(80):
                c = (low + high) / 2
                low, high = (c, high) if (w.abs() - c).clamp(min=0).sum() > r else (low, c)
            w.copy_(w.sign() * (w.abs() - high).clamp(min=0))

    return after


LOOKAHEAD = {"regularizer.lookahead.alpha": 0.4, "regularizer.lookahead.every": 3}
CASES = [
    Case("sam", {"regularizer.sam": 0.1}, lambda w, o: Sharp(w + o, 0.1, lr=0.1)),
    Case(
        "sam_momentum",
        {"regularizer.sam": 0.3, "optimizer.momentum": 0.8, "optimizer.lr": 0.05},
        lambda w, o: Sharp(w + o, 0.3, lr=0.05, momentum=0.8),
    ),
    Case(
        "lookahead_adam",
        {"optimizer": "adam", "optimizer.lr": 0.01} | LOOKAHEAD,
        lambda w, o: looking(Adam, 0.4, 3)(w + o, lr=0.01),
    ),
    Case(
        "lookahead_default_every",
        {"optimizer.momentum": 0.9, "regularizer.lookahead.alpha": 0.5},
        lambda w, o: looking(SGD, 0.5, 5)(w + o, lr=0.1, momentum=0.9),
    ),
    Case("l2_ball", {"regularizer.l2_ball": 0.9}, after=l2_ball(0.9)),
    Case("l2_ball_layers", {"regularizer.l2_ball": [0.8, 2.0, 0.5]} | TWO, after=l2_ball([0.8, 2.0, 0.5])),
    Case("l1_ball", {"regularizer.l1_ball": 3.0}, after=l1_ball(3.0)),
    Case("l1_ball_layers", {"regularizer.l1_ball": [4.0, 2.0, 3.0]} | TWO, after=l1_ball([4.0, 2.0, 3.0])),
]
