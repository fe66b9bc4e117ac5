"""What is said when runs have ended: how, and what to type next; the exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.records.sweep_folder import DONE

if TYPE_CHECKING:
    from runner.records.command import Command
    from runner.training.outcome import Outcome


def conclude(outcomes: list[Outcome], command: Command | None) -> None:
    """Show how a run or its folds ended and what to type next, name those that failed.

    `command` trains the run again, if it is one.
    """
    from runner.records.console import closing_panel

    if len(outcomes) > 1:
        _conclude_folds(outcomes[0].folder.parent, outcomes)
    else:
        closing_panel(*outcomes, command=command)
    for outcome in outcomes:
        if outcome.status == "failed":
            print(
                f"runner: {outcome.folder} failed: {outcome.reason}; the traceback is in {outcome.folder}/train.log",
                file=sys.stderr,
            )


def _conclude_folds(folder: Path, outcomes: list[Outcome]) -> None:
    """Show what cross-validation found, and leave it in the run's folder."""
    from runner.records import pipe
    from runner.records.console import next_commands, shown_path
    from runner.reports import fold_table

    fold_table.write(folder, outcomes)
    lines = [*fold_table.table_lines(outcomes), f"  folder  {shown_path(folder)}", "next:"]
    commands = next_commands(*outcomes)
    if any(outcome.status in DONE for outcome in outcomes):
        commands.append(f"runner best {shlex.quote(shown_path(folder))}")
    pipe.write(sys.stdout, "\n".join([*lines, *(f"  {each}" for each in commands)]) + "\n")


def exit_code(statuses: Sequence[str], multirun: bool = False) -> int:
    """Of runs that ended: 0 done; 1 if one failed, none was trained to its end or, outside a sweep, one diverged."""
    failures = ("failed",) if multirun else ("failed", "diverged")
    none = bool(statuses) and not any(status in DONE for status in statuses)
    return int(none or any(status in failures for status in statuses))
