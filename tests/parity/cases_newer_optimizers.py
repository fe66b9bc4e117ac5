"""Muon, Sophia and schedule-free AdamW from their papers, one parameter after the other.

Muon's polynomial is applied to singular values, and the Hessian's diagonal is estimated through autograd's second
derivatives; the random signs are those of the engine.
"""

import numpy as np
import torch
from parity_case import Case, Schedule
from torch.optim import AdamW

from runner.population.draws import bits, key, positions, words


class Newer(torch.optim.Optimizer):
    """Parameter groups with a decay of their own."""

    def __init__(self, groups, lr, **numbers):
        super().__init__(groups, {"lr": lr, "weight_decay": 0.0})
        self.numbers, self.made = numbers, 0

    @torch.no_grad()
    def step(self, closure=None):
        self.made += 1
        for group in self.param_groups:
            for p in group["params"]:
                self.move(p, p.grad, group["lr"], group["weight_decay"], self.state[p])

    def gain(self, w):
        return self.param_groups[0]["lr"]


class Muon(Newer):
    """Matrices by the polynomial of their singular values, the rest by torch's AdamW."""

    def move(self, p, g, lr, decay, state):
        if p.dim() < 2:
            self.rest(p, g, lr * self.numbers.get("rest", 0.05), lr * decay, state)
            return
        mu = self.numbers.get("momentum", 0.95)
        state["m"] = mu * state.get("m", torch.zeros_like(p)) + (1 - mu) * g
        n = mu * state["m"] + (1 - mu) * g if self.numbers.get("nesterov", True) else state["m"]
        left, values, right = torch.linalg.svd(n, full_matrices=False)
        values = values / (torch.linalg.norm(n) + 1e-7)
        for _ in range(self.numbers.get("iterations", 5)):
            values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
        p *= 1 - lr * decay
        p -= lr * max(1, p.shape[0] / p.shape[1]) ** 0.5 * (left * values) @ right

    def rest(self, p, g, lr, shrink, state):
        if "rest" not in state:
            numbers = self.numbers
            betas, eps = (numbers.get("beta1", 0.9), numbers.get("beta2", 0.999)), numbers.get("eps", 1e-8)
            state["rest"] = AdamW([p], betas=betas, eps=eps, weight_decay=0.0)
        state["rest"].param_groups[0]["lr"] = lr
        p *= 1 - shrink
        state["rest"].step()


class Sophia(Newer):
    """Algorithm 3 of Liu et al. with Hutchinson's estimator."""

    def solve(self, objective, again):
        parameters = [p for group in self.param_groups for p in group["params"]]
        count = sum(p.numel() for p in parameters)
        if self.made % self.numbers.get("every", 10) == 0:
            keys = key(np.zeros(1, dtype=np.uint64), "signs", np.array([self.made]))
            signs = torch.where(bits(words(keys), positions(1, count, count)) < 0, -1.0, 1.0).flatten()
            signs = [
                s.view_as(p).to(p.dtype)
                for s, p in zip(signs.split([p.numel() for p in parameters]), parameters, strict=True)
            ]
            first = torch.autograd.grad(again(), parameters, create_graph=True)
            products = torch.autograd.grad(first, parameters, signs)
            beta2 = self.numbers.get("beta2", 0.99)
            for p, u, product in zip(parameters, signs, products, strict=True):
                state = self.state[p]
                state["d"] = beta2 * state.get("d", torch.zeros_like(p)) + (1 - beta2) * u * product
        self.step()

    def move(self, p, g, lr, decay, state):
        beta1 = self.numbers.get("beta1", 0.96)
        state["m"] = beta1 * state.get("m", torch.zeros_like(p)) + (1 - beta1) * g
        below = torch.clamp(self.numbers.get("gamma", 0.01) * state["d"], min=self.numbers.get("eps", 1e-12))
        p -= lr * decay * p
        p -= lr * torch.clamp(state["m"] / below, -1, 1)


class ScheduleFree(Newer):
    """Algorithm 1 of Defazio et al. with z and x kept apart, weighted by squared rates.

    In the parameters lies y, where gradients are taken; what moves it from outside moves z and x alike.
    """

    def move(self, p, g, lr, decay, state):
        beta1, beta2 = self.numbers.get("beta1", 0.9), self.numbers.get("beta2", 0.999)
        shift = p - state.get("y", p)
        z, x = (state.get(name, p) + shift for name in "zx") if state else (p.clone(), p.clone())
        state["largest"] = max(state.get("largest", 0.0), lr)
        state["total"] = state.get("total", 0.0) + state["largest"] ** 2
        state["v"] = beta2 * state.get("v", torch.zeros_like(p)) + (1 - beta2) * g**2
        root = (state["v"] / (1 - beta2**self.made)).sqrt() + self.numbers.get("eps", 1e-8)
        state["rate"] = lr / root
        z = z - lr * (g / root + decay * p)
        x = x + state["largest"] ** 2 / state["total"] * (z - x)
        p.copy_((1 - beta1) * z + beta1 * x)
        state.update(z=z, x=x, y=p.clone())

    def gain(self, w):
        return self.state[w]["rate"]

    @torch.no_grad()
    def show(self):
        """Put what is kept in the place of the parameters."""
        for p, state in self.state.items():
            p += state["x"] - state["y"]


def keys(name: str, **values) -> dict:
    """{"optimizer": name, "optimizer.<key>": value, ...}"""
    return {"optimizer": name} | {f"optimizer.{key}": value for key, value in values.items()}


def case(label: str, name: str, **numbers) -> Case:
    reference, lr, *more = RULES[name]
    return Case(
        label,
        keys(name, lr=lr, **numbers),
        lambda w, o: reference(w + o, lr=lr, **numbers),
        **{field: value for kind in more for field, value in kind.items()},
    )


def warm_then_falling(optimizer):
    return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)


DECIDES = {"decides": True}  # which weights make the largest step, and singular values near 0, hang on roundings
RULES = {
    "muon": (Muon, 0.01, DECIDES),
    "sophia": (Sophia, 0.003, DECIDES),
    "schedule_free_adamw": (ScheduleFree, 0.01),
}
BETAS = {"beta1": 0.8, "beta2": 0.95}

CASES = [
    case("muon", "muon"),
    case("muon_numbers", "muon", momentum=0.8, nesterov=False, iterations=3, rest=0.2, eps=1e-3, **BETAS),
    case("sophia", "sophia"),
    case("sophia_numbers", "sophia", gamma=0.1, eps=1e-3, every=3, **BETAS),
    case("schedule_free_adamw", "schedule_free_adamw"),
    case("schedule_free_adamw_numbers", "schedule_free_adamw", eps=1e-3, **BETAS),
    Case(
        "schedule_free_adamw_warmup",
        keys("schedule_free_adamw", lr=0.02)
        | {"scheduler": "exponential", "scheduler.gamma": 0.9, "scheduler.unit": "epochs", "scheduler.warmup": 5},
        lambda w, o: ScheduleFree(w + o, lr=0.02),
        schedule=Schedule(warm_then_falling, warmup=20),
    ),
]
