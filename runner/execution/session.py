"""Runs from their plan to their results, over the workers of an executor: one run, folds, `runner.train`, a sweep.

The session plans, hands out works, hears of every run that ends and alone writes results.csv.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runner.config import plugins
from runner.data.prepare import RunData
from runner.execution import engines, recovery
from runner.execution.copies import copied
from runner.execution.events import Broken, Done, Ended, Event, Paused, Said
from runner.execution.failing_alone import FailingAlone, failed
from runner.execution.options import HERE, Options
from runner.execution.results_csv import Results
from runner.execution.signals import stop_signals
from runner.execution.teams import Team, team_of
from runner.execution.work import Run, Work
from runner.plan.checks import cautions
from runner.plan.read_data import data_of
from runner.plan.shares import share_out
from runner.records import disk
from runner.records.checksums import clear_way
from runner.records.names import shown_path
from runner.records.run_folder import CHECKPOINT, POPULATION, RESULTS, SUMMARY
from runner.records.summary import read_summary
from runner.records.sweep_folder import LAYOUT, LOG
from runner.training.loop import Interrupted
from runner.training.outcome import Outcome

if TYPE_CHECKING:
    from runner.execution.growth import Growth
    from runner.execution.searching import Searching
    from runner.search.base import Search

WRITE_SECONDS = 1.0  # between two writes of results.csv

Watch = Callable[["Session", Event | None], None]  # is told of everything that happens
Screen = Callable[["Session"], AbstractContextManager[Watch]]
ExecutorOf = Callable[["Session", "Executor | None"], "Executor"]  # of a session, and of its last round the executor


class Executor(Protocol):
    """Carries out works."""

    def run(self, waiting: list[Work], hear: Callable[[Event | None], None], stopping: Callable[[], bool]) -> None:
        """Carry out what waits, and tell what happens, until nothing is under way or all is to stop."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


@contextmanager
def unwatched(_session: Session) -> Iterator[Watch]:
    """Nobody looks on."""
    yield lambda session, event: None


@dataclass
class Session:
    """The runs of one folder in progress.

    A run that lies in `root` itself is alone: it needs no results.csv, and what a user can mend stops it.
    """

    root: Path
    runs: Sequence[Run]
    data: Sequence[RunData]
    options: Options = HERE
    notes: list[str] = field(default_factory=list)  # what has to be trained or written again, and why
    search: Search | None = None  # what decides how far each run trains; None: all to their ends
    growth: Growth | None = None  # what makes runs of the settings that the search asks for

    def __post_init__(self):
        self.searching = self._judging()
        self._lay_out()
        self.tabled = [run.folder for run in self.runs[: self.asked]] != [self.root]
        self.alone = not self.tabled and not self.teams
        self.dropped: set[int] = set()  # members that never train, as theirs has ended before them
        self.paused: dict[int, int] = {}  # run that has not ended, its state in its folder -> the epoch of that
        self.outcomes: dict[int, Outcome] = {}
        self.unwritten: dict[int, Outcome] = {}
        self.failing_alone = FailingAlone()
        self.warnings: list[str] = []  # what is probably not meant
        self.waiting: list[Work] = []
        self.number = 0  # of the next checkpoint file
        self.failed = False  # a run has
        self.away: Container[int] = ()  # runs that tasks of a cluster have trained on since an earlier process
        self.owns: Callable[[Path], bool] = recovery.any_of_them  # which checkpoints are not those of such tasks
        self._workers = (0, 0)  # of how many runs how many there are
        self.hired: int | None = None  # so many, where a cluster says it
        self.over = False  # nothing is left to do, nor to ask for
        self.fitting: int | None = None  # rows side by side, once more did not fit the memory of the device
        self.enlist: Callable[[Session], None] = lambda session: None  # lists the runs of the folder anew

    def _judging(self) -> Searching | None:
        """What asks the search, if there is one."""
        if self.search is None:
            return None
        from runner.execution.searching import Searching

        return Searching(self.search)

    def _lay_out(self) -> None:
        """Number the runs: those asked for, then the members of those that are ensembles."""
        self.asked = len(self.runs)
        questions = {name: task for table in self.data for name, task in table.encoding.questions.items()}
        self.results = Results(self.root, self.runs, [table.tasks for table in self.data], questions)
        self.teams: dict[int, Team] = {}  # ensemble -> its members
        self._add_members()
        if self.searching:
            self.searching.lay_out(self.runs[: self.asked], self.results.same)

    def _add_members(self) -> None:
        runs, data = [*self.runs], [*self.data]
        known: dict[Any, list[RunData]] = {}
        for i in range(self.asked):
            if team := team_of(runs[i], data[i], len(runs), known):
                self.teams[i] = team
                runs += team.members
                data += team.tables
        self.runs, self.data = runs, data

    def train(self, screen: Screen, executor_of: ExecutorOf) -> list[Outcome]:
        """Train every run that has not ended; all outcomes, in the order of the runs. The caller has locked `root`.

        Raises Interrupted after Ctrl-C or SIGTERM, with everything saved.
        """
        with screen(self) as self.watch, stop_signals() as self.asked_to_stop:
            executor = executor_of(self, None)
            self._recover()
            self._make_ready()
            self.written = time.monotonic()
            try:
                while self._next_round():
                    executor = executor_of(self, executor)  # for runs that have been asked for since
                    self._submit(self.to_train())
                    try:
                        executor.run(self.waiting, self._hear, self.stopping)
                    finally:
                        self._write_results()
                    if self.searching is None or self.stopping():
                        break
            finally:
                executor.close()
            if self.asked_to_stop() and (self._left() or not self.over):
                command = plugins.command("resume", shown_path(self.root))
                raise Interrupted(f"interrupted; everything is saved. Continue with: {command}")
            self._start_results()
            if not self.failed:  # else resuming tries those again
                recovery.tidy(self.root, self.runs)
        return [self.outcomes[i] for i in sorted(self.outcomes) if i < self.asked]

    def _next_round(self) -> bool:
        """Whether there is one, by which it is known how far each run trains; without a search there is one."""
        if self.searching is None:
            self.over = True
            return True
        while (found := self.searching.ask(self.runs, self.outcomes, self.paused)) and found.jobs:
            self._grow(found.jobs)
        if found and not self.to_train():
            raise RuntimeError(f"the search asks for nothing that is left to do: {found}")
        self.over = found is None
        return not self.over

    def _grow(self, jobs: Sequence[tuple[str, ...]]) -> None:
        """Take in the runs of new settings, behind those that were asked for before."""
        first = self.asked
        new = self.growth.more(jobs, self.runs[:first]) if self.growth else []
        if not new:
            raise RuntimeError(f"the search asks for settings that are there: {jobs}")
        self._write_results()
        moved = {i: i if i < first else i + len(new) for i in range(len(self.runs))}  # members come after
        self.data = [*self.data[:first], *data_of([run.settings for run in new])]
        self.runs = [*self.runs[:first], *new]
        self._lay_out()
        self.outcomes = {moved[i]: outcome for i, outcome in self.outcomes.items()}
        self.paused = {moved[i]: epoch for i, epoch in self.paused.items()}
        self.dropped = {moved[i] for i in self.dropped}
        self.enlist(self)
        for i in list(self.outcomes):
            self._copy(i)
        self._make_ready()
        self._start_results()

    @property
    def training(self) -> int:
        """How many runs train, be it alone or as members."""
        return len(self.runs) - len(self.teams)

    @property
    def workers(self) -> int:
        """How many works are carried out at a time."""
        if self.hired:
            return self.hired
        if self._workers[0] != len(self.runs):
            self._workers = len(self.runs), self.options.processes([run.settings for run in self.runs], self.data)
        return self._workers[1]

    def say(self, text: str) -> None:
        """Tell who watches."""
        self.watch(self, Said(text))

    def stopping(self) -> bool:
        """Whether what is under way is to save and end, and nothing else is to begin."""
        return self.asked_to_stop() or (self.failed and not self.options.keep_going)

    def _left(self, work: Work | None = None) -> list[int]:
        """The runs, of all or of a work, that have not ended."""
        ended = self.outcomes.keys() | self.dropped
        return [i for i in (work.members if work else range(len(self.runs))) if i not in ended]

    def _due(self, work: Work | None = None) -> list[int]:
        """Those of them that have not come to where they pause, or that end there."""
        left, search = self._left(work), self.searching
        return [
            i
            for i in left
            if i not in self.paused
            or search is None
            or i in search.pruned
            or self.paused[i] < search.until.get(i, math.inf)
        ]

    def to_train(self) -> list[int]:
        """Those of them that train now: neither copies, nor ensembles, nor members that come after others."""
        alone = [i for i in self._due() if i < self.asked and i not in self.results.same and i not in self.teams]
        members = [k for team in self.teams.values() for k in team.due(self.outcomes)]
        return [i for i in alone + members if i not in self.away]

    def _recover(self) -> None:
        """Take over what the folder holds of earlier."""
        self.notes += clear_way(self.root, (RESULTS, LOG, LAYOUT))
        found = recovery.Recovery(self.root, self.runs, self.data, self.notes.append, self.owns, self.away)
        self.outcomes = found.outcomes()
        for i, team in self.teams.items():
            if i in self.outcomes and not team.whole(self.outcomes[i].summary, self.outcomes):
                self.outcomes.pop(i)  # it ends anew when they have
        self._keep_whole()
        for i in list(self.outcomes):
            self._copy(i)
        found.checkpoints()
        self.paused = found.paused()
        for i in self.teams:
            self._combine(i)
        left = self._left()
        self.warnings = cautions([self.runs[i].settings for i in left], [self.data[i] for i in left])
        if self.unwritten:  # copies that were lacking: the table begins with them
            disk.settle()
            self.unwritten = {}
        self._start_results()

    def _keep_whole(self) -> None:
        """Members that are tied to each other have all ended, or none has: those that had are trained again."""
        for team in self.teams.values():
            ended = [k for k in team.numbers if k in self.outcomes]
            if self.runs[team.numbers[0]].settings.tied and len(ended) < len(team.numbers):
                for k in ended:
                    del self.outcomes[k]
                    disk.remove(self.runs[k].folder / SUMMARY)

    def _make_ready(self) -> None:
        """Have what the engine needs before any worker is there."""
        left = self.to_train()
        runs, data = [self.runs[i] for i in left], [self.data[i] for i in left]
        engines.ready(self.root, runs, data, self.say)

    # ---- carrying out

    def _hear(self, event: Event | None) -> None:
        """Act on what an executor tells."""
        self._take(event)
        self.watch(self, event)
        if self.unwritten and time.monotonic() - self.written >= WRITE_SECONDS:
            self._write_results()
            self.written = time.monotonic()

    def _take(self, event: Event | None) -> None:
        if isinstance(event, Ended):
            self._end(event.run, event.outcome)
        elif isinstance(event, Paused):
            self.paused[event.run] = event.epoch
        elif isinstance(event, Done) and not event.interrupted:
            disk.remove(event.work.path)
        elif isinstance(event, Done):  # unless all are stopping, somebody else stopped the worker
            self._submit(self._due(event.work), whole=True)
        elif isinstance(event, Broken):
            self._after(event)

    def _end(self, run: int, outcome: Outcome) -> None:
        self.outcomes[run] = outcome
        if run < self.asked:
            self.unwritten[run] = outcome
        self.failed |= outcome.status == "failed"
        self._copy(run)
        for i, team in self.teams.items():
            if run in team.numbers:
                if team.staged:
                    self._submit(team.due(self.outcomes))
                self._combine(i)

    def _combine(self, run: int) -> None:
        """End an ensemble whose members have ended, as many as train."""
        team = self.teams[run]
        if run not in self.outcomes and team.due(self.outcomes):
            return
        self.dropped.update(team.drop(self.outcomes))
        if run not in self.outcomes:
            self._end(run, team.end(self.outcomes))

    def _copy(self, run: int) -> None:
        """End the runs that are the same run as one that has ended."""
        for i in [i for i, first in self.results.same.items() if first == run and i not in self.outcomes]:
            self._end(i, copied(self.outcomes[run], self.results.name(run), self.runs[i], self.data[i]))

    def _after(self, broken: Broken) -> None:
        """Try the runs that a broken work has left again; the one that is at fault has failed."""
        for i in self._left(broken.work):
            folder = self.runs[i].folder
            if (folder / SUMMARY).exists():  # it had ended before its worker died
                self._end(i, Outcome.of(folder, read_summary(folder)))
        self._keep_whole()
        left = self._due(broken.work)
        tied = bool(left) and self.runs[left[0]].settings.tied is not None
        if broken.ran_out and not tied and self._narrower(broken.work, left):
            return
        again = self.failing_alone.again(left, died=broken.died, together=tied)
        for members in again:
            self._submit(members, whole=True)
        if left and not again:
            if self.alone and broken.problem:
                raise broken.problem
            for i in left if tied else left[:1]:
                self._end(i, failed(self.runs[i], broken))

    def _narrower(self, work: Work, left: Sequence[int]) -> bool:
        """Try the runs again, half as many side by side, after the device had too little memory for those of a work;
        False if one alone was too much.
        """
        width = min(max(population.width for population in work.populations), len(left))
        if width < 2:
            return False
        if self.fitting is None:
            self.say("the device has too little memory for so many runs; fewer train side by side")
        self.fitting = min(self.fitting or width, math.ceil(width / 2))
        begun = list(recovery.holders(self.root, self.runs, left, owns=self.owns))
        for a in range(0, len(begun), self.fitting):
            self._submit(begun[a : a + self.fitting], whole=True)
        self._submit([i for i in left if i not in begun], whole=True)
        return True

    def _start_results(self) -> None:
        if self.tabled:
            self.results.start({i: outcome for i, outcome in self.outcomes.items() if i < self.asked})

    def _write_results(self) -> None:
        """Add what has ended to results.csv, once what those runs wrote is on the disk."""
        if self.unwritten and self.tabled:
            disk.settle()
            self.results.append(self.unwritten)
        self.unwritten = {}

    # ---- planning

    def _submit(self, members: Sequence[int], whole: bool = False) -> None:
        """Have these runs carried out, the longest works first; in as few works as can be if they stay `whole`."""
        if self.stopping():
            return
        search = self.searching
        holders = recovery.holders(self.root, self.runs, members, self.paused, self.owns)
        planned = share_out(
            members,
            [run.settings for run in self.runs],
            self.data,
            self.workers,
            max_members=min(filter(None, (self.options.max_members, self.fitting)), default=None),
            whole=whole,
            source=holders.get,
        )
        for share in planned:
            kept = frozenset(i for i in share.members if i in self.paused and i not in holders)
            until = {i: search.until[i] for i in share.members if i in search.until} if search else {}
            pruned = search.pruned.intersection(share.members) if search else ()
            work = Work(share.populations, self._next_path(), share.source, until, kept, frozenset(pruned))
            self.waiting.append(work)

    def _next_path(self) -> Path:
        if self.alone:
            return self.root / CHECKPOINT
        while True:
            path = self.root / POPULATION.format(self.number)
            self.number += 1
            if not path.exists():
                return path
