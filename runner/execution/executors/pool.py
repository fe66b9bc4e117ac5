"""Worker processes: one work each at a time, thread by thread one a core; they die with their parent.

Where the platform can, workers are forked after the data have been read and kernels compiled, so they start at once and
share both. The parent computes nothing itself. A worker is told to stop by SIGTERM and saves a checkpoint; one
that dies is replaced, and its work is reported as broken.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from runner.data.prepare import RunData
from runner.errors import ConfigError
from runner.execution.carry_out import carry_out
from runner.execution.events import Event
from runner.execution.executors.crew import POLL_SECONDS, TELL_SECONDS, Crew, Died, Told, Worker
from runner.execution.work import Run, Work, on_gpu
from runner.records import disk

ASKING = {signal.SIGINT, signal.SIGTERM}
UNGUARDED = 77  # exit code of a worker that was asked to start workers while it imported its program


class Pool(Crew["_Process"]):
    """Carries out works in processes."""

    what = "worker process"

    def __init__(self, runs: Sequence[Run], data: Sequence[RunData], workers: int):
        super().__init__(runs, data, workers)
        program = getattr(sys.modules["__main__"], "__file__", None)
        if program and start_method(runs) == "spawn" and not os.path.exists(program):
            raise _not_imported(workers, f"which is no file ({os.path.basename(program)}); save it as one")

    def _start(self, number: int) -> _Process:
        return _Process(number, self)

    def _with_news(self) -> list[_Process]:
        busy = self._busy()
        ready = wait([member.connection for member in busy], POLL_SECONDS)
        return [member for member in busy if member.connection in ready]

    def _dismiss(self) -> None:
        for member in self.members:
            member.process.kill()
        super()._dismiss()


def _not_imported(workers: int, why: str) -> ConfigError:
    return ConfigError(f"workers = {workers}: each of them imports the program, {why}, or leave workers at 1")


def check_may_start(workers: int) -> None:
    """ConfigError in a process that may start no others, being one of them itself. One that a program of ours started,
    and that now imports this program, ends in a way that tells why.
    """
    process: Any = multiprocessing.current_process()
    if getattr(process, "_inheriting", False):
        os._exit(UNGUARDED)
    if process.daemon:
        raise ConfigError(f"workers = {workers}: this process is itself a worker and may start none; leave it at 1")


def start_method(runs: Sequence[Run]) -> str:
    """How workers are started: forked where that works, which is not on a GPU that the parent may have looked at."""
    return "fork" if sys.platform == "linux" and not on_gpu([run.settings for run in runs]) else "spawn"


class _Process(Worker):
    """One process and the pipe to it."""

    def __init__(self, number: int, pool: Pool):
        super().__init__(number)
        self.of = pool.size
        how = start_method(pool.runs)
        context: Any = multiprocessing.get_context(how)
        self.connection, theirs = context.Pipe()
        inherited = [*(other.connection for other in pool.members), self.connection] if how == "fork" else []
        arguments = (number, theirs, inherited, pool.runs, pool.data, os.getpid())
        self.process = context.Process(target=_serve, args=arguments, name=f"runner-{number}", daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKING)  # until the worker knows what to do about them
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def give(self, work: Work) -> bool:
        try:
            self.connection.send(work)
        except OSError:
            return False
        self.work = work
        return True

    def stop(self) -> None:
        self.process.terminate()

    def told(self) -> list[Event]:
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.end()
        code = self.process.exitcode or 0
        if code == UNGUARDED:
            why = 'which then asks for workers itself; put what it does below `if __name__ == "__main__":`'
            raise _not_imported(self.of, why)
        raise Died(signal.Signals(-code).name if code < 0 else f"exit code {code}")

    def end(self) -> None:
        self.process.join(1.0)  # it may be dying
        if self.process.exitcode is None:
            self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(
    number: int,
    connection: Connection,
    inherited: Sequence[Connection],
    runs: Sequence[Run],
    data: Sequence[RunData],
    parent: int,
) -> None:
    """A worker's life: carry out what comes until the parent is gone, or until it has been told to stop."""
    asked = _obey(parent)
    for other in inherited:  # the parent's ends of all pipes
        other.close()
    disk.grouped()
    told = Told(connection.send, asked)
    while not asked[0]:
        try:
            work = connection.recv()
        except EOFError:
            return
        how: dict[str, Any] = {"tell": told.events.append, "asked_to_stop": told.asked_to_stop, "every": TELL_SECONDS}
        told.events.append(carry_out(number, work, runs, data, **how))
        told.send()


def _obey(parent: int) -> list[bool]:
    """SIGTERM means save and stop, Ctrl-C and a time limit are the parent's business, and the parent's death is ours;
    [asked to stop].
    """
    asked = [False]

    def stop(_number, _frame):
        asked[0] = True

    signal.signal(signal.SIGTERM, stop)
    for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):  # of a cluster, which asks all processes of a task
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKING)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before that
            os.kill(os.getpid(), signal.SIGKILL)
    return asked
