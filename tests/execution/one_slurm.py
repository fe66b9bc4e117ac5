"""A Slurm of one node for tests, and who of a sweep on it can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "engines" / "one_node_slurm.sh"
SECONDS = 60  # that anything on a busy machine may take


class OneSlurm:
    """It is there from `start` to `stop`; this process and those that it starts speak to it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self) -> None:
        """Fails with what Slurm says if it does not come up."""
        self._script("start")
        os.environ["SLURM_CONF"] = str(self.folder / "slurm.conf")

    def stop(self) -> None:
        """End its daemons."""
        asked("scancel", "--me")
        os.environ.pop("SLURM_CONF", None)
        self._script("stop")

    def _script(self, what: str) -> None:
        done = subprocess.run(["bash", SCRIPT, what, self.folder], capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr


def asked(*words: str) -> str:
    """What a command of Slurm answers."""
    return subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False).stdout


def states() -> dict[str, str]:
    """Every task that Slurm knows, and its state."""
    lines = asked("squeue", "--noheader", "--array", "--states=all", "--format=%F_%K %T").splitlines()
    return dict(line.split() for line in lines)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def processes(root: Path) -> list[int]:
    """Those of tasks of the sweep in `root`, be it under Slurm or under submitit, and of their workers."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"submitit.core._submit" in words and str(root).encode() in b" ".join(words):
            found.append(int(path.parent.name))
    return sorted(found)


def controllers(root: Path) -> list[int]:
    """submitit's processes that wait for tasks on this machine."""
    lines = asked("pgrep", "-f", f"submitit.local._local {root}").split()
    return [int(line) for line in lines]


def kill(*pids: int) -> None:
    """At once, whoever of them is there."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
