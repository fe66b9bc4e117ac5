"""Schedules known in advance, beside torch.optim.lr_scheduler; inverse square root beside its formula.

Each in epochs (50 of 4 steps) and in steps, with and without warm-up; test_parity_rates.py compares rates exactly.
"""

from parity_case import BASE, Case, Schedule
from torch.optim import lr_scheduler

LR = BASE["optimizer.lr"]


def case(name: str, scheduler: str, main, unit: str = "epochs", warmup: int = 0, **values) -> Case:
    """warmup in units, of which an epoch has 4 steps; `main` makes the torch scheduler."""
    keys = {"scheduler": scheduler} | {f"scheduler.{key}": value for key, value in values.items()}
    keys |= {"scheduler.unit": unit, "scheduler.warmup": warmup}
    return Case(name, keys, schedule=Schedule(main, unit, warmup=warmup * (4 if unit == "epochs" else 1)))


def inverse_sqrt(timescale: float):
    """sqrt(timescale/(timescale + t))"""
    return lambda o: lr_scheduler.LambdaLR(o, lambda t: (timescale / (timescale + t)) ** 0.5)


def vaswani(warmup: int):
    """min(s^-1/2, s warmup^-3/2) sqrt(warmup) at step s from 1, after the warm-up."""
    return lambda o: lr_scheduler.LambdaLR(o, lambda t: (t + warmup) ** -0.5 * warmup**0.5)


def onecycle(total: int, **values):
    """Without its cycle of the momentum."""
    return lambda o: lr_scheduler.OneCycleLR(o, max_lr=LR, total_steps=total, cycle_momentum=False, **values)


def restarts(t_0: int, t_mult: int, floor: float = 0.0):
    """eta_min is a rate, not a multiple of one."""
    return lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, t_0, t_mult, eta_min=floor * LR)


CASES = [
    case(
        "multistep",
        "multistep",
        lambda o: lr_scheduler.MultiStepLR(o, [6, 20, 20, 41], gamma=0.5),
        milestones=[20, 6, 41, 20],
        gamma=0.5,
    ),
    case(
        "multistep_steps",
        "multistep",
        lambda o: lr_scheduler.MultiStepLR(o, [30], gamma=0.1),
        "steps",
        warmup=5,
        milestones=30,
    ),
    case("exponential", "exponential", lambda o: lr_scheduler.ExponentialLR(o, 0.95)),
    case(
        "exponential_steps",
        "exponential",
        lambda o: lr_scheduler.ExponentialLR(o, 0.99),
        "steps",
        warmup=9,
        gamma=0.99,
    ),
    case("cosine_restarts", "cosine_restarts", restarts(10, 2)),
    case("cosine_restarts_equal", "cosine_restarts", restarts(7, 1, 0.1), t_0=7, t_mult=1, floor=0.1),
    case(
        "cosine_restarts_steps",
        "cosine_restarts",
        restarts(5, 3, 0.05),
        "steps",
        warmup=11,
        t_0=5,
        t_mult=3,
        floor=0.05,
    ),
    case("linear", "linear", lambda o: lr_scheduler.LinearLR(o, 1.0, 0.01, 50)),
    case("linear_warmup", "linear", lambda o: lr_scheduler.LinearLR(o, 1.0, 0.01, 40), warmup=10),
    case(
        "linear_steps",
        "linear",
        lambda o: lr_scheduler.LinearLR(o, 0.2, 0.9, 77),
        "steps",
        warmup=5,
        start_factor=0.2,
        end_factor=0.9,
        total_iters=77,
    ),
    case("polynomial", "polynomial", lambda o: lr_scheduler.PolynomialLR(o, 50, 2.0)),
    case("polynomial_linear", "polynomial", lambda o: lr_scheduler.PolynomialLR(o, 30, 1.0), power=1, total_iters=30),
    case(
        "polynomial_steps",
        "polynomial",
        lambda o: lr_scheduler.PolynomialLR(o, 160, 0.5),
        "steps",
        warmup=20,
        power=0.5,
        total_iters=160,
    ),
    case("inverse_sqrt", "inverse_sqrt", inverse_sqrt(10)),
    case("inverse_sqrt_steps", "inverse_sqrt", inverse_sqrt(2.5), "steps", timescale=2.5),
    case("inverse_sqrt_vaswani", "inverse_sqrt", vaswani(16), "steps", warmup=16, timescale=16),
    case("onecycle", "onecycle", onecycle(200), "steps"),
    case(
        "onecycle_numbers",
        "onecycle",
        onecycle(190, pct_start=0.45, div_factor=7.0, final_div_factor=30.0),
        "steps",
        warmup=10,
        pct_start=0.45,
        div_factor=7.0,
        final_div_factor=30.0,
    ),
    case("onecycle_falling", "onecycle", onecycle(200, pct_start=0.0), "steps", pct_start=0),
    case("onecycle_epochs", "onecycle", onecycle(50), "epochs"),
]
