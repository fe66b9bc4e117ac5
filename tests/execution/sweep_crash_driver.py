"""Trains a small sweep in forked children, of which the parent or a worker kills itself at the n-th thing it does to
the disk; then resumes it until it is whole.

A program of its own, as `crash_driver`: {"folder", "jobs"} as JSON on standard input, where a job is [role, share of
the points of that role in a whole sweep], and "every" one job at each point; folder/result.json holds {"points": {role:
n}, "code", "jobs": [{"role", "point", "killed", "codes"}]}. folder/whole is what a sweep without kills leaves behind,
folder/<i> job i.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import signal
import struct
import sys
import traceback
from pathlib import Path
from typing import Any

import crash_driver

ROLES = ("parent", "worker")
WORDS = [
    "seed=0,1", "optimizer=sgd,adam,adamw", "regularizer.dropout=0.2", "dataset.train_size=60", "model.hidden=[4]",
    "trainer.epochs=3", "trainer.checkpoint_seconds=4", "trainer.progress=false",
    "hydra.launcher.workers=1", "hydra.launcher.max_members=3",
]  # fmt: skip


class Points(crash_driver.Points):
    """Counts for each role; the process in `role` dies before its point `fatal`, once in all."""

    def __init__(self, role: str, fatal: int | None):
        self.parent, self.role = os.getpid(), role
        self.counts = mmap.mmap(-1, 24)  # of the parent, of the worker, whether somebody has died; workers share it
        super().__init__(fatal)
        os.sync = self._wrapped(os.sync)

    def read(self, place: int) -> int:
        return struct.unpack_from("q", self.counts, 8 * place)[0]

    def reach(self) -> bool:
        place = int(os.getpid() != self.parent)
        struct.pack_into("q", self.counts, 8 * place, self.read(place) + 1)
        if ROLES[place] != self.role or self.read(place) != self.fatal or self.read(2):
            return False
        struct.pack_into("q", self.counts, 16, 1)
        return True


def go_on(folder: Path) -> int:
    """Resume what can be resumed, else start: what a user does after a crash."""
    from runner.cli import main
    from runner.execution import sweep
    from runner.training import loop

    loop.time, loop.FLUSH_SECONDS = crash_driver.Ticks(), 0
    sweep.WRITE_SECONDS = 0.0
    if (folder / "sweep.yaml").exists():
        return main(["resume", str(folder), "--workers", "1", "--max-members", "3"])
    return main(["-m", *WORDS, f"hydra.sweep.dir={folder}"])


def child(folder: Path, role: str, fatal: int | None) -> dict[str, Any]:
    """In a fork: its exit code (-9 killed) and the points of both roles."""
    shared = mmap.mmap(-1, 24)
    pid = os.fork()
    if pid == 0:
        code = 99
        log = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            points = Points(role, fatal)
            points.counts = shared
            code = go_on(folder)
        except BaseException:  # noqa: BLE001 a child of a fork must not run its parent's code
            traceback.print_exc()
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    code = -signal.SIGKILL if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    points = dict(zip(ROLES, struct.unpack_from("qq", shared), strict=True))
    return {"code": code, "points": points, "died": bool(struct.unpack_from("q", shared, 16)[0])}


def work(folder: Path, role: str, point: int) -> dict[str, Any]:
    """One job: killed once, then resumed."""
    killed = child(folder, role, point)
    codes = [killed["code"]]
    if killed["code"]:
        codes.append(child(folder, role, None)["code"])
    return {"role": role, "point": point, "killed": killed["died"], "codes": codes}


def main() -> None:
    request = json.load(sys.stdin)
    root = Path(request["folder"])
    go_on(root / "warm")  # imports everything, here, once
    whole = child(root / "whole", "parent", None)
    if request["jobs"] == "every":
        jobs = [(role, n) for role in ROLES for n in range(1, whole["points"][role] + 1)]
    else:
        jobs = [(role, 1 + round(share * (whole["points"][role] - 1))) for role, share in request["jobs"]]
    done = [work(root / str(i), role, point) for i, (role, point) in enumerate(jobs)]
    result = {"points": whole["points"], "code": whole["code"], "jobs": done}
    (root / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
