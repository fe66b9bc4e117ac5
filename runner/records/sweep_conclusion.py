"""What is said at the end of a sweep: how its runs ended, the best, those that failed and why, what to type next."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.records import pipe
from runner.records.console import shown_path
from runner.records.progress import duration, short
from runner.records.sweep_folder import DONE
from runner.records.sweep_state import label

SHOWN = 20  # failures shown at most
SECONDS: dict[Path, float] = {}  # how long the sweeps of this process have trained, by their folders


def conclude_sweep(outcomes: Sequence[Any], root: Path) -> None:
    """Say how the runs of a sweep ended and what to type next; on standard error those that failed."""
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    lines = [_counts(outcomes, root), *_best(outcomes), f"  {shown_path(root)}/results.csv"]
    lines += ["next:", *(f"  {command}" for command in next_commands(root, failed=bool(failed)))]
    if failed:
        pipe.write(sys.stderr, "\n".join(failures(failed)) + "\n")
    pipe.write(sys.stdout, "\n".join(lines) + "\n")


def failures(failed: Sequence[Any]) -> list[str]:
    """The table of runs that failed: folder and reason, and where the tracebacks are."""
    lines = [f"runner: {len(failed)} of the runs failed; tracebacks are in the train.log of each"]
    width = max(len(outcome.folder.name) for outcome in failed[:SHOWN])
    lines += [f"  {outcome.folder.name:{width}}  {outcome.reason}" for outcome in failed[:SHOWN]]
    return lines + ([f"  and {len(failed) - SHOWN} more: results.csv"] if len(failed) > SHOWN else [])


def next_commands(root: Path, *, failed: bool = False) -> list[str]:
    """The commands worth typing after a sweep."""
    from runner.commands import COMMANDS

    words = (["resume"] if failed else []) + ["report", "best", "dashboard"]
    return [f"runner {word} {shlex.quote(shown_path(root))}" for word in words if word in COMMANDS]


def _counts(outcomes: Sequence[Any], root: Path) -> str:
    counts = Counter(outcome.status.replace("_", " ") for outcome in outcomes)
    said = ", ".join(f"{count:,} {status}" for status, count in counts.most_common())
    took = f", in {duration(SECONDS[root])}" if root in SECONDS else ""
    return f"{len(outcomes):,} runs{took}: {said}"


def _best(outcomes: Sequence[Any]) -> list[str]:
    """The best run by the monitored metric, where all monitor the same."""
    from runner.training.settings import EarlyStopping

    ended = [outcome for outcome in outcomes if outcome.status in DONE and outcome.best is not None]
    monitors = {outcome.summary["monitor"] for outcome in ended}
    if len(monitors) != 1:
        return []
    monitor = monitors.pop()
    choose = max if EarlyStopping(monitor=monitor).maximize else min
    best = choose(ended, key=lambda outcome: outcome.best)
    test = "  ".join(f"test/{name} {short(value)}" for name, value in best.summary.get("test", {}).items() if value)
    return [f"  best {monitor} {short(best.best)}: {label(best.folder.name)}"] + ([f"    {test}"] if test else [])
