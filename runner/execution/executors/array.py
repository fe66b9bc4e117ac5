"""The same seam as `Pool` with tasks of a cluster: works are handed out in parts, each fixed, to at most 200 tasks.

What becomes of them is read from folders (`runner.execution.cluster.watch`). Whether a task lives is asked of the
cluster, and a part whose task is gone before its time is handed out again, a bounded number of times unless it gets on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from runner.config import plugins
from runner.errors import RunError, RunnerError
from runner.execution.cluster import engines, handed
from runner.execution.cluster.dealing import Handing, deal, part_of
from runner.execution.cluster.engines import LIVE, Unanswered
from runner.execution.cluster.handed import Submission
from runner.execution.cluster.queue import DEFAULTS, Queue
from runner.execution.cluster.under_way import Parts
from runner.execution.cluster.watch import LOOK_SECONDS, Hear, Watch
from runner.execution.events import Said
from runner.execution.work import Work
from runner.records.names import plural, shown_path
from runner.training.loop import Interrupted

GATHER_SECONDS = 5.0  # between two submissions, so that works that come one by one go together
LEAVE_SECONDS = 8.0  # that tasks which were cancelled are waited for


class Detached(RunnerError):
    """The tasks are submitted, and the launcher leaves them to it. Exit code 0."""

    exit_code = 0


class Array:
    """Hands out works of a session to tasks; those that an earlier launcher has left at work are watched."""

    def __init__(self, session: Handing, queue: Queue):
        self.session, self.queue = session, queue
        self.cluster = engines.cluster(queue.cluster)
        self.parts = Parts(session)
        self.watch = Watch(session, queue, self.cluster, self.parts)
        self.submitted = float("-inf")

    def run(self, waiting: list[Work], hear: Hear, stopping: Callable[[], bool]) -> None:
        """Hand out what waits, and tell what happens, as it happens, until nothing is under way; None when nothing has
        for a while, so that `hear` can look. Raises Detached when all has been handed out and nobody waits for it.
        """
        try:
            while (waiting and not stopping()) or self.parts:
                if stopping():
                    self._leave(hear)
                    return
                self._hand_out(waiting, hear)
                if self.queue.detach and not waiting:
                    raise Detached(self._said("at work on"))
                self.watch.look(hear)
                self.watch.ask(hear)
                hear(None)
                time.sleep(LOOK_SECONDS)
        except (Exception, KeyboardInterrupt) as error:
            if not isinstance(error, Detached):
                self._cancel()
            raise
        if self.watch.stopped:
            again = plugins.command("resume", shown_path(self.session.root))
            raise RunError(f"{'; '.join(self.watch.stopped)}. Everything is saved; continue with: {again}")

    def close(self) -> None:
        """There is nothing to let go of: tasks end by themselves."""

    # ---- handing out

    def _hand_out(self, waiting: list[Work], hear: Hear) -> None:
        """Submit what waits as one array, on the places that are free."""
        session, free = self.session, self._places - len(self.parts) if waiting else 0
        if free < 1 or (self.parts and time.monotonic() - self.submitted < GATHER_SECONDS):
            return
        settings = [run.settings for run in session.runs]
        workers = session.options.of_a_task(settings)
        dealt = deal(waiting, settings, session.data, free)
        waiting.clear()
        folder = handed.new_folder(session.root)
        parts = [part_of(session, work, made_of, workers) for work, made_of in dealt]
        for number, part in enumerate(parts):
            handed.write_part(folder, number, part)
        submission = self._submitted(folder, len(parts))
        for number, (part, (work, _)) in enumerate(zip(parts, dealt, strict=True)):
            self.parts.add(submission, number, part, work)
        tasks, each = plural(len(submission.jobs), "task"), plural(workers * self.queue.ranks, "worker")
        hear(Said(f"submitted {tasks} of {each}: job {submission.array}"))

    @cached_property
    def _places(self) -> int:
        session = self.session
        return max(1, session.options.places([run.settings for run in session.runs], session.data))

    def _submitted(self, folder: Path, parts: int) -> Submission:
        from runner.execution.cluster.task import Task

        ranks, root, logs = self.queue.ranks, str(self.session.root), logs_of(self.queue, self.session.root)
        tasks = [Task(root, int(folder.name), index, ranks) for index in range(-(-parts // ranks))]
        try:
            jobs = self.cluster.submit(self.queue, logs, tasks)
        except BaseException:
            handed.forget(folder)  # so that tasks which may have been submitted leave
            raise
        submission = Submission(folder, self.queue.cluster, jobs, ranks, self.queue.detach, logs)
        submission.write()
        self.submitted = self.watch.began = time.monotonic()
        return submission

    # ---- leaving

    def _leave(self, hear: Hear) -> None:
        """Have tasks save and end, and wait for that for a while; those that somebody detached are left at work."""
        self._cancel()
        until = time.monotonic() + LEAVE_SECONDS
        while self._cancelled() and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
            self.watch.look(hear, at_once=True)
        if any(each.submission.detached for each in self.parts):
            raise Interrupted(f"left, and {self._said('go on with')}")

    def _cancelled(self) -> list[str]:
        """The jobs that were told to end, and live."""
        jobs = [each.job for each in self.parts if not each.submission.detached]
        try:
            states = self.cluster.states(jobs) if jobs else {}
        except Unanswered:
            return jobs
        return [job for job, state in states.items() if state in LIVE]

    def _cancel(self) -> None:
        jobs = sorted({each.job for each in self.parts if not each.submission.detached})
        try:
            if jobs:
                self.cluster.cancel(jobs)
        except Unanswered as error:
            raise Interrupted(f"the cluster does not answer ({error}): job {', '.join(jobs)} goes on") from error

    def _said(self, what: str) -> str:
        """How many tasks do what, how to look, and how to come back."""
        root = self.session.root
        tasks = plural(len({each.job for each in self.parts}), "task")
        look = f"`squeue --jobs={','.join(self.parts.arrays())}`, " if self.queue.cluster == "slurm" else ""
        logs, again = (
            shown_path(logs_of(self.queue, root).partition("%")[0]),
            plugins.command("resume", shown_path(root)),
        )
        return f"{tasks} {what} {shown_path(root)}; look: {look}logs in {logs}; collect and go on: {again}"


def logs_of(queue: Queue, root: Path) -> str:
    """The folder of submitit's logs: in that of the sweep unless somebody chose another."""
    given = str(queue.value("submitit_folder"))
    return str(root / given) if given == DEFAULTS["submitit_folder"] else os.path.abspath(given)
