"""A bound on the weights by ascent on its multiplier: descent on J + a (1/2 ||w||^2 - K), then ascent in a."""

import torch
from parity_case import TWO, Case


class Uzawa(torch.optim.SGD):
    """Gradient descent around which a multiplier grows while the weights exceed their budget."""

    def __init__(self, weights, others, budget, rate, **options):
        super().__init__([*weights, *others], **options)
        self.weights, self.budget, self.rate, self.multiplier = weights, budget, rate, 0.0

    @torch.no_grad()
    def step(self, closure=None):
        excess = sum(float((w.double() ** 2).sum()) for w in self.weights) / 2 - self.budget
        for w in self.weights:
            w.grad.add_(w, alpha=self.multiplier)
        self.multiplier = max(0.0, self.multiplier + self.rate * excess)
        return super().step(closure)


CASES = [
    Case(
        "lagrangian",
        {"regularizer.lagrangian.budget": 1.5, "regularizer.lagrangian.rate": 0.02},
        lambda w, o: Uzawa(w, o, 1.5, 0.02, lr=0.1),
    ),
    Case(
        "lagrangian_momentum_two",
        TWO | {"regularizer.lagrangian.budget": 3.0, "optimizer.momentum": 0.9, "optimizer.lr": 0.01},
        lambda w, o: Uzawa(w, o, 3.0, 0.1, lr=0.01, momentum=0.9),
    ),
]
