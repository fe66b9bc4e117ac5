"""Lion, which torch.optim does not have: the algorithm of Chen et al. 2023, one parameter after the other."""

import torch
from cases_regularizers import l1, proximal
from parity_case import Case


class Lion(torch.optim.Optimizer):
    """Algorithm 2: direction from beta1, memory from beta2, decay beside the sign."""

    def __init__(self, groups, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(groups, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                direction = torch.sign(torch.lerp(p.grad, m, beta1))
                p -= group["lr"] * (direction + group["weight_decay"] * p)
                self.state[p]["m"] = torch.lerp(p.grad, m, beta2)

    def gain(self, w):
        """A step is lr, however long the gradient is."""
        return self.param_groups[0]["lr"]


def keys(**values) -> dict:
    """{"optimizer": "lion", "optimizer.<key>": value, ...}"""
    return {"optimizer": "lion"} | {f"optimizer.{key}": value for key, value in values.items()}


RULES = {"lion": (Lion, 0.001)}

CASES = [
    Case("lion", keys(lr=1e-4), lambda w, o: Lion(w + o)),
    Case("lion_numbers", keys(lr=0.002, beta1=0.8, beta2=0.95), lambda w, o: Lion(w + o, lr=0.002, betas=(0.8, 0.95))),
    Case(
        "lion_everything",
        keys(lr=0.001, beta1=0.7, weight_decay=0.5, decay_biases=True, clip_norm=0.2, proximal=True)
        | {"regularizer.l1": 0.1},
        lambda w, o: Lion(w + o, lr=0.001, betas=(0.7, 0.99), weight_decay=0.5),
        clip=0.2,
        **proximal(l1(0.1), l1_strength=0.1),
    ),
]
