"""What executors tell of the works they carry out, as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from runner.errors import RunnerError
from runner.execution.work import Work
from runner.training.outcome import Outcome


@dataclass(frozen=True)
class Given:
    """A worker has been given a work; `waiting` more wait for one."""

    worker: int
    work: Work
    waiting: int


@dataclass(frozen=True)
class Begun:
    """The networks of a work are there, each of so many parameters; the epoch that the furthest continues from."""

    worker: int
    parameters: int
    epoch: int | None  # None: all begin


class Leading(NamedTuple):
    """The first run of those in training, after an epoch."""

    metrics: dict[str, Any]
    best: tuple[str, float, float] | None  # monitored metric, its best value, the epoch of that
    second: tuple[int, int] | None = None  # of a second phase the epochs that it has made, and may make


@dataclass(frozen=True)
class Progressed:
    """What a worker has in training now: run -> (epoch, best monitored value or None)."""

    worker: int
    rows: dict[int, tuple[int, float | None]]
    leading: Leading | None = None


@dataclass(frozen=True)
class Ended:
    """A run has ended."""

    run: int
    outcome: Outcome


@dataclass(frozen=True)
class Paused:
    """A run has come to where its work has it pause (`Work.until`); its state is in its folder."""

    run: int
    epoch: int


@dataclass(frozen=True)
class Done:
    """A work has ended in an orderly way; interrupted ones have their state in the checkpoint."""

    work: Work
    interrupted: bool = False


@dataclass(frozen=True)
class Broken:
    """A work ended with an exception, or its worker died. `problem`: what a user can mend, such as a full disk;
    `ran_out`: the device had not enough memory.
    """

    work: Work
    error: str
    traceback: str
    died: bool = False
    problem: RunnerError | None = None
    ran_out: bool = False


@dataclass(frozen=True)
class Said:
    """What takes a while before anything trains."""

    text: str


Event = Given | Begun | Progressed | Ended | Paused | Done | Broken | Said
