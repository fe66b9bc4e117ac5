"""The same seam as `Pool` with tasks of a cluster: works are handed out in parts, and what becomes of them is read from
the folders of their runs.

Whether a task lives is asked of the cluster. A part whose task is gone before its time is handed out again, a bounded
number of times unless it gets on; so is what a launcher finds that takes up the sweep of one that died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.config import plugins
from runner.errors import ConfigError, RunError, RunnerError
from runner.execution.cluster import engines, handed
from runner.execution.cluster.dealing import Handing, deal, part_of
from runner.execution.cluster.engines import LIVE, WAITING, Unanswered
from runner.execution.cluster.handed import BEGUN, ENDED, Submission
from runner.execution.cluster.queue import Queue
from runner.execution.events import Broken, Done, Ended, Event, Given, Said
from runner.execution.work import Work
from runner.plan.populations import Population
from runner.records import disk
from runner.records.names import plural, shown_path
from runner.records.run_folder import SUMMARY, TASKS, checkpoints
from runner.records.summary import read_summary
from runner.training.loop import Interrupted
from runner.training.outcome import Outcome

LOOK_SECONDS = 0.2  # between two looks into the folders
LOOKING = 0.03  # the part of the time that looking may take
ASK_SECONDS = (2.0, 30.0)  # between two questions to the cluster, soon after the start and later
GATHER_SECONDS = 5.0  # between two submissions, so that works that come one by one go together
GRACE_SECONDS = 3.0  # a task that is gone may still come to be seen in a shared folder
LEAVE_SECONDS = 8.0  # that tasks which were cancelled are waited for
TRIES = 3  # tasks that may be lost with a run before it counts as failed, if none of them gets on

Hear = Callable[[Event | None], None]


class Detached(RunnerError):
    """The tasks are submitted, and the launcher leaves them to it. Exit code 0."""

    exit_code = 0


@dataclass
class _Part:
    """What one process of a task trains."""

    submission: Submission
    number: int
    work: Work
    left: set[int]
    worker: int  # as events call it
    begun: bool = False
    got_on: bool = False  # a run of it has ended
    gone: float | None = None  # since when the cluster does not know it
    state: str = ""

    @property
    def job(self) -> str:
        """What the cluster calls its task."""
        return self.submission.job(self.number)


@dataclass
class Array:
    """Hands out works of a session to tasks."""

    session: Handing
    queue: Queue
    parts: list[_Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = self.session.root
        self.cluster = engines.cluster(self.queue.cluster)
        self.tries: dict[int, int] = {}  # run -> tasks that were lost with it
        self.stopped: list[str] = []  # why tasks that ended are not followed by others
        self.began = self.submitted = self.asked = self.looked = float("-inf")
        self.took = 0.0  # to look
        self.workers = 0  # numbers given to parts
        self.unanswered = self.told_of_waiting = self.ever = False
        self._take_up()

    # ---- what is under way

    @property
    def away(self) -> frozenset[int]:
        """The runs that tasks are at work on."""
        return frozenset(i for part in self.parts for i in part.left)

    def owns(self, path: Path) -> bool:
        """Whether no task that is at work has been given a checkpoint, or writes it."""
        return not any(
            handed.writes(path.name, part.submission.number, part.number)
            or path.name in self.sources.get(part.worker, ())
            for part in self.parts
        )

    def _take_up(self) -> None:
        """The parts of earlier launchers whose tasks live; what is known of others goes."""
        self.sources: dict[int, tuple[str, ...]] = {}
        for submission in handed.submissions(self.root):
            live = _live(submission)
            names = {self.session.results.name(i): i for i in range(len(self.session.runs))} if live else {}
            for number in range(len(submission.jobs) * submission.ranks) if live else ():
                there = handed.part_path(submission.folder, number)
                if submission.job(number) in live and there.exists() and not there.with_suffix(ENDED).exists():
                    part = handed.read_part(submission.folder, number)
                    members = tuple(names[name] for name in part.runs)
                    self._add(submission, number, Work((Population(members, 1),), self.root / "none"), part.sources)
            if not live:
                handed.forget(submission.folder)
        if self.parts:
            jobs = sorted({part.submission.jobs[0].partition("_")[0] for part in self.parts})
            tasks = plural(len({part.job for part in self.parts}), "task")
            self.session.notes.append(
                f"{tasks} of job {', '.join(jobs)} are at work on the sweep already: watching them"
            )

    def _add(self, submission: Submission, number: int, work: Work, sources: tuple[str, ...]) -> None:
        self.workers += 1
        self.parts.append(_Part(submission, number, work, set(work.members), self.workers - 1))
        self.sources[self.workers - 1] = sources

    # ---- the loop

    def run(self, waiting: list[Work], hear: Hear, stopping: Callable[[], bool]) -> None:
        """Hand out what waits, and tell what happens, as it happens, until nothing is under way; None when nothing has
        for a while, so that `hear` can look. Raises Detached when all has been handed out and nobody waits for it.
        """
        self.began = time.monotonic()
        try:
            while (waiting and not stopping()) or self.parts:
                if stopping():
                    self._leave(hear)
                    return
                self._submit(waiting, hear)
                if self.queue.detach and not waiting:
                    raise Detached(self._how_to_go_on())
                self._look(hear)
                self._ask(hear)
                hear(None)
                time.sleep(LOOK_SECONDS)
        except (Exception, KeyboardInterrupt) as error:
            if not isinstance(error, Detached):
                self._cancel()
            raise
        if self.stopped:
            again = plugins.command("resume", shown_path(self.root))
            raise RunError(f"{'; '.join(self.stopped)}. Everything is saved; continue with: {again}")

    def _submit(self, waiting: list[Work], hear: Hear) -> None:
        session, free = self.session, self._places() - len(self.parts)
        if not waiting or free < 1 or (self.parts and time.monotonic() - self.submitted < GATHER_SECONDS):
            return
        settings = [run.settings for run in session.runs]
        works = deal(waiting, settings, session.data, free)
        waiting.clear()
        folder = handed.new_folder(self.root)
        workers = session.options.of_a_task(settings)
        sources = []
        for number, (work, came_from) in enumerate(works):
            part = part_of(session, work, came_from, workers)
            handed.write_part(folder, number, part)
            sources.append(part.sources)
        submission = self._submitted(folder, len(works), hear)
        for number, (work, _) in enumerate(works):
            self._add(submission, number, work, sources[number])

    def _places(self) -> int:
        options, session = self.session.options, self.session
        return max(1, options.places([run.settings for run in session.runs], session.data))

    def _submitted(self, folder: Path, parts: int, hear: Hear) -> Submission:
        from runner.execution.cluster.task import Task

        ranks = self.queue.ranks
        tasks = [Task(str(self.root), int(folder.name), index, ranks) for index in range(-(-parts // ranks))]
        logs = logs_of(self.queue, self.root)
        try:
            jobs = self.cluster.submit(self.queue, logs, tasks)
        except BaseException:
            handed.forget(folder)
            raise
        submission = Submission(folder, self.queue.cluster, jobs, ranks, self.queue.detach, logs)
        submission.write()
        self.submitted = self.asked = time.monotonic()
        array = jobs[0].partition("_")[0]
        hear(
            Said(
                f"submitted {plural(len(jobs), 'task')} of {plural(self.session.options.of_a_task([]), 'worker')}: job {array}"
            )
        )
        return submission

    # ---- looking

    def _look(self, hear: Hear) -> None:
        """Tell which runs and which parts have ended, as the folders say it."""
        now = time.monotonic()
        if now - self.looked < max(LOOK_SECONDS, self.took / LOOKING):
            return
        found = {part.submission.folder: disk.names(part.submission.folder) for part in self.parts}
        for part in list(self.parts):
            names = found[part.submission.folder]
            name = handed.part_path(part.submission.folder, part.number)
            if not part.begun and name.with_suffix(BEGUN).name in names:
                part.begun = self.ever = True
                hear(Given(part.worker, part.work, sum(not each.begun for each in self.parts)))
            if part.begun:
                self._look_at_runs(part, hear)
            if name.with_suffix(ENDED).name in names:
                self._close(part, handed.read_ended(part.submission.folder, part.number), hear)
        self.looked = time.monotonic()
        self.took = self.looked - now

    def _look_at_runs(self, part: _Part, hear: Hear) -> None:
        for i in sorted(part.left):
            folder = self.session.runs[i].folder
            if (folder / SUMMARY).exists():
                part.got_on = True
                part.left.discard(i)
                hear(Ended(i, Outcome.of(folder, read_summary(folder))))

    def _close(self, part: _Part, ended: handed.Ended, hear: Hear) -> None:
        """Tell how a part has ended."""
        if ended.problem:
            self._remove(part)
            raise RunError(f"{self._name(part)}: {ended.problem}")
        names = {self.session.results.name(i): i for i in part.left}
        for name, (reason, error) in ended.failed.items():
            i = names[name]
            part.left.discard(i)
            hear(Ended(i, Outcome(self.session.runs[i].folder, "failed", reason, {}, error=error)))
        self._remove(part)
        if ended.late and self.queue.cluster == "slurm":
            limits = f"timeout_min = {self.queue.value('timeout_min')}, max_num_timeout = "
            self.stopped.append(f"{self._name(part)} ran out of time ({limits}{self.queue.value('max_num_timeout')})")
        elif part.left and not part.got_on and not ended.late:
            self._lost(part, "ended", hear)
        else:
            hear(Done(part.work, interrupted=bool(part.left)))

    def _remove(self, part: _Part) -> None:
        self.parts.remove(part)
        if not any(each.submission is part.submission for each in self.parts):
            handed.forget(part.submission.folder)

    # ---- asking

    def _ask(self, hear: Hear) -> None:
        """Find the tasks that are gone without a word."""
        now = time.monotonic()
        if not self.parts or now - self.asked < min(max(ASK_SECONDS[0], (now - self.submitted) / 10), ASK_SECONDS[1]):
            if not any(part.gone and now - part.gone > GRACE_SECONDS for part in self.parts):
                return
        self.asked = now
        try:
            states = self.cluster.states([part.job for part in self.parts])
        except Unanswered as error:
            if not self.unanswered:
                hear(Said(f"the cluster does not answer ({error}); asking again"))
            self.unanswered = True
            return
        self.unanswered = False
        self._tell_of_waiting(states, hear)
        for part in list(self.parts):
            part.state = states.get(part.job, "")
            if part.state in LIVE:
                part.gone = None
            elif part.gone is None:
                part.gone = now
            elif now - part.gone > GRACE_SECONDS:
                self._give_up(part, hear)

    def _tell_of_waiting(self, states: dict[str, str], hear: Hear) -> None:
        waiting = [job for job, state in states.items() if state in WAITING]
        if waiting and not self.told_of_waiting:
            self.told_of_waiting = True
            hear(
                Said(
                    f"{plural(len(waiting), 'task')} wait in the queue; `squeue --jobs={waiting[0].partition('_')[0]}` says for what"
                )
            )

    def _give_up(self, part: _Part, hear: Hear) -> None:
        """A task is gone, and has not said how it ended."""
        self._look_at_runs(part, hear)
        self._remove(part)
        if part.state == "CANCELLED":
            self.stopped.append(f"{self._name(part)} was cancelled")
        elif not self.ever and not self.parts:
            raise RunError(
                f"{self._name(part)} ended ({part.state or 'unknown to the cluster'}) before it began to train, and so did "
                f"all others: does its node see {self.root}? The folder must be shared by all nodes "
                f"(hydra.sweep.dir=FOLDER). Its log, if there is one: {part.submission.log(part.number)}"
            )
        else:
            self._lost(part, part.state or "unknown to the cluster", hear)

    def _lost(self, part: _Part, how: str, hear: Hear) -> None:
        """Have the runs of a part handed out again, or end those that too many tasks were lost with."""
        error = f"{self._name(part)} was lost ({how}); its log: {part.submission.log(part.number)}"
        hear(Said(error))
        if not part.left:
            return hear(Done(part.work))
        own = (handed.writes(path.name, part.submission.number, part.number) for path in checkpoints(self.root))
        if not part.got_on and not any(own):
            self.tries |= {i: self.tries.get(i, 0) + 1 for i in part.left}
        for i in [i for i in sorted(part.left) if self.tries.get(i, 0) >= TRIES]:
            hear(Ended(i, Outcome(self.session.runs[i].folder, "failed", error, {}, error=error)))
        if self.session.runs[part.work.members[0]].settings.tied:
            return hear(Broken(part.work, error, "", died=True))
        hear(Done(part.work, interrupted=True))

    def _name(self, part: _Part) -> str:
        return f"task {part.job}"

    # ---- leaving

    def _leave(self, hear: Hear) -> None:
        """Have tasks save and end, and wait for that for a while; those that somebody detached go on."""
        self._cancel()
        self.parts = [part for part in self.parts if not part.submission.detached or self._say_it_goes_on(part)]
        until = time.monotonic() + LEAVE_SECONDS
        while self.parts and time.monotonic() < until:
            self.looked, self.took = float("-inf"), 0.0
            states = self._states()
            self._look(hear)
            self.parts = [part for part in self.parts if states is None or states.get(part.job) in LIVE]
            time.sleep(LOOK_SECONDS)

    def _say_it_goes_on(self, part: _Part) -> bool:
        return False

    def _states(self) -> dict[str, str] | None:
        try:
            return self.cluster.states([part.job for part in self.parts])
        except Unanswered:
            return None

    def _cancel(self) -> None:
        jobs = sorted({part.job for part in self.parts if not part.submission.detached})
        try:
            if jobs:
                self.cluster.cancel(jobs)
        except Unanswered as error:
            raise Interrupted(f"the cluster does not answer ({error}): the tasks {', '.join(jobs)} go on") from error

    def _how_to_go_on(self) -> str:
        jobs = sorted({part.submission.jobs[0].partition("_")[0] for part in self.parts})
        again = plugins.command("resume", shown_path(self.root))
        look = f"`squeue --jobs={','.join(jobs)}`, " if self.queue.cluster == "slurm" else ""
        tasks = plural(len({part.job for part in self.parts}), "task")
        logs = shown_path(logs_of(self.queue, self.root).partition("%")[0])
        return f"{tasks} at work on {shown_path(self.root)}; look: {look}logs in {logs}; collect and go on: {again}"


def logs_of(queue: Queue, root: Path) -> str:
    """The folder of submitit's logs; a relative one lies in that of the sweep."""
    return str(root / str(queue.value("submitit_folder")))


def refuse_live(root: Path) -> None:
    """ConfigError if tasks of a cluster are at work on a sweep that is to train on this machine."""
    for submission in handed.submissions(root) if (root / TASKS).exists() else ():
        if live := _live(submission):
            raise ConfigError(
                f"{root}: {plural(len(live), 'task')} of job {submission.jobs[0].partition('_')[0]} are at work on this "
                f"sweep; watch them with `{plugins.command('resume', shown_path(root))}`, or cancel them first"
            )
        handed.forget(submission.folder)


def _live(submission: Submission) -> Sequence[str]:
    try:
        states = engines.cluster(submission.cluster).states(submission.jobs)
    except Unanswered as error:
        raise RunError(
            f"{submission.folder.parent.parent}: whether the tasks of job {submission.jobs[0].partition('_')[0]} are "
            f"still at work on it cannot be asked ({error}); resume where the cluster answers. If they are surely gone, "
            f"delete {submission.folder.parent}."
        ) from error
    return [job for job, state in states.items() if state in LIVE]
