"""Trains scenarios in forked children, of which the parent or a worker kills itself with SIGKILL at the n-th thing it
does to the disk; then resumes them until they are whole.

Run in a fork of `fork_server`, so that children are forked from a process that has everything imported and no threads:
requests as JSON in the first file named on the command line, results as JSON in the second.

A request is {"scenario", "csv", "folder", "jobs"}: folder/whole is what a start without kills leaves behind, folder/<i>
what job i does. A job is [role, kill, ...]: for each kill a child starts or resumes the runs and somebody dies; a last
child goes on to the end. The first kill is a share of the points of that role in a whole start (0 the first, 1 the
last), others are counts; the jobs "every" are one kill at each point of each role. A result is {"points": {role: n},
"jobs": [{"kills", "killed", "codes"}]}.
"""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
import os
import signal
import struct
import sys
import traceback
from pathlib import Path
from typing import Any

ROLES = ("parent", "worker")
CHANGES = ("fsync", "sync", "replace", "rename", "ftruncate", "truncate", "mkdir", "unlink", "rmdir")
CREATED = os.O_CREAT | os.O_TRUNC


class Points:
    """Counts what parent and workers do to the disk; the process in `role` dies before its point `fatal`, once in all.

    A write has two points: nothing and half written.
    """

    def __init__(self, counts: mmap.mmap, role: str, fatal: int | None):
        self.parent, self.role, self.fatal = os.getpid(), role, fatal
        self.counts = counts  # of the parent, of the workers, whether somebody has died; all processes share it
        for name in CHANGES:
            setattr(os, name, self._wrapped(getattr(os, name)))
        self._open, self._write = os.open, os.write
        os.open, os.write = self.open, self.write

    def read(self, place: int) -> int:
        return struct.unpack_from("q", self.counts, 8 * place)[0]

    def reach(self) -> bool:
        place = int(os.getpid() != self.parent)
        struct.pack_into("q", self.counts, 8 * place, self.read(place) + 1)
        if ROLES[place] != self.role or self.read(place) != self.fatal or self.read(2):
            return False
        struct.pack_into("q", self.counts, 16, 1)
        return True

    def _wrapped(self, function):
        def call(*args, **kwargs):
            if self.reach():
                die()
            return function(*args, **kwargs)

        return call

    def open(self, path, flags, *args, **kwargs):
        if flags & CREATED and self.reach():
            die()
        return self._open(path, flags, *args, **kwargs)

    def write(self, fd, data):
        if self.reach():
            die()
        if self.reach():
            self._write(fd, bytes(data)[: len(data) // 2])
            die()
        return self._write(fd, data)


class Ticks:
    """A clock for the training loop that goes one second a look, so that checkpoints always come at the same epochs."""

    def __init__(self):
        self.now = 0

    def monotonic(self) -> int:
        self.now += 1
        return self.now


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def go_on(scenario: str, csv: Path, folder: Path) -> int:
    """Resume what can be resumed, else start: what a user does after a crash; the exit code."""
    import crash_scenarios

    from runner.execution import session
    from runner.training import loop

    loop.time, loop.FLUSH_SECONDS, session.WRITE_SECONDS = Ticks(), 0, 0.0
    return crash_scenarios.go_on(scenario, csv, folder)


def child(scenario: str, csv: Path, folder: Path, role: str, fatal: int | None) -> dict[str, Any]:
    """In a fork: its exit code (-9 killed), the points of both roles, whether somebody died."""
    shared = mmap.mmap(-1, 24)
    pid = os.fork()
    if pid == 0:
        code = 99
        log = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            Points(shared, role, fatal)
            code = go_on(scenario, csv, folder)
        except BaseException:  # noqa: BLE001 a child of a fork must not run its parent's code
            traceback.print_exc()
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    code = -signal.SIGKILL if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    parent, worker, died = struct.unpack_from("qqq", shared)
    return {"code": code, "points": {"parent": parent, "worker": worker}, "died": bool(died)}


def answer(scenario: str, csv: str, folder: str, jobs: list[list[Any]] | str) -> dict[str, Any]:
    """The result of one request."""
    where = Path(csv), Path(folder)
    where[1].mkdir()
    whole = child(scenario, where[0], where[1] / "whole", "parent", None)
    points = whole["points"]
    if jobs == "every":
        kills = [[role, n] for role in ROLES for n in range(1, points[role] + 1)]
    else:
        kills = [[role, 1 + round(first * (points[role] - 1)), *map(int, rest)] for role, first, *rest in jobs]
    done = [work(scenario, where[0], where[1] / str(i), kill) for i, kill in enumerate(kills)]
    return {"points": points, "code": whole["code"], "jobs": done}


def work(scenario: str, csv: Path, folder: Path, kills: list[Any]) -> dict[str, Any]:
    """One job."""
    role, *counts = kills
    steps = [child(scenario, csv, folder, role, n) for n in [*counts, None]]
    return {
        "kills": kills,
        "killed": [step["died"] for step in steps[:-1]],
        "codes": [step["code"] for step in steps],
    }


def main() -> None:
    asked, results = map(Path, sys.argv[1:])
    requests = json.loads(asked.read_text())
    for scenario in dict.fromkeys(request["scenario"] for request in requests):  # what these import, here, once
        go_on(scenario, Path(requests[0]["csv"]), results.with_name(f"warm {scenario}"))
    gc.freeze()
    results.write_text(json.dumps([answer(**request) for request in requests]))


if __name__ == "__main__":
    main()
