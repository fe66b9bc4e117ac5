"""How far a sweep is: what runs and what waits, the best so far, the pace and what is left of the time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from runner.execution.events import Broken, Done, Event, Given, Paused, Progressed
from runner.execution.work import Work
from runner.records.names import plural
from runner.records.progress import TimeLeft, short
from runner.records.sweep_folder import DONE, PRUNED

if TYPE_CHECKING:
    from runner.execution.session import Session

PACE_AFTER = 1.0  # seconds before a pace is worth saying


class State:
    """Of one sweep in progress (`runner.execution.session.Session`); `hear` takes in what happens."""

    def __init__(self, sweep: Session):
        self.sweep = sweep
        self.round = ""  # of a search, as it was said last
        self.paused = dict(sweep.paused)  # run that has paused -> its epoch
        self.began = time.monotonic()
        self.time_left = TimeLeft()
        self.ended_before = len(sweep.outcomes)
        self.known = 0  # outcomes that have been taken in
        self.works: dict[int, Work] = {}  # worker -> what it has been given
        self.rows: dict[int, dict[int, int]] = {}  # worker -> run in training -> its epoch
        self.before: dict[int, float] = {}  # run that continues from a checkpoint -> the share of its epochs behind it
        self.best: tuple[float, int] | None = None  # value of the monitored metric, run
        self.epochs: dict[int, int] = {}  # run -> how many it has made; ensembles make none, but their members
        self.made = 0  # their sum
        self.counted, self.most = (
            0,
            0,
        )  # runs whose epochs, if each makes all it may, are counted, and how many these are
        self.stopping = sweep.runs[0].settings.early_stopping
        self.behind = self.fraction() if sweep.searching else 0.0  # when a search is resumed

    def hear(self, event: Event | None) -> Iterator[int]:
        """Take in an event; the runs that have ended since the last."""
        if isinstance(event, Given):
            self.works[event.worker] = event.work
            self.rows[event.worker] = dict.fromkeys(event.work.first, 0)
        elif isinstance(event, Progressed):
            self.rows[event.worker] = {run: epoch for run, (epoch, _) in event.rows.items()}
            goes_on = event.worker in self.works and self.works[event.worker].source
            for run, (epoch, value) in event.rows.items():
                self._reach(run, epoch)
                self._compare(run, value)
                if goes_on:
                    self.before.setdefault(run, self._share(run, epoch))
        elif isinstance(event, Paused):
            self.paused[event.run] = event.epoch
            self._reach(event.run, event.epoch)
            for rows in self.rows.values():
                rows.pop(event.run, None)
        elif isinstance(event, (Done, Broken)):
            self._give_back(event.work)
        if self.known < len(self.sweep.outcomes):
            yield from self._ended()

    def _ended(self) -> Iterator[int]:
        for run, outcome in islice(self.sweep.outcomes.items(), self.known, None):
            self.paused.pop(run, None)
            for rows in self.rows.values():
                rows.pop(run, None)
            self._reach(run, (outcome.summary or {}).get("epochs") or 0)
            if outcome.status in DONE:
                self._compare(run, outcome.best)
            yield run
        self.known = len(self.sweep.outcomes)

    def _reach(self, run: int, epoch: int) -> None:
        """Note how far a run has come."""
        before = self.epochs.get(run, 0)
        if run not in self.sweep.teams and epoch > before:
            self.epochs[run] = epoch
            self.made += epoch - before

    def _give_back(self, work: Work) -> None:
        for worker in [worker for worker, given in self.works.items() if given == work]:
            del self.works[worker], self.rows[worker]

    def _compare(self, run: int, value: float | None) -> None:
        """Only runs that were asked for, and that monitor the same metric, can be compared."""
        if value is None or run >= self.sweep.asked:
            return
        if self.sweep.runs[run].settings.early_stopping.monitor != self.stopping.monitor:
            return
        sign = 1 if self.stopping.maximize else -1
        if self.best is None or sign * (value - self.best[0]) > 0:
            self.best = (value, run)

    # ---- numbers

    @property
    def total(self) -> int:
        """Runs that there are; a search may ask for more."""
        return len(self.sweep.runs)

    @property
    def seconds(self) -> float:
        """Since the first event."""
        return time.monotonic() - self.began

    @property
    def running(self) -> int:
        """Runs in training."""
        return sum(map(len, self.rows.values()))

    def counts(self) -> dict[str, int]:
        """{"done": 12, "diverged": 1, "failed": 0, "running": 8, "waiting": 20}; of a search also "pruned"."""
        by_status = Counter(outcome.status for outcome in self.sweep.outcomes.values())
        done = sum(by_status[status] for status in DONE)
        rest = self.total - len(self.sweep.outcomes) - self.running
        pruned = {PRUNED: by_status[PRUNED]} if self.sweep.searching else {}
        counts = {"done": done} | pruned | {"diverged": by_status["diverged"], "failed": by_status["failed"]}
        return counts | {"running": self.running, "waiting": max(rest, 0)}

    def fraction(self) -> float:
        """How much of the epochs of all runs is behind, where a run that has ended counts as a whole one; of a search,
        of those that it plans with.
        """
        at = self.paused | {run: epoch for rows in self.rows.values() for run, epoch in rows.items()}
        parts = sum(self._share(run, epoch) for run, epoch in at.items())
        search = self.sweep.searching
        if search is None:
            return (len(self.sweep.outcomes) + parts) / self.total
        ended = sum(self._share(run, each.summary.get("epochs", 0)) for run, each in self.sweep.outcomes.items())
        return min((ended + parts) / (self.total * search.share), 1.0)

    def _share(self, run: int, epoch: int) -> float:
        return min(epoch / max(self.sweep.runs[run].settings.trainer.epochs, 1), 1.0)

    def left(self) -> float | None:
        """Seconds left at the pace so far if all epochs are needed, None while there is none."""
        before, now = (self.ended_before + sum(self.before.values())) / self.total, self.fraction()
        if self.sweep.searching:
            before = self.behind
        if self.seconds < PACE_AFTER or now <= before:
            return None
        return self.seconds * (1 - now) / (now - before)

    # ---- words

    def begins_round(self) -> bool:
        """Whether a search has begun another round since this was asked last."""
        before, self.round = self.round, " ".join(self.round_text())
        return before != self.round

    def round_text(self) -> list[str]:
        """["9 settings to epoch 3"] of a search; [] without one"""
        return [self.sweep.searching.said] if self.sweep.searching and self.sweep.searching.said else []

    @property
    def nouns(self) -> str:
        """What is counted: members of ensembles train as runs do."""
        return "runs" if self.total == self.sweep.asked else "runs and members"

    def total_text(self) -> str:
        """33 runs, or 3 runs and 30 members"""
        members = self.total - self.sweep.asked
        return plural(self.sweep.asked, "run") + (f" and {plural(members, 'member')}" if members else "")

    def counts_text(self) -> str:
        """12 done, 1 failed, 8 running, 20 waiting"""
        return ", ".join(f"{n:,} {what}" for what, n in self.counts().items() if n or what == "done")

    def pace_text(self) -> str:
        """245 runs a minute, about 12 s left, 2 workers"""
        said, left, ended = [], self.left(), len(self.sweep.outcomes) - self.ended_before
        if ended and self.seconds >= PACE_AFTER:
            a_minute = 60 * ended / self.seconds
            said.append(f"{a_minute:,.0f} runs a minute" if a_minute >= 10 else f"{a_minute:.2g} runs a minute")
        if left is not None:
            said.append(f"{self.time_left.shown(max(left, 1.0), time.monotonic())} left")
        return ", ".join([*said, workers_text(self.sweep)])

    def best_text(self) -> str:
        """best so far: val/loss 0.0812 (lr=0.001_seed=3), 340 of 2,000 epochs; empty while there is none"""
        if self.best is None:
            return ""
        value, run = self.best
        found = f"{self.stopping.monitor} {short(value)} ({label(self.sweep.runs[run].folder.name)})"
        return f"best so far: {found}, {self.epochs_text()}"

    def epochs_text(self) -> str:
        """340 of 2,000 epochs: what all runs have made, of what they may make."""
        if self.counted != self.total:
            trains = [run for i, run in enumerate(self.sweep.runs) if i not in self.sweep.teams]
            self.counted, self.most = self.total, sum(run.settings.trainer.epochs for run in trains)
        return f"{self.made:,} of {plural(self.most, 'epoch')}"


def workers_text(sweep: Session) -> str:
    """1 worker, 2 workers"""
    return plural(min(sweep.workers, len(sweep.runs)), "worker")


def label(name: str) -> str:
    """The name of a run's folder without its number."""
    number, _, rest = name.partition("_")
    return rest if number.isdigit() and rest else name
