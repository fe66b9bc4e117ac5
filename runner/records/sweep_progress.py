"""A sweep on the screen: how far it is while it trains, and what came of it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.records import pipe
from runner.records.console import shown_path


@contextmanager
def display(sweep: Any) -> Iterator[Callable[[Any, Any], None]]:
    """Gives what `Sweep.watch` calls with (sweep, event)."""
    yield lambda sweep, event: None


def conclude_sweep(outcomes: Sequence[Any], root: Path) -> None:
    """How the runs of a sweep ended, and the table of those that failed."""
    counts = Counter(outcome.status for outcome in outcomes)
    said = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    pipe.write(sys.stdout, f"{len(outcomes)} runs: {said}\n  {shown_path(root)}/results.csv\n")
    for outcome in outcomes:
        if outcome.status == "failed":
            line = f"runner: {shown_path(outcome.folder)} failed: {outcome.reason}\n"
            pipe.write(sys.stderr, line)
