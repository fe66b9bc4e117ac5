"""Schedules in training: every key, with and without warm-up, in epochs (of 4 steps) and in steps."""

from parity_case import BASE, Case, Schedule
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, ReduceLROnPlateau, StepLR

LR = BASE["optimizer.lr"]


def keys(name: str, **values) -> dict:
    """{"scheduler": name, "scheduler.<key>": value, ...}"""
    return {"scheduler": name} | {f"scheduler.{key}": value for key, value in values.items()}


def constant(o):
    """No change."""
    return ConstantLR(o, factor=1.0)


def plateau(o):
    """A nervous one: drops often within 50 epochs."""
    return ReduceLROnPlateau(o, factor=0.5, patience=2, threshold=0.02, cooldown=1, min_lr=0.01 * LR, eps=0.0)


PLATEAU = {"factor": 0.5, "patience": 2, "threshold": 0.02, "cooldown": 1, "min_factor": 0.01}

CASES = [
    Case(
        "constant_warmup_steps",
        keys("constant", warmup=7, unit="steps"),
        schedule=Schedule(constant, "steps", warmup=7),
    ),
    Case("step", keys("step", step_size=9, gamma=0.5), schedule=Schedule(lambda o: StepLR(o, 9, gamma=0.5))),
    Case(
        "step_warmup_steps",
        keys("step", step_size=33, gamma=0.6, warmup=13, unit="steps"),
        schedule=Schedule(lambda o: StepLR(o, 33, gamma=0.6), "steps", warmup=13),
    ),
    Case(
        "cosine", keys("cosine", floor=0.05), schedule=Schedule(lambda o: CosineAnnealingLR(o, 50, eta_min=0.05 * LR))
    ),
    Case(
        "cosine_warmup_epochs",
        keys("cosine", warmup=10),
        schedule=Schedule(lambda o: CosineAnnealingLR(o, 40), warmup=40),
    ),
    Case(
        "cosine_warmup_steps",
        keys("cosine", warmup=25, unit="steps", t_max=180, floor=0.1),
        schedule=Schedule(lambda o: CosineAnnealingLR(o, 180, eta_min=0.1 * LR), "steps", warmup=25),
    ),
    Case("plateau", keys("plateau", **PLATEAU), schedule=Schedule(plateau, reactive=True)),
    Case(
        "plateau_warmup_steps",
        keys("plateau", warmup=6, unit="steps", **PLATEAU),
        schedule=Schedule(plateau, "steps", warmup=6, reactive=True),
    ),
]
