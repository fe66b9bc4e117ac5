"""A sweep from its plan to its results: many runs, as few populations, over the workers of an executor.

The parent plans, hands out work, hears of every run that ends and alone writes results.csv. If a work breaks, its runs
go on from the checkpoint in halves, until the run that breaks it stands alone and is `failed`; nothing else is lost.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.errors import ConfigError
from runner.execution import recovery
from runner.execution.copies import copied
from runner.execution.options import Options as Options
from runner.execution.pool import Broken, Done, Ended, Event, Pool, on_gpu
from runner.execution.results import RESULTS, Results
from runner.execution.serial import Serial
from runner.execution.signals import stop_signals
from runner.execution.stored import refuse_changed
from runner.execution.work import Run, Work
from runner.plan.checks import cautions
from runner.plan.shares import share_out
from runner.records import disk, tracebacks
from runner.records.console import shown_path, warning_lines
from runner.records.sweep_folder import LAYOUT, LOG
from runner.records.vouched import clear_way
from runner.training.loop import Interrupted
from runner.training.outcome import Outcome

WRITE_SECONDS = 1.0  # between two writes of results.csv


@dataclass
class Sweep:
    """The runs of one sweep folder in progress. `watch` is told of everything that happens (the display)."""

    root: Path
    runs: Sequence[Run]
    data: Sequence[Any]
    options: Options = field(default_factory=Options)
    watch: Callable[[Sweep, Event | None], None] = lambda sweep, event: None

    def __post_init__(self):
        self.outcomes: dict[int, Outcome] = {}
        self.unwritten: dict[int, Outcome] = {}
        self.tried_alone: set[int] = set()
        self.results = Results(self.root, self.runs, [table.task for table in self.data])
        self.notes: list[str] = []  # what has to be trained again, and why; what is probably not meant
        self.number = 0  # of the next checkpoint file

    def train(self) -> list[Outcome]:
        """Train every run that has not ended; all outcomes, in the order of the runs. The caller has locked `root`.

        Raises Interrupted after Ctrl-C or SIGTERM, with everything saved.
        """
        with stop_signals() as asked_to_stop:
            self.notes += clear_way(self.root, (RESULTS, LOG, LAYOUT))
            found = recovery.Recovery(self.root, self.runs, self.data, self.notes.append)
            self.outcomes = found.outcomes()
            for i in list(self.outcomes):
                self._copy(i)
            found.checkpoints()
            waiting = [i for i in range(len(self.runs)) if i not in self.outcomes]
            self.notes += warning_lines(
                cautions([self.runs[i].settings for i in waiting], [self.data[i] for i in waiting])
            )
            if self.unwritten:  # copies that were lacking: the table begins with them
                disk.settle()
                self.unwritten = {}
            self.results.start(self.outcomes)
            interrupted = self._carry_out(asked_to_stop)
            self._write_results()
            if interrupted:
                command = plugins.command("resume", shown_path(self.root))
                raise Interrupted(f"interrupted; everything is saved. Continue with: {command}")
            self.results.start(self.outcomes)
            self._tidy()
        return [self.outcomes[i] for i in sorted(self.outcomes)]

    # ---- carrying out

    def _carry_out(self, asked_to_stop: Callable[[], bool]) -> bool:
        """Work until every run has ended or all has been stopped; says whether the user asked for that."""
        written = time.monotonic()
        with self._executor(asked_to_stop) as pool:
            left = [i for i in range(len(self.runs)) if i not in self.outcomes and i not in self.results.same]
            for work in self._works(left):
                pool.submit(work)
            for event in pool.events():
                self._take(event, pool)
                self.watch(self, event)
                if asked_to_stop() and not pool.stopping:
                    pool.stop()
                if self.unwritten and time.monotonic() - written >= WRITE_SECONDS:
                    self._write_results()
                    written = time.monotonic()
        return asked_to_stop() and len(self.outcomes) < len(self.runs)

    def _executor(self, asked_to_stop: Callable[[], bool]) -> Pool | Serial:
        if self.options.executor == "serial":
            return Serial(self.runs, self.data, asked_to_stop)
        return Pool(self.runs, self.data, self.workers)

    def _take(self, event: Event | None, pool: Pool | Serial) -> None:
        if isinstance(event, Ended):
            self._end(event.run, event.outcome)
        elif isinstance(event, Done) and event.interrupted and not pool.stopping:  # somebody else stopped the worker
            for work in self._works([i for i in event.work.members if i not in self.outcomes], shares=1):
                pool.submit(work)
        elif isinstance(event, Broken) and not pool.stopping:
            for work in self._after(event):
                pool.submit(work)
            if not self.options.keep_going and any(o.status == "failed" for o in self.outcomes.values()):
                pool.stop()
        elif isinstance(event, Done) and not event.interrupted:
            disk.remove(event.work.path)

    def _end(self, run: int, outcome: Outcome) -> None:
        self.outcomes[run] = self.unwritten[run] = outcome
        self._copy(run)

    def _copy(self, run: int) -> None:
        """End the runs that are the same run as one that has ended."""
        for i in [i for i, first in self.results.same.items() if first == run and i not in self.outcomes]:
            self._end(i, copied(self.outcomes[run], self.results.name(run), self.runs[i], self.data[i]))

    def _after(self, broken: Broken) -> list[Work]:
        """What to do now with the runs of a broken work: halves, or the failure of the one that is left."""
        left = [i for i in broken.work.members if i not in self.outcomes]
        for i, outcome in recovery.ended(self.runs, left).items():  # its worker died before it could say so
            self._end(i, outcome)
        left = [i for i in left if i not in self.outcomes]
        if len(left) == 1 and (not broken.died or left[0] in self.tried_alone):
            self._fail(left[0], broken)
            return []
        self.tried_alone |= set(left) if len(left) == 1 else set()
        middle = math.ceil(len(left) / 2)
        return [work for half in (left[:middle], left[middle:]) for work in self._works(half, shares=1)]

    def _fail(self, run: int, broken: Broken) -> None:
        folder = self.runs[run].folder
        if folder.is_dir():  # somebody may have deleted it, which is why the run failed
            tracebacks.append(broken.traceback or broken.error, folder / "train.log")
        self._end(run, Outcome(folder, "failed", broken.error, {}, error=broken.traceback or broken.error))

    def _write_results(self) -> None:
        """Add what has ended to results.csv, once what those runs wrote is on the disk."""
        if self.unwritten:
            disk.settle()
            self.results.append(self.unwritten)
            self.unwritten = {}

    def _tidy(self) -> None:
        """Remove checkpoints that nobody needs: all, unless a run has failed (resuming tries it again)."""
        if all(outcome.status != "failed" for outcome in self.outcomes.values()):
            recovery.remove_checkpoints(self.root)

    # ---- planning

    @property
    def workers(self) -> int:
        """Worker processes: as many as asked for, else one a core, or a single one where runs share a GPU."""
        shared = any(on_gpu(run) for run in self.runs)
        return self.options.workers or (1 if shared else len(os.sched_getaffinity(0)))

    def _works(self, members: Sequence[int], shares: int | None = None) -> list[Work]:
        """Works for these runs, the longest first: by structure, and by the checkpoint they go on from."""
        holders = recovery.holders(self.root, self.runs, members)
        planned = share_out(
            members,
            [run.settings for run in self.runs],
            self.data,
            self.workers,
            max_members=self.options.max_members,
            parts=shares,
            source=holders.get,
        )
        return [Work(share.members, share.width, self._next_path(), share.source) for share in planned]

    def _next_path(self) -> Path:
        while True:
            path = self.root / f"population-{self.number:03d}.safetensors"
            self.number += 1
            if not path.exists():
                return path


def data_key(run: Run) -> str:
    """What identifies the data of a run in sweep.yaml: its dataset keys that are not at their defaults."""
    given = {key: value for key, value in run.given.items() if key.startswith("dataset")}
    return json.dumps(given, sort_keys=True)


def data_of(runs: Sequence[Run]) -> list[Any]:
    """The data of each run, read once where runs agree; ConfigError with what is wrong with any run beside its data."""
    from runner.data.prepare import prepare
    from runner.plan.checks import check_against_data

    cache: dict = {}
    data = [prepare(run.settings, cache) for run in runs]
    found = [
        problem for run, table in zip(runs, data, strict=True) for problem in check_against_data(run.settings, table)
    ]
    if found:
        raise ConfigError(list(dict.fromkeys(found)))
    return data


def check_data(runs: Sequence[Run], known: dict[str, str], data: Sequence[Any], root: Path) -> dict[str, str]:
    """Data set -> SHA-256; ConfigError if one of them, or a plug-in, has changed since the sweep was begun."""
    refuse_changed([run.settings for run in runs], root)
    now = {}
    for run, table in zip(runs, data, strict=True):
        key = data_key(run)
        now[key] = table.sha256
        if known.get(key, table.sha256) != table.sha256:
            raise ConfigError(
                f"{root}: the data of dataset {table.name} has changed since the sweep was begun. Bring the old data "
                "back, or start a new sweep."
            )
    return known | now
