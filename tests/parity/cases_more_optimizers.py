"""AdaGrad, AdaDelta, AdaMax, NAdam and RAdam beside torch.optim, signSGD and Signum beside their paper.

Each reference also says how far it moves a weight per unit of a constant gradient: the size of a proximal step.
"""

import torch
from cases_regularizers import l1, proximal
from parity_case import Case

LASSO = {"optimizer.proximal": True, "regularizer.l1": 0.01}
SOFT = proximal(l1(0.01), l1_strength=0.01)


def group_of(optimizer, w) -> dict:
    """The group of a parameter."""
    return next(group for group in optimizer.param_groups if any(p is w for p in group["params"]))


class Adagrad(torch.optim.Adagrad):
    """With the rate of each weight."""

    def gain(self, w):
        group, state = group_of(self, w), self.state[w]
        rate = group["lr"] / (1 + (state["step"].item() - 1) * group["lr_decay"])
        return rate / (state["sum"].sqrt() + group["eps"])


class Adadelta(torch.optim.Adadelta):
    """With the next step's rate of each weight."""

    def gain(self, w):
        group, state = group_of(self, w), self.state[w]
        return group["lr"] * ((state["acc_delta"] + group["eps"]) / (state["square_avg"] + group["eps"])).sqrt()


class Adamax(torch.optim.Adamax):
    """With the rate of each weight."""

    def gain(self, w):
        return group_of(self, w)["lr"] / self.state[w]["exp_inf"]


def corrected(state: dict, beta2: float):
    """sqrt vhat"""
    return (state["exp_avg_sq"] / (1 - beta2 ** state["step"].item())).sqrt()


class NAdam(torch.optim.NAdam):
    """With the rate of each weight, and the product of momenta in double precision, which torch keeps in single."""

    def __init__(self, groups, **numbers):
        super().__init__(groups, **numbers)
        for group in self.param_groups:
            for p in group["params"]:
                zeros = {"exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
                self.state[p] = {"step": torch.tensor(0.0), "mu_product": torch.ones((), dtype=torch.float64)} | zeros

    def gain(self, w):
        group = group_of(self, w)
        return group["lr"] / (corrected(self.state[w], group["betas"][1]) + group["eps"])


class RAdam(torch.optim.RAdam):
    """With the rate of each weight: algorithm 2 of Liu et al. 2020."""

    def gain(self, w):
        group, state = group_of(self, w), self.state[w]
        beta2, t = group["betas"][1], state["step"].item()
        inf = 2 / (1 - beta2) - 1
        rho = inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho <= 5:
            return group["lr"]
        r = (((rho - 4) * (rho - 2) * inf) / ((inf - 4) * (inf - 2) * rho)) ** 0.5
        return group["lr"] * r * (1 - beta2**t) ** 0.5 / (state["exp_avg_sq"].sqrt() + group["eps"])


class Signum(torch.optim.Optimizer):
    """Algorithm 2 of Bernstein et al. 2018; with momentum 0 their algorithm 1."""

    def __init__(self, groups, lr=1e-3, momentum=0.9, weight_decay=0.0):
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                g = p.grad + group["weight_decay"] * p
                m = torch.lerp(g, self.state[p].get("m", torch.zeros_like(p)), group["momentum"])
                p -= group["lr"] * torch.sign(m)
                self.state[p]["m"] = m

    def gain(self, w):
        return group_of(self, w)["lr"]


def keys(name: str, **values) -> dict:
    """{"optimizer": name, "optimizer.<key>": value, ...}"""
    return {"optimizer": name} | {f"optimizer.{key}": value for key, value in values.items()}


def cases(name: str, ours: dict, theirs: dict) -> list[Case]:
    """The rule with its defaults; with other numbers; and with everything at once."""
    reference, lr = RULES[name]
    everything = keys(name, lr=lr, weight_decay=0.02, decay_biases=True, clip_norm=0.5, **ours) | LASSO
    return [
        Case(name, keys(name, lr=lr), lambda w, o: reference(w + o, lr=lr)),
        Case(f"{name}_numbers", keys(name, lr=lr, **ours), lambda w, o: reference(w + o, lr=lr, **theirs)),
        Case(
            f"{name}_everything",
            everything,
            lambda w, o: reference(w + o, lr=lr, weight_decay=0.02, **theirs),
            clip=0.5,
            **SOFT,
        ),
    ]


ADAGRAD = {"lr_decay": 0.01, "initial_accumulator_value": 0.2, "eps": 1e-3}
ADADELTA = {"rho": 0.8, "eps": 1e-4}
BETAS = {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3}
TORCH_BETAS = {"betas": (0.8, 0.95), "eps": 1e-3}

RULES = {
    "adagrad": (Adagrad, 0.05),
    "adadelta": (Adadelta, 0.7),
    "adamax": (Adamax, 0.01),
    "nadam": (NAdam, 0.01),
    "radam": (RAdam, 0.01),
    "signsgd": (Signum, 0.002),
}

CASES = [
    *cases("adagrad", ADAGRAD, ADAGRAD),
    *cases("adadelta", ADADELTA, ADADELTA),
    *cases("adamax", BETAS, TORCH_BETAS),
    *cases("nadam", BETAS | {"momentum_decay": 0.05}, TORCH_BETAS | {"momentum_decay": 0.05}),
    *cases("radam", BETAS, TORCH_BETAS),
    *cases("signsgd", {"momentum": 0.6}, {"momentum": 0.6}),
    Case("signsgd_no_momentum", keys("signsgd", momentum=0), lambda w, o: Signum(w + o, momentum=0.0)),
    Case(
        "nadam_constant_momentum",
        keys("nadam", lr=0.01, momentum_decay=0),
        lambda w, o: NAdam(w + o, lr=0.01, momentum_decay=0),
    ),
    Case(
        "nadam_long_memory",
        keys("nadam", lr=0.003, beta1=0.999),
        lambda w, o: NAdam(w + o, lr=0.003, betas=(0.999, 0.999)),
    ),
    Case(
        "radam_never_rectified",
        keys("radam", lr=0.1, beta2=0.6),
        lambda w, o: RAdam(w + o, lr=0.1, betas=(0.9, 0.6)),
    ),
]
