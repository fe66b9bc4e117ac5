"""What becomes of the parts of a sweep that tasks are at work on, told as events: by the folders of their runs, and by
the cluster of tasks that are gone without a word.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from runner.errors import RunError
from runner.execution.cluster.dealing import Handing
from runner.execution.cluster.engines import LIVE, WAITING, Cluster, Unanswered
from runner.execution.cluster.handed import Ended as PartEnded
from runner.execution.cluster.handed import read_ended
from runner.execution.cluster.queue import Queue
from runner.execution.cluster.under_way import Parts, UnderWay
from runner.execution.events import Broken, Done, Ended, Event, Given, Paused, Progressed, Said
from runner.execution.run_list import name_of
from runner.records import disk
from runner.records.names import plural
from runner.records.run_folder import SUMMARY
from runner.records.summary import read_summary
from runner.training.outcome import Outcome

LOOK_SECONDS = 0.2  # between two looks into the folders
LOOKING = 0.03  # the part of the time that looking may take
ASK_SECONDS = (2.0, 30.0)  # between two questions to the cluster, soon after the start and later
QUEUE_SECONDS = 5.0  # in the queue that are worth a word
GRACE_SECONDS = 3.0  # what a task has written last may come to be seen late in a shared folder
TRIES = 3  # tasks that may be lost with a run before it counts as failed, if none of them gets on
BULKY = ("files", "sha256")  # of a summary: what only a check of the run's files asks for
ALIKE = ("versions", "git", "examples")  # of a summary: what is the same in most

Hear = Callable[[Event | None], None]


class Watch:
    """Looks on at the parts of one session."""

    def __init__(self, session: Handing, queue: Queue, cluster: Cluster, parts: Parts):
        self.session, self.queue, self.cluster, self.parts = session, queue, cluster, parts
        self.stopped: list[str] = []  # why parts that ended before their time are not handed out again
        self.tries: dict[int, int] = {}  # run -> tasks that were lost with it
        self.began = time.monotonic()  # the last submission
        self.looked = self.asked = float("-inf")
        self.took = 0.0  # to look
        self.known: dict[str, dict[str, Any]] = {}  # parts of summaries that many have
        self.ever_begun = self.unanswered = self.told_of_waiting = False

    # ---- looking

    def look(self, hear: Hear, *, at_once: bool = False) -> None:
        """Tell which runs and which parts have begun and ended, as the folders say it."""
        start = time.monotonic()
        if not at_once and start - self.looked < max(LOOK_SECONDS, self.took / LOOKING):
            return
        found = {each.submission.folder: disk.names(each.submission.folder) for each in self.parts}
        for each in self.parts:
            names = found[each.submission.folder]
            if not each.begun and each.begins in names:
                each.begun = self.ever_begun = True
                hear(Given(each.worker, each.work, sum(not other.begun for other in self.parts)))
            if each.begun:
                self._look_at_runs(each, hear)
            if each.ends in names:
                self._end(each, read_ended(each.submission.folder, each.number), hear)
        self.looked = time.monotonic()
        self.took = self.looked - start

    def _look_at_runs(self, each: UnderWay, hear: Hear) -> None:
        folders = {i: self.session.runs[i].folder for i in each.left}
        ended = [i for i, folder in folders.items() if (folder / SUMMARY).exists()]
        for i in ended:
            each.got_on = True
            del each.left[i]
            hear(Ended(i, Outcome.of(folders[i], self._slim(read_summary(folders[i])))))
        if ended:  # about as many as before train now
            hear(Progressed(each.worker, dict.fromkeys(list(each.left)[: len(each.work.first)], (0, None))))

    def _slim(self, summary: dict[str, Any]) -> dict[str, Any]:
        """A summary of thousands: without the checksums of files, each name once, and each part that many have, too."""
        slim: dict[str, Any] = {}
        for key, value in summary.items():
            if isinstance(value, dict) and key not in BULKY:
                kept = {sys.intern(name): each for name, each in value.items()}
                slim[sys.intern(key)] = self.known.setdefault(repr(kept), kept) if key in ALIKE else kept
            elif key not in BULKY:
                slim[sys.intern(key)] = sys.intern(value) if isinstance(value, str) else value
        return slim

    def _end(self, each: UnderWay, ended: PartEnded, hear: Hear) -> None:
        """Tell how a part has ended."""
        self.parts.remove(each)
        if ended.problem:
            raise RunError(f"task {each.job}, {ended.problem}")
        names = {name_of(self.session.runs[i].folder, self.session.root): i for i in each.left}
        for name, (reason, error) in ended.failed.items():
            i = names[name]
            del each.left[i]
            hear(Ended(i, Outcome(self.session.runs[i].folder, "failed", reason, {}, error=error)))
        for name, epoch in ended.paused.items():
            del each.left[names[name]]
            hear(Paused(names[name], epoch))
        if ended.late and self.queue.cluster == "slurm":
            limits = f"timeout_min = {self.queue.value('timeout_min')}, max_num_timeout = "
            self.stopped.append(f"task {each.job} ran out of time ({limits}{self.queue.value('max_num_timeout')})")
        else:
            hear(Done(each.work, interrupted=bool(each.left)))

    # ---- asking

    def ask(self, hear: Hear) -> None:
        """Find the tasks that are gone, and say so if they wait in the queue."""
        now = time.monotonic()
        often = GRACE_SECONDS if any(each.gone for each in self.parts) else (now - self.began) / 10
        if not self.parts or now - self.asked < min(max(often, ASK_SECONDS[0]), ASK_SECONDS[1]):
            return
        self.asked = now
        try:
            states = self.cluster.states([each.job for each in self.parts])
        except Unanswered as error:
            if not self.unanswered:
                hear(Said(f"the cluster does not answer ({error}); asking again"))
            self.unanswered = True
            return
        self.unanswered = False
        self._tell_of_waiting(states, hear)
        for each in self.parts:
            state = states.get(each.job, "")
            if state in LIVE:
                each.gone = None
            elif each.gone is None:
                each.gone = now
            elif now - each.gone >= GRACE_SECONDS:
                self._give_up(each, state or "no longer known", hear)

    def _tell_of_waiting(self, states: dict[str, str], hear: Hear) -> None:
        waiting = [job for job, state in states.items() if state in WAITING]
        if waiting and not self.told_of_waiting and self.asked - self.began > QUEUE_SECONDS:
            self.told_of_waiting = True
            array = waiting[0].partition("_")[0]
            hear(Said(f"{plural(len(waiting), 'task')} in the queue; `squeue --jobs={array}` says what for"))

    def _give_up(self, each: UnderWay, state: str, hear: Hear) -> None:
        """A task is gone, and has not said how it ended."""
        self._look_at_runs(each, hear)
        self.parts.remove(each)
        if state == "CANCELLED":
            self.stopped.append(f"task {each.job} was cancelled")
        elif not self.ever_begun and not self.parts:
            raise RunError(
                f"task {each.job} ended ({state}) before it began to train, as did all others: does its node see "
                f"{self.session.root}? All nodes must share the folder (hydra.sweep.dir=FOLDER). Its log, if there is "
                f"one: {each.submission.log(each.number)}"
            )
        else:
            self._lost(each, state, hear)

    def _lost(self, each: UnderWay, state: str, hear: Hear) -> None:
        """Have the runs of a part handed out again, or end those that too many tasks were lost with."""
        error = f"task {each.job} was lost ({state}); its log: {each.submission.log(each.number)}"
        hear(Said(error))
        if not each.gets_on(self.session.root):
            self.tries |= {i: self.tries.get(i, 0) + 1 for i in each.left}
        for i in [i for i in each.left if self.tries.get(i, 0) >= TRIES]:
            del each.left[i]
            hear(Ended(i, Outcome(self.session.runs[i].folder, "failed", error, {}, error=error)))
        if self.session.runs[each.work.members[0]].settings.tied:
            hear(Broken(each.work, error, "", died=True))
        else:
            hear(Done(each.work, interrupted=bool(each.left)))
