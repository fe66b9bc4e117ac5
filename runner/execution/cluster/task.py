"""What a process of a cluster's task does: it trains its part of a sweep and leaves everything in the sweep's folder.

It reads the list of runs and the data by path, holds a lock on its part, and trains with the same workers as a sweep on
one machine. results.csv is the launcher's alone.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config.choices import load_plugins
from runner.errors import ConfigError, RunError, RunnerError
from runner.execution.cluster import handed
from runner.execution.cluster.handed import BEGUN, Ended, Part
from runner.execution.cluster.part_session import PartSession
from runner.execution.lock import lock
from runner.execution.options import Options
from runner.plan.read_data import data_of
from runner.records import disk
from runner.records.names import plural
from runner.records.run_folder import TASKS

WAIT_SECONDS = 60.0  # for the launcher to note which task this is, and for a process of the same part to be gone


@dataclass(frozen=True)
class Task:
    """A task of submission `number` of the sweep in `root`: submitit pickles it, calls it, and has it called again in a
    new process when the task was queued again.
    """

    root: str
    number: int
    index: int  # in the array
    ranks: int = 1

    def checkpoint(self) -> Any:
        """What submitit queues again: the same, as all that has been done stands in the folder."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def __call__(self) -> None:
        """Train. RunError if the part was not trained to its end, so that the task counts as failed."""
        part = self.index * self.ranks + (_environment().global_rank if self.ranks > 1 else 0)
        folder = Path(self.root) / TASKS / f"{self.number:03d}"
        if not Path(self.root).is_dir():
            raise RunError(
                f"{self.root} is not there on {os.uname().nodename}: the folder of a sweep must be one that all nodes "
                "share; choose it with hydra.sweep.dir=FOLDER"
            )
        self._await_notice(folder, part)
        with _signals() as asked, _hold(handed.part_path(folder, part)):
            if ended := _carried_out(Path(self.root), folder, part, asked):
                handed.write_ended(folder, part, ended)
                _tell_truth(ended)
        if asked:
            raise RunError("told to end; everything is saved")

    def _await_notice(self, folder: Path, part: int) -> None:
        """RunError unless the launcher has noted that this task is its own."""
        job, until = _environment().job_id, time.monotonic() + WAIT_SECONDS
        while (found := handed.read_submission(folder)) is None and folder.is_dir() and time.monotonic() < until:
            time.sleep(0.1)
        if found is None or found.job(part) != job:
            raise RunError(f"job {job}: its launcher ended before it noted this task, whose runs are handed out anew")


def _environment() -> Any:
    import submitit

    return submitit.JobEnvironment()


def _carried_out(root: Path, folder: Path, number: int, asked: list[int]) -> Ended | None:
    """Train a part; how it ended, None if that is not the end of it: it was told to save, and may be called again."""
    try:
        part = handed.read_part(folder, number)
        again = handed.part_path(folder, number).with_suffix(BEGUN).exists()
        disk.replace(handed.part_path(folder, number).with_suffix(BEGUN), os.uname().nodename.encode())
        session = _session(root, int(folder.name), number, part)
        session.carry_out(part, lambda: bool(asked), again)
    except RunnerError as error:
        return Ended(problem=f"{os.uname().nodename}: {error}")
    except Exception as error:  # noqa: BLE001 the launcher is told of a defect, the log has the traceback
        traceback.print_exc()
        return Ended(problem=f"{os.uname().nodename}: unexpected error: {type(error).__name__}: {error}")
    if asked and session.left():
        return _queued_again(asked)
    failed = {session.name(i): (outcome.reason, outcome.error or "") for i, outcome in session.failures()}
    return Ended(failed, session.paused_now())


def _session(root: Path, submission: int, number: int, part: Part) -> PartSession:
    from runner.execution import run_list
    from runner.execution.same_data import known_data

    load_plugins()
    runs, known = run_list.load_lines(root, part.lines)
    options = Options(workers=part.workers, max_members=part.max_members, keep_going=part.keep_going)
    session = PartSession(root, runs, data_of([run.settings for run in runs]), options)
    session.submission, session.part = submission, number
    known_data(session, known)
    return session


def _queued_again(asked: list[int]) -> Ended | None:
    """Hand over to submitit, which queues the task again and ends this process, after its signal of a time limit."""
    handler: Any = _handlers.get(_preempting())
    if _preempting() not in asked or not callable(handler):
        return None
    try:
        handler(_preempting(), None)
    except RuntimeError as error:  # submitit's: too many times
        print(error, flush=True)
        return Ended(late=True)
    return None


_handlers: dict[int, Any] = {}  # signal -> what submitit would do about it at once


def _preempting() -> int:
    """The signal that a task gets some time before its limit."""
    return int(getattr(signal, f"SIG{_environment().USR_SIG}"))


@contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals that ask this process to save: before the time limit, and when it is cancelled or preempted. What
    submitit would do about them at once is done when all is saved.
    """
    asked: list[int] = []
    for number in (_preempting(), signal.SIGTERM):
        _handlers[number] = signal.signal(number, lambda number, _frame: asked.append(number))
    try:
        yield asked
    finally:
        for number, handler in _handlers.items():
            signal.signal(number, handler)


@contextmanager
def _hold(path: Path) -> Iterator[None]:
    """Hold the part, as soon as a process that is about to end has let go of it."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        held = lock(path)
        try:
            held.__enter__()
            break
        except ConfigError:
            if time.monotonic() > until:
                raise
        time.sleep(0.2)
    try:
        yield
    finally:
        held.__exit__(None, None, None)


def _tell_truth(ended: Ended) -> None:
    """RunError, so that the exit code is not 0, unless every run was trained to its end."""
    if ended.problem:
        raise RunError(ended.problem)
    if ended.late:
        raise RunError("out of time too many times; everything is saved")
    if ended.failed:
        reasons = "; ".join(f"{name}: {reason}" for name, (reason, _) in ended.failed.items())
        raise RunError(f"{plural(len(ended.failed), 'run')} failed: {reasons}")
