"""Lion, which torch.optim does not have: the algorithm of Chen et al. 2023, one parameter after the other."""

import torch
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


def decayed(w: list, o: list, decay: float) -> list[dict]:
    """Biases are exempt."""
    return [{"params": w, "weight_decay": decay}, {"params": o}]


def shrink(strength: float):
    """The proximal step of the L1 norm, after the step."""

    def after(weights, gain):
        for w in weights:
            w.copy_(torch.nn.functional.softshrink(w, gain(w) * strength))

    return after


CASES = [
    Case("lion", keys(lr=1e-4), lambda w, o: Lion(w + o)),
    Case("lion_numbers", keys(lr=0.002, beta1=0.8, beta2=0.95), lambda w, o: Lion(w + o, lr=0.002, betas=(0.8, 0.95))),
    Case("lion_weight_decay", keys(lr=0.001, weight_decay=0.5), lambda w, o: Lion(decayed(w, o, 0.5), lr=0.001)),
    Case(
        "lion_decay_biases",
        keys(lr=0.001, weight_decay=0.5, decay_biases=True),
        lambda w, o: Lion(w + o, lr=0.001, weight_decay=0.5),
    ),
    Case("lion_clip", keys(lr=0.001, clip_norm=0.2), lambda w, o: Lion(w + o, lr=0.001), clip=0.2),
    Case(
        "lion_proximal",
        keys(lr=0.001, proximal=True) | {"regularizer.l1": 0.1},
        lambda w, o: Lion(w + o, lr=0.001),
        penalty=lambda weights: sum(0.1 * w.detach().abs().sum() for w in weights),
        after=shrink(0.1),
    ),
]
