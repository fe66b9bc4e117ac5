"""The session of one process of a cluster's task: its part of a sweep, and nothing else of the sweep's folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runner.execution import engines, recovery
from runner.execution.cluster import handed
from runner.execution.cluster.handed import Part
from runner.execution.events import Ended, Event, Given, Said
from runner.execution.executors.pool import Pool
from runner.execution.run_list import name_of
from runner.execution.session import Session
from runner.records import disk
from runner.records.names import plural
from runner.records.progress import duration
from runner.records.run_folder import checkpoints
from runner.training.outcome import Outcome


class PartSession(Session):
    """Trains members that it is given. The launcher ends ensembles, copies and results.csv; so that no two processes
    write the same checkpoint, those of each have its number in their names.
    """

    submission = part = 0

    def carry_out(self, part: Part, asked_to_stop: Callable[[], bool], again: bool) -> None:
        """Train the runs of a part that have not ended; `again` after a process that may have been killed at it."""
        self.began, self.asked_to_stop, self.watch = time.monotonic(), asked_to_stop, _said
        self.written = float("inf")  # results.csv is not this session's
        self.teams, self.sources = {}, set(part.sources)
        names = {self.name(i): i for i in range(len(self.runs))}
        self.members = [names[name] for name in part.runs]
        self.notes += engines.decide(self.runs, self.data)
        until = {names[name]: epoch for name, epoch in part.until.items()}
        self.searching: Any = SimpleNamespace(until=until, pruned={names[name] for name in part.pruned})
        self._take_over(again)
        left = self.left()
        print(
            f"{plural(len(left), 'run')} to train, {plural(self.workers, 'worker')}", *self.notes, sep="\n", flush=True
        )
        if left:
            self._make_ready()
            self._submit(left)
            Pool(self.runs, self.data, self.workers).run(self.waiting, self._hear, self.stopping)
        self._end_well()

    def left(self) -> list[int]:
        """Those of its runs that have neither ended nor come to where they pause."""
        due = set(self._due())
        return [i for i in self.members if i in due]

    def failures(self) -> Iterator[tuple[int, Outcome]]:
        """Its runs that have failed."""
        return ((i, outcome) for i, outcome in self.outcomes.items() if outcome.status == "failed")

    def name(self, run: int) -> str:
        """A run as the sweep calls it."""
        return name_of(self.runs[run].folder, self.root)

    def owns(self, path: Path) -> bool:
        """Whether a checkpoint is this process's, be it that it was given or that it wrote it."""
        return path.name in self.sources or handed.writes(path.name, self.submission, self.part)

    def paused_now(self) -> dict[str, int]:
        """Its runs that have paused: name -> the epoch of that."""
        return {self.name(i): self.paused[i] for i in self.members if i in self.paused and i not in self.outcomes}

    def _take_over(self, again: bool) -> None:
        runs = [self.runs[i] for i in self.members]
        data = [self.data[i] for i in self.members]
        found = recovery.Recovery(self.root, runs, data, self.notes.append, self.owns)
        if again:
            self.outcomes = {self.members[k]: outcome for k, outcome in found.outcomes().items()}
            found.checkpoints()
        self.paused = {self.members[k]: epoch for k, epoch in found.paused().items()}

    def to_train(self) -> list[int]:
        return self.left()

    def _keep_whole(self) -> None:
        """Members that are tied train in one part."""

    def _hear(self, event: Event | None) -> None:
        super()._hear(event)
        self.unwritten = {}

    def _next_path(self) -> Path:
        self.number += 1
        return self.root / handed.checkpoint_name(self.submission, self.part, self.number)

    def _end_well(self) -> None:
        """All that was written is on the disk, and what nobody needs any more is gone."""
        disk.settle()
        if not self.left() and not self.failed:
            for path in [p for p in checkpoints(self.root) if self.owns(p)]:
                disk.remove(path)
        ended = plural(len(self.outcomes), "run")
        print(f"{ended} ended, {len(self.left())} left, after {duration(time.monotonic() - self.began)}", flush=True)


def _said(session: Any, event: Event | None) -> None:
    """What the log of a task says while it trains."""
    if isinstance(event, Said):
        print(event.text, flush=True)
    elif isinstance(event, Given):
        print(f"worker {event.worker} trains {plural(len(event.work.members), 'run')}", flush=True)
    elif isinstance(event, Ended) and event.outcome.status in ("failed", "diverged"):
        print(f"{session.name(event.run)} {event.outcome.status}: {event.outcome.reason}", flush=True)
