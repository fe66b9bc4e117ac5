"""Every schedule with a rate that follows the size of the batch: 24 examples a step, and an lr meant for others."""

from cases_more_schedules import inverse_sqrt
from cases_schedules import PLATEAU, constant
from parity_case import BASE, Case, Schedule
from torch.optim import lr_scheduler as torch_schedules

HALF = BASE["optimizer.lr"] * 0.5  # the reference says what torch's own arguments in units of the rate refer to
SCHEDULES = {  # name -> (its keys, the torch scheduler of a rate HALF)
    "constant": ({}, constant),
    "step": ({"step_size": 9, "gamma": 0.5}, lambda o: torch_schedules.StepLR(o, 9, gamma=0.5)),
    "multistep": ({"milestones": [9, 30]}, lambda o: torch_schedules.MultiStepLR(o, [9, 30], gamma=0.1)),
    "exponential": ({}, lambda o: torch_schedules.ExponentialLR(o, 0.95)),
    "cosine": ({"floor": 0.1}, lambda o: torch_schedules.CosineAnnealingLR(o, 50, eta_min=0.1 * HALF)),
    "cosine_restarts": ({}, lambda o: torch_schedules.CosineAnnealingWarmRestarts(o, 10, 2)),
    "linear": ({}, lambda o: torch_schedules.LinearLR(o, 1.0, 0.01, 50)),
    "polynomial": (
        {"end_factor": 0.1, "total_iters": 30},
        lambda o: torch_schedules.LambdaLR(o, lambda t: 0.1 + 0.9 * (1 - min(t, 30) / 30) ** 2),
    ),
    "inverse_sqrt": ({}, inverse_sqrt(10)),
    "onecycle": (
        {"unit": "steps"},
        lambda o: torch_schedules.OneCycleLR(o, max_lr=HALF, total_steps=200, cycle_momentum=False),
    ),
    "plateau": (
        PLATEAU,
        lambda o: torch_schedules.ReduceLROnPlateau(
            o, factor=0.5, patience=2, threshold=0.02, cooldown=1, min_lr=0.01 * HALF, eps=0.0
        ),
    ),
}


def case(name: str, scaling: str, reference: int) -> Case:
    """24/48 is half, and so is the root of 24/96."""
    keys, main = SCHEDULES[name]
    keys = keys | {"batch_scaling": scaling, "reference_batch": reference}
    settings = {"scheduler": name} | {f"scheduler.{key}": value for key, value in keys.items()}
    schedule = Schedule(main, keys.get("unit", "epochs"), reactive=name == "plateau", scale=0.5)
    return Case(f"{name}_batch_scaling_{scaling}", settings, schedule=schedule)


CASES = [
    *(case(name, "sqrt", 96) for name in SCHEDULES),
    case("constant", "linear", 48),
    case("cosine", "linear", 48),
    Case(
        "constant_default_reference",
        {"scheduler.batch_scaling": "linear", "trainer.batch_size": 30},
        schedule=Schedule(constant, scale=30 / 32),
    ),
]
