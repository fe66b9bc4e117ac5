"""How much of a long search a test does, and what it says to have one seed repeated.

A share runs in every test run, the full count with `-m soak`. The environment says otherwise: SOAK_KILLS=300 is a
count, SOAK_KILLS=17:20 the seeds 17, 18 and 19.
"""

from __future__ import annotations

import os


def seeds(what: str, count: int) -> range:
    """The seeds to try: 0 to count - 1, or what SOAK_<what> says."""
    first, _, last = os.environ.get(f"SOAK_{what}", str(count)).rpartition(":")
    return range(int(first or 0), int(last))


def again(what: str, seed: int, test: str) -> str:
    """The command that repeats one seed."""
    return f"SOAK_{what}={seed}:{seed + 1} python -m pytest tests/execution/{test} -m soak -s"
