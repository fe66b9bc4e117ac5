"""What a command and the processes it starts hold while they run: memory, threads, open files (Linux)."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass
class Peak:
    """Largest values seen: memory in MB (proportional set sizes, summed), the others in any one process."""

    memory: float = 0.0
    processes: int = 0
    threads: int = 0
    files: int = 0

    def see(self, pids: list[int]) -> None:
        """Take in the present state; processes that end meanwhile count for nothing."""
        self.memory = max(self.memory, sum(_proportional_megabytes(pid) for pid in pids))
        self.processes = max(self.processes, len(pids))
        for pid in pids:
            self.threads = max(self.threads, _entries(pid, "task"))
            self.files = max(self.files, _entries(pid, "fd"))

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def watched(command: list[str], every: float = 0.1, **options) -> Peak:
    """Run `command` to its end and look at it every `every` seconds. Raises CalledProcessError if it fails."""
    peak = Peak()
    with subprocess.Popen(command, **options) as process:
        while process.poll() is None:
            peak.see(tree(process.pid))
            time.sleep(every)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def tree(root: int) -> list[int]:
    """A process and all its descendants."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            todo += map(int, _text(path).split())
    return found


def _proportional_megabytes(pid: int) -> float:
    lines = _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _entries(pid: int, folder: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/{folder}"))
    except OSError:  # it has ended
        return 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""
