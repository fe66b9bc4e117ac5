"""The real command line in a process of its own: started, watched, killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PATIENCE = 120  # seconds; a busy machine must not fail a test


class Command:
    """A running `runner WORDS`; its output goes to a file, so that no pipe can fill up."""

    def __init__(self, words: list[str], cwd: Path):
        self.output = cwd / "output.txt"
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runner", *words], cwd=cwd, stdout=file, stderr=file, env=environment
            )

    def text(self) -> str:
        """What it has printed so far."""
        return self.output.read_text()

    def wait_for(self, condition) -> bool:
        """Wait until the condition holds; False if the process ends first."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < end, f"waited too long\n{self.text()}"
            time.sleep(0.002)
        return True

    def end(self) -> int:
        """Its exit code."""
        return self.process.wait(PATIENCE)


def epochs(folder: Path) -> int:
    """Epochs recorded in metrics.csv so far, epoch 0 included."""
    path = folder / "metrics.csv"
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0
