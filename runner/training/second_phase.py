"""What follows early stopping with `early_stopping.then`: training on, or anew, on training and validation rows.

Goodfellow, Bengio & Courville 2016, section 7.8, algorithms 7.2 (retrain) and 7.3 (continue).
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np

from runner.config.settings import Settings
from runner.population.arrays import Values, as_array
from runner.records.progress import epochs
from runner.training.settings import NO_CURRICULUM
from runner.training.trial import Trial

RETRAIN = "retrain"
REACHED, CAPPED, BELOW = "reached", "capped", "already below"  # how it ends


@dataclass
class SecondPhase(Trial):
    """The second phase of a run, in the folder of the first, whose counts of epochs and steps go on.

    `first` is what a checkpoint keeps of the first phase: its `summary`; the `epochs` and `steps` that it made, at
    `steps_an_epoch`; `begins`, the step whose weights the second begins with; `goal`, the steps that it makes
    (retrain); `level`, the loss on training rows that val/loss is to reach (continue).
    """

    phase: ClassVar[int] = 2
    first: dict[str, Any] = field(default_factory=dict)
    end: str = ""  # REACHED, CAPPED or BELOW

    @property
    def policy(self) -> str:
        """retrain or continue."""
        return self.settings.early_stopping.then

    @property
    def retrains(self) -> bool:
        """Whether it begins anew."""
        return self.policy == RETRAIN

    @property
    def cap(self) -> int:
        """The most epochs that it makes."""
        if self.retrains:
            return math.ceil(self.first["goal"] / self.first["steps_an_epoch"])
        return self.settings.early_stopping.then_cap or self.settings.trainer.epochs

    @cached_property
    def training(self) -> Settings:
        """The settings, of a training of `cap` epochs whose steps have the rates of the first phase's."""
        first, planned = self.first, self.settings.trainer.epochs
        scheduler = continued(self.settings.scheduler, first["begins"], first["steps_an_epoch"], planned)
        trainer = dataclasses.replace(self.settings.trainer, epochs=self.cap)
        if not self.retrains:
            trainer = dataclasses.replace(trainer, curriculum=NO_CURRICULUM)
        return dataclasses.replace(self.settings, scheduler=scheduler, trainer=trainer)

    @property
    def begun(self) -> bool:
        """Whether it has made an epoch that a checkpoint knows of."""
        return self.made > 0

    @property
    def counts_from(self) -> int:
        """The steps of the first phase."""
        return self.first["steps"]

    @property
    def keeps_last(self) -> bool:
        """Every evaluation is the best so far."""
        return False

    @property
    def goes_on(self) -> bool:
        """Nothing follows."""
        return False

    @property
    def kept(self) -> dict[str, Any]:
        """Metrics of its last evaluation whose losses were numbers."""
        return self.best

    @property
    def steps(self) -> int:
        """The steps that it has made."""
        return int(self.last["step"]) - self.first["steps"]

    @property
    def progress(self) -> tuple[int, int]:
        """The epochs that it has made, the last one perhaps not to its end, and those that it may make."""
        return math.ceil(self.last["epoch"] - self.first["epochs"]), self.cap

    def evaluations(self, made: int, steps: int) -> Sequence[int]:
        """As in the first phase, with its own end."""
        every, left = self.settings.early_stopping.every, self.first["goal"] - made
        end = left if self.retrains else self.cap * steps - made
        found = [steps] if every is None else list(range(every - made % every, steps + 1, every))
        return [*(at for at in found if at < end), *([end] if end <= steps else [])]

    def record(self, epoch: float, row: dict[str, Any]) -> bool:
        """As in the first phase, whose epochs and steps are counted on."""
        return super().record(self.first["epochs"] + epoch, row | {"step": self.first["steps"] + row["step"]})

    def _best(self, epoch: float, value: float | None) -> bool:
        return True

    def _decide(self, epoch: float, gradient: float | None) -> None:
        made = epoch - self.first["epochs"]
        if self.retrains:
            self.ended(REACHED if self.steps >= self.first["goal"] else "")
        elif self.last["val/loss"] <= self.first["level"]:
            self.ended(REACHED)
        else:
            self.ended(CAPPED if made >= self.cap else "")

    def ended(self, end: str) -> None:
        """Take note of how it ended; "" if it has not."""
        if end:
            self.end, self.status = end, self.first["summary"]["status"]
            self.reason = f"{self.first['summary']['reason']}; {self.words()}"

    def words(self) -> str:
        """What it came to."""
        on = f" on {len(self.data.train):,} rows, validation included"
        if self.retrains:
            return f"trained anew for {self.first['goal']:,} steps{on}"
        level, at = f"{self.first['level']:.6g}", f"{self.best['val/loss']:.6g}"
        if self.end == BELOW:
            return f"did not continue: val/loss = {at} is at most train/loss = {level} already"
        went = f"continued for {self.steps:,} steps{on}"
        if self.end == REACHED:
            return f"{went}: val/loss = {at} reached {level}"
        return f"{went}: val/loss = {at} did not reach {level} in {epochs(self.cap)} (early_stopping.then_cap)"

    def state(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return super().state() | {"first": self.first}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        super().load_state(state)
        self.first = state["first"]


def second_phase(trial: Trial, summary: dict[str, Any], steps: int, kept: Mapping[str, Values]) -> SecondPhase:
    """The second phase of a run whose first has ended, with this summary, at so many steps an epoch, and these kept
    weights and statistics. It has ended already where there is nothing to be done.
    """
    last, retrains = trial.last, trial.settings.early_stopping.then == RETRAIN
    first = {
        "summary": summary,
        "epochs": last["epoch"],
        "steps": last["step"],
        "steps_an_epoch": steps,
        "begins": 0 if retrains else trial.kept["step"],
        "goal": trial.best["step"],
        "level": trial.kept["train/loss"],
    }
    found = SecondPhase(
        trial.settings,
        trial.data.with_validation,
        trial.files,
        trial.detailed,
        trial.pictured,
        stopping=trial.stopping,
        plateau={} if retrains else trial.plateau,
        best=trial.best if retrains else trial.kept,
        last=last,
        seconds=trial.seconds,
        changed=trial.changed,
        said=trial.said,
        first=first,
        start=None if retrains else {name: as_array(array) for name, array in kept.items()},
    )
    if retrains:
        found.ended("" if first["goal"] else REACHED)
    else:
        found.ended(BELOW if trial.kept["val/loss"] <= first["level"] else "")
    return found


def with_held(tensors: Mapping[str, Values], held: Sequence[SecondPhase]) -> Mapping[str, Values]:
    """The tensors [M, ...] of a checkpoint with a row for each second phase that waits: what it begins with, else 0."""
    if not held:
        return tensors
    found = {}
    for name, tensor in tensors.items():
        array, which = as_array(tensor), name.removeprefix("best.")
        more = np.zeros((len(held), *array.shape[1:]), array.dtype)
        for row, trial in enumerate(held):
            if trial.start and which in trial.start:
                more[row] = trial.start[which]
        found[name] = np.concatenate([array, more])
    return found


def continued(schedule: Any, begins: int, steps: int, epochs: int) -> Any:
    """The schedule of a second phase: its steps have the rates of those of the first, planned for so many epochs of so
    many steps, from step `begins` on; beyond its last, the last rate.
    """
    found = copy.copy(schedule)
    vars(found)["factors"] = partial(_factors, schedule, begins, steps, epochs)
    return found


def _factors(schedule: Any, begins: int, first_steps: int, first_epochs: int, epoch: int, steps: int, _, many: int = 1):
    """Multipliers [many * steps] as `Schedule.factors` gives them."""
    at = np.minimum(begins + epoch * steps + np.arange(many * steps), first_epochs * first_steps - 1)
    first, last = int(at[0]) // first_steps, int(at[-1]) // first_steps
    return schedule.factors(first, first_steps, first_epochs, last - first + 1)[at - first * first_steps]
