"""Trains scenarios in forked children that kill themselves with SIGKILL at the n-th thing they do to the disk.

A program of its own, so that children are forked from a process that has everything imported and no threads:
requests as JSON on standard input, results as JSON on standard output.

A request is {"scenario", "csv", "folder", "jobs"}: folder/whole is what a run without kills leaves behind, folder/<i>
what job i does. A job is a list of kills: for each a child starts or resumes the runs and dies; a last child goes on to
the end. The first kill is a share of the points of a whole run (0 the first, 1 the last), others are counts; the jobs
"every" are one kill at each point. A result is {"points", "jobs": [{"kills", "killed", "error"}]}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path

CHANGES = ("fsync", "replace", "rename", "ftruncate", "truncate", "mkdir", "unlink", "rmdir")
CREATED = os.O_CREAT | os.O_TRUNC


class Points:
    """Counts what is done to the disk; dies before point `fatal`. A write has two points: nothing and half written."""

    def __init__(self, fatal: int | None):
        self.fatal, self.count = fatal, 0
        for name in CHANGES:
            setattr(os, name, self._wrapped(getattr(os, name)))
        self._open, self._write = os.open, os.write
        os.open, os.write = self.open, self.write

    def reach(self) -> bool:
        self.count += 1
        return self.count == self.fatal

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


def go_on(scenario: str, csv: Path, folder: Path) -> None:
    """Resume what can be resumed, else start: what a user does after a crash."""
    import crash_scenarios

    from runner.execution import session
    from runner.execution.stored import CONFIG
    from runner.execution.unfinished import LIST
    from runner.training import loop

    loop.time, loop.FLUSH_SECONDS = Ticks(), 0
    runs = {folder / name: settings for name, settings in crash_scenarios.runs(scenario, csv).items()}
    alone = list(runs) == [folder]
    if (folder / (CONFIG if alone else LIST)).exists():
        outcomes = session.resume(folder)
    elif not alone and all((run / "summary.json").exists() for run in runs):
        return  # killed at the very end, with everything done
    else:
        for run in runs:
            run.mkdir(exist_ok=True)
        outcomes = session.start([(settings, run) for run, settings in runs.items()])
    for outcome in outcomes:
        if outcome.status not in ("completed", "stopped_early"):
            raise RuntimeError(f"{outcome.folder}: {outcome.status}: {outcome.reason}\n{outcome.error}")


def child(scenario: str, csv: Path, folder: Path, fatal: int | None) -> dict:
    """Run in a fork; {"killed", "points", "error"}."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        found = {"points": 0, "error": None}
        write = os.write
        try:
            points = Points(fatal)
            go_on(scenario, csv, folder)
            found["points"] = points.count
        except BaseException:  # noqa: BLE001 a child of a fork must not run its parent's code
            found["error"] = traceback.format_exc()
        write(writing, json.dumps(found).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"killed": killed, **(json.loads(text) if text else {"points": 0, "error": None})}


def answer(scenario: str, csv: str, folder: str, jobs: list[list[float]] | str) -> dict:
    """The result of one request."""
    whole = work(scenario, Path(csv), Path(folder) / "whole", [])
    points = whole["points"]
    if jobs == "every":
        kills = [[n] for n in range(1, points + 1)]
    else:
        kills = [[1 + round(first * (points - 1)), *map(int, others)] for first, *others in jobs]
    done = [work(scenario, Path(csv), Path(folder) / str(i), kill) for i, kill in enumerate(kills)]
    return {"points": points, "jobs": done, "error": whole["error"]}


def work(scenario: str, csv: Path, folder: Path, kills: list[int]) -> dict:
    """One job."""
    folder.mkdir(parents=True)
    steps = [child(scenario, csv, folder, n) for n in [*kills, None]]
    errors = [step["error"] for step in steps if step["error"]]
    return {
        "kills": kills,
        "killed": [step["killed"] for step in steps[:-1]],
        "points": steps[-1]["points"],
        "error": errors[0] if errors else None,
    }


def main() -> None:
    requests = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as warm:  # imports everything, here, once
        go_on(requests[0]["scenario"], Path(requests[0]["csv"]), Path(warm))
    json.dump([answer(**request) for request in requests], sys.stdout)


if __name__ == "__main__":
    main()
