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
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from runner.data.prepare import RunData
from runner.errors import ConfigError
from runner.execution.carry_out import carry_out
from runner.execution.events import Broken, Done, Event, Given
from runner.execution.work import Run, Work, on_gpu
from runner.records import disk

TELL_SECONDS = 0.25  # between two reports of a worker about runs in training
POLL_SECONDS = 0.2  # how soon the parent looks for signals and for dead workers
ASKING = {signal.SIGINT, signal.SIGTERM}
UNGUARDED = 77  # exit code of a worker that was asked to start workers while it imported its program


class Pool:
    """Carries out works in `workers` processes."""

    def __init__(self, runs: Sequence[Run], data: Sequence[RunData], workers: int):
        self.runs, self.data, self.size = runs, data, workers
        program = getattr(sys.modules["__main__"], "__file__", None)
        if program and start_method(runs) == "spawn" and not os.path.exists(program):
            raise _not_imported(workers, f"which is no file ({os.path.basename(program)}); save it as one")
        self.members: list[_Worker] = []

    def run(self, waiting: list[Work], hear: Callable[[Event | None], None], stopping: Callable[[], bool]) -> None:
        """Carry out what waits, and tell what happens, as it happens, until nothing is under way; None when nothing
        has for a while, so that `hear` can look. Workers that are to stop save before they end. None is left.
        """
        try:
            told_to_stop = False
            while (waiting and not stopping()) or self._busy():
                if stopping() and not told_to_stop:
                    told_to_stop = True
                    for member in self._busy():
                        member.process.terminate()
                self._hand_out(waiting, hear, stopping)
                ready = wait([member.connection for member in self._busy()], POLL_SECONDS)
                for member in self._busy():
                    if member.work and member.connection in ready:
                        for event in self._told(member, member.work):
                            hear(event)
                if not ready:
                    hear(None)
        finally:
            for member in self.members:
                member.process.kill()
            for member in self.members:
                member.end()

    def _busy(self) -> list[_Worker]:
        return [member for member in self.members if member.work]

    def _hand_out(
        self, waiting: list[Work], hear: Callable[[Event | None], None], stopping: Callable[[], bool]
    ) -> None:
        while waiting and not stopping():
            free = next((member for member in self.members if not member.work), None)
            if free is None and len(self.members) < self.size:
                number = min(set(range(self.size)) - {member.number for member in self.members})
                free = _Worker(number, self.runs, self.data, [member.connection for member in self.members])
                self.members.append(free)
            if free is None:
                return
            if free.give(waiting[0]):
                hear(Given(free.number, waiting.pop(0), len(waiting)))
            else:  # it has died since its last work
                self.members.remove(free)
                free.end()

    def _told(self, member: _Worker, work: Work) -> list[Event]:
        """What a worker says next, or that it has died."""
        try:
            events = member.connection.recv()
        except (EOFError, OSError):
            self.members.remove(member)
            how = member.end()
            if member.process.exitcode == UNGUARDED:
                why = 'which then asks for workers itself; put what it does below `if __name__ == "__main__":`'
                raise _not_imported(self.size, why) from None
            return [Broken(work, f"the worker process died ({how})", "", died=True)]
        if isinstance(events[-1], (Done, Broken)):
            member.work = None
        return events


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


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, number: int, runs: Sequence[Run], data: Sequence[RunData], others: Sequence[Connection]):
        how = start_method(runs)
        context: Any = multiprocessing.get_context(how)
        self.number = number
        self.connection, theirs = context.Pipe()
        inherited = [*others, self.connection] if how == "fork" else []
        arguments = (number, theirs, inherited, runs, data, os.getpid())
        self.process = context.Process(target=_serve, args=arguments, name=f"runner-{number}", daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKING)  # until the worker knows what to do about them
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self.work: Work | None = None

    def give(self, work: Work) -> bool:
        """Hand it a work; False if it is dead."""
        try:
            self.connection.send(work)
        except OSError:
            return False
        self.work = work
        return True

    def end(self) -> str:
        """Wait for a process that is dying, kill one that is not; how it ended, in words."""
        self.process.join(1.0)
        if self.process.exitcode is None:
            self.process.kill()
        self.process.join()
        self.connection.close()
        code = self.process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


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
    told = _Told(connection, asked)
    while not asked[0]:
        try:
            work = connection.recv()
        except EOFError:
            return
        how: dict[str, Any] = {"tell": told.events.append, "asked_to_stop": told.asked_to_stop, "every": TELL_SECONDS}
        told.events.append(carry_out(number, work, runs, data, **how))
        told.send()


class _Told:
    """What a worker has to tell, sent between two epochs: of many short runs that end together it speaks once."""

    def __init__(self, connection: Connection, asked: list[bool]):
        self.connection, self.asked = connection, asked
        self.events: list[Event] = []

    def asked_to_stop(self) -> bool:
        """Whether it has been asked to, which is looked at between two epochs."""
        self.send()
        return self.asked[0]

    def send(self) -> None:
        """Tell the parent."""
        if self.events:
            self.connection.send(self.events)
            self.events.clear()


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
