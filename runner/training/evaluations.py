"""When the rows of a population are evaluated, and the line of metrics.csv that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner.training.trial import Trial

OF_TRAINING = {"lr": None, "train/objective": None, "grad_norm": None}  # columns that epoch 0 leaves empty


def stretches(trials: Sequence[Trial], epochs: Sequence[int], steps: int) -> list[tuple[int, list[int]]]:
    """(the step at which it ends, the rows that are evaluated there) of each stretch of the coming epoch of `steps`;
    `epochs` are those that each row has made.
    """
    due: dict[int, list[int]] = {steps: []}
    for row, (trial, made) in enumerate(zip(trials, epochs, strict=True)):
        for at in trial.evaluations(made * steps, steps):
            due.setdefault(at, []).append(row)
    return sorted(due.items())


def epochs_of(step: int, steps: int) -> float:
    """How many epochs of `steps` so many steps are; a whole number where it is one."""
    return step / steps if step % steps else step // steps


def in_order(trial: Trial, step: int, values: dict[str, float]) -> dict[str, Any]:
    """The columns of metrics.csv; before training there is no objective and no gradient."""
    known = {"step": step, "phase": trial.phase, "seconds": round(trial.seconds, 4), **OF_TRAINING, **values}
    if "val/loss" in values:
        known["gap"] = values["val/loss"] - values["train/loss"]
    return {name: known[name] for name in trial.columns if name in known}
