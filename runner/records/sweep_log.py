"""sweep.log: what happened to a sweep and when, in time-stamped lines. The parent process alone writes it."""

from __future__ import annotations

import time
from pathlib import Path

from runner.records import disk
from runner.records.sweep_folder import LOG


class SweepLog:
    """Lines for the log in `root`, written on `flush`; a line that a kill cut short is taken off."""

    def __init__(self, root: Path):
        self.path = root / LOG
        self._size = disk.content(self.path).rfind(b"\n") + 1 if self.path.exists() else 0
        self.goes_on = self._size > 0  # there are lines of earlier
        self._pending: list[str] = []

    def add(self, line: str) -> None:
        """Note `line` with the time."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())
        self._pending.append(f"{stamp}  {' '.join(line.split())}\n")

    def flush(self) -> None:
        """Write what has been noted. Raises RunError (full disk, ...)."""
        if self._pending:
            data = "".join(self._pending).encode(errors="backslashreplace")
            self._size = disk.append(self.path, data, self._size)
            self._pending.clear()
