"""Where a run fails alone: a broken work is tried again in halves, until the run that breaks it is the only one left.

Its halves continue from the checkpoint, so nothing of the others is lost. A worker that died may have been killed from
outside: its last run gets a second chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from runner.execution.events import Broken
from runner.execution.work import Run
from runner.records import tracebacks
from runner.records.run_folder import LOG
from runner.training.outcome import Outcome


class FailingAlone:
    """Of one session: which of its runs have been tried alone."""

    def __init__(self) -> None:
        self.tried: set[int] = set()

    def again(self, left: Sequence[int], *, died: bool, together: bool = False) -> list[Sequence[int]]:
        """What to try next of the runs that a broken work has left; nothing if the only one of them is at fault, or all
        of those that train `together` only.
        """
        if len(left) > 1 and not together:
            middle = math.ceil(len(left) / 2)
            return [left[:middle], left[middle:]]
        again = [left] if died and not self.tried.issuperset(left) else []
        self.tried.update(left)
        return again


def failed(run: Run, broken: Broken) -> Outcome:
    """The outcome of the run at fault, whose log gets the traceback; it is tried again when the folder is resumed."""
    details = broken.traceback or broken.error
    if run.folder.is_dir():  # somebody may have deleted it, which is why the run failed
        tracebacks.append(details, run.folder / LOG)
    return Outcome(run.folder, "failed", broken.error, {}, error=details)
