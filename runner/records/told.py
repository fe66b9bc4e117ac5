"""How far something has come, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from runner.records import pipe
from runner.records.progress import LINE_SECONDS

Tell = Callable[[int, int, str], None]  # is told how many are done, of how many, and what they are


class Told:
    """A line every two seconds: 3/10 of what."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, done: int, total: int, what: str) -> None:
        now = time.monotonic()
        if now - self.last >= LINE_SECONDS:
            self.last = now
            pipe.write(sys.stderr, f"{done:,}/{total:,} {what}\n")
