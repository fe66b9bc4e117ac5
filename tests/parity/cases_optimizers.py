"""Update rules that torch.optim has, with every key of their own at another value than its default."""

import torch
from cases_regularizers import l1, proximal
from parity_case import Case, Schedule
from torch.optim import SGD, Adam, AdamW, RMSprop

CLIP = {"optimizer.clip_norm": 0.5}
SOFT = proximal(l1(0.01), l1_strength=0.01)
LASSO = {"optimizer.proximal": True, "regularizer.l1": 0.01}


def keys(name: str, **values) -> dict:
    """{"optimizer": name, "optimizer.<key>": value, ...}"""
    return {"optimizer": name} | {f"optimizer.{key}": value for key, value in values.items()}


def decayed(w: list, o: list, decay: float) -> list[dict]:
    """Parameter groups as one writes them to exempt biases and normalization gains."""
    return [{"params": w, "weight_decay": decay}, {"params": o, "weight_decay": 0.0}]


class Velocity(torch.optim.Optimizer):
    """v <- mu v - lr g (dampened, all but the first unless it starts at zero), w <- w + v (Sutskever et al. 2013)."""

    def __init__(self, parameters, lr, momentum, dampening=0.0, nesterov=False, zero_start=False):
        super().__init__(parameters, {"lr": lr})
        self.mu, self.share, self.nesterov, self.zero_start = momentum, 1 - dampening, nesterov, zero_start

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                first = "v" not in self.state[p]
                v = self.mu * self.state[p].get("v", torch.zeros_like(p))
                v = v - group["lr"] * (1 if first and not self.zero_start else self.share) * p.grad
                p += self.mu * v - group["lr"] * p.grad if self.nesterov else v
                self.state[p]["v"] = v


class Average(torch.optim.Optimizer):
    """m <- mu m + (1 - mu) g from m = 0, w <- w - lr m."""

    def __init__(self, parameters, lr, momentum):
        super().__init__(parameters, {"lr": lr})
        self.mu = momentum

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                m = torch.lerp(p.grad, self.state[p].get("m", torch.zeros_like(p)), self.mu)
                p -= group["lr"] * m
                self.state[p]["m"] = m


class Uncorrected(torch.optim.Optimizer):
    """Adam with m and v as they are; `decay` is AdamW's."""

    def __init__(self, parameters, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
        super().__init__(parameters, {"lr": lr, "decay": decay})
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                m, v = self.state[p].get("mv", (torch.zeros_like(p), torch.zeros_like(p)))
                m, v = torch.lerp(p.grad, m, self.beta1), torch.lerp(p.grad**2, v, self.beta2)
                p -= group["lr"] * (group["decay"] * p + m / (v.sqrt() + self.eps))
                self.state[p]["mv"] = m, v


# A rate that falls every epoch: only then a velocity differs from torch's momentum.
FALLING = {"scheduler": "exponential", "scheduler.gamma": 0.9, "scheduler.unit": "epochs"}
FALLS = Schedule(lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9))

RULES = {"sgd": (SGD, 0.1), "adam": (Adam, 0.01), "adamw": (AdamW, 0.01), "rmsprop": (RMSprop, 0.003)}

CASES = [
    Case("sgd", keys("sgd", lr=0.2), lambda w, o: SGD(w + o, lr=0.2)),
    Case("sgd_momentum", keys("sgd", momentum=0.9), lambda w, o: SGD(w + o, lr=0.1, momentum=0.9)),
    Case(
        "sgd_dampening",
        keys("sgd", lr=0.3, momentum=0.9, dampening=0.7),
        lambda w, o: SGD(w + o, lr=0.3, momentum=0.9, dampening=0.7),
    ),
    Case(
        "sgd_dampening_without_momentum",
        keys("sgd", dampening=0.7),
        lambda w, o: SGD(w + o, lr=0.1, dampening=0.7),
    ),
    Case(
        "sgd_nesterov",
        keys("sgd", momentum=0.8, nesterov=True),
        lambda w, o: SGD(w + o, lr=0.1, momentum=0.8, nesterov=True),
    ),
    Case(
        "sgd_decay_biases",
        keys("sgd", momentum=0.9, nesterov=True, weight_decay=0.02, decay_biases=True),
        lambda w, o: SGD(w + o, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.02),
    ),
    Case(
        "sgd_clip_then_decay",
        keys("sgd", momentum=0.5, weight_decay=0.05) | CLIP,
        lambda w, o: SGD(decayed(w, o, 0.05), lr=0.1, momentum=0.5),
        clip=0.5,
    ),
    Case(
        "sgd_velocity",
        keys("sgd", momentum=0.9, velocity=True) | FALLING,
        lambda w, o: Velocity(w + o, lr=0.1, momentum=0.9),
        schedule=FALLS,
    ),
    Case(
        "sgd_velocity_nesterov",
        keys("sgd", momentum=0.8, velocity=True, nesterov=True) | FALLING,
        lambda w, o: Velocity(w + o, lr=0.1, momentum=0.8, nesterov=True),
        schedule=FALLS,
    ),
    Case(
        "sgd_velocity_dampening",
        keys("sgd", momentum=0.8, velocity=True, dampening=0.5, zero_start=True, lr=0.2) | FALLING,
        lambda w, o: Velocity(w + o, lr=0.2, momentum=0.8, dampening=0.5, zero_start=True),
        schedule=FALLS,
    ),
    Case(
        "sgd_zero_start",
        keys("sgd", momentum=0.9, dampening=0.9, zero_start=True, lr=0.3),
        lambda w, o: Average(w + o, lr=0.3, momentum=0.9),
    ),
    Case("adam_uncorrected", keys("adam", lr=0.01, bias_correction=False), lambda w, o: Uncorrected(w + o, lr=0.01)),
    Case(
        "adamw_uncorrected",
        keys("adamw", lr=0.01, bias_correction=False, beta1=0.8, beta2=0.95, weight_decay=0.3, decay_biases=True),
        lambda w, o: Uncorrected(w + o, lr=0.01, beta1=0.8, beta2=0.95, decay=0.3),
    ),
    Case("adam", keys("adam", lr=0.01), lambda w, o: Adam(w + o, lr=0.01)),
    Case(
        "adam_numbers",
        keys("adam", lr=0.02, beta1=0.8, beta2=0.95, eps=1e-3),
        lambda w, o: Adam(w + o, lr=0.02, betas=(0.8, 0.95), eps=1e-3),
    ),
    Case(
        "adam_amsgrad",
        keys("adam", lr=0.01, beta2=0.9, amsgrad=True),
        lambda w, o: Adam(w + o, lr=0.01, betas=(0.9, 0.9), amsgrad=True),
    ),
    Case(
        "adam_everything",
        keys("adam", lr=0.01, weight_decay=0.03, decay_biases=True, amsgrad=True) | LASSO,
        lambda w, o: Adam(w + o, lr=0.01, weight_decay=0.03, amsgrad=True),
        **SOFT,
    ),
    Case(
        "adamw",
        keys("adamw", lr=0.01, weight_decay=0.5),
        lambda w, o: AdamW(decayed(w, o, 0.5), lr=0.01),
    ),
    Case(
        "adamw_numbers",
        keys("adamw", lr=0.02, beta1=0.7, beta2=0.9, eps=1e-2),
        lambda w, o: AdamW(w + o, lr=0.02, betas=(0.7, 0.9), eps=1e-2, weight_decay=0.0),
    ),
    Case(
        "adamw_everything",
        keys("adamw", lr=0.01, weight_decay=0.5, decay_biases=True, amsgrad=True) | CLIP | LASSO,
        lambda w, o: AdamW(w + o, lr=0.01, weight_decay=0.5, amsgrad=True),
        clip=0.5,
        **SOFT,
    ),
    Case("rmsprop", keys("rmsprop", lr=0.003), lambda w, o: RMSprop(w + o, lr=0.003)),
    Case(
        "rmsprop_momentum",
        keys("rmsprop", lr=0.001, momentum=0.8),
        lambda w, o: RMSprop(w + o, lr=0.001, momentum=0.8),
    ),
    Case(
        "rmsprop_centered",
        keys("rmsprop", lr=0.003, centered=True),
        lambda w, o: RMSprop(w + o, lr=0.003, centered=True),
    ),
    Case(
        "rmsprop_everything",
        keys("rmsprop", lr=0.001, rho=0.95, eps=1e-4, momentum=0.7, centered=True, weight_decay=0.02, decay_biases=True)
        | CLIP
        | LASSO,
        lambda w, o: RMSprop(w + o, lr=0.001, alpha=0.95, eps=1e-4, momentum=0.7, centered=True, weight_decay=0.02),
        clip=0.5,
        **SOFT,
    ),
]
