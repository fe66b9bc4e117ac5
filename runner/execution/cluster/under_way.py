"""The parts of a sweep that tasks are at work on: what a launcher has handed out, and what it finds of earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runner.config import plugins
from runner.errors import ConfigError, RunError
from runner.execution.cluster import engines, handed
from runner.execution.cluster.dealing import Handing
from runner.execution.cluster.engines import LIVE, Unanswered
from runner.execution.cluster.handed import BEGUN, ENDED, Part, Submission
from runner.execution.run_list import name_of
from runner.execution.work import Work
from runner.plan.populations import Population
from runner.records.names import plural, shown_path
from runner.records.run_folder import checkpoints


@dataclass
class UnderWay:
    """What one process of a task trains. `left` are its runs that have not ended, in the order in which they begin."""

    submission: Submission
    number: int
    part: Part
    work: Work
    worker: int  # as events call it
    left: dict[int, None] = field(default_factory=dict)
    begun: bool = False
    got_on: bool = False  # a run of it has ended
    gone: float | None = None  # since when the cluster has not known it

    def __post_init__(self) -> None:
        self.left = dict.fromkeys(self.work.members)
        self.path = handed.part_path(self.submission.folder, self.number)
        self.job = self.submission.job(self.number)
        self.begins, self.ends = self.path.with_suffix(BEGUN).name, self.path.with_suffix(ENDED).name

    def writes(self, path: Path) -> bool:
        """Whether it writes a checkpoint."""
        return handed.writes(path.name, self.submission.number, self.number)

    def has(self, path: Path) -> bool:
        """Whether a checkpoint is its own, be it that it writes it or that its runs continue from it."""
        return self.writes(path) or path.name in self.part.sources

    def gets_on(self, root: Path) -> bool:
        """Whether it has done what need not be done again."""
        return self.got_on or any(map(self.writes, checkpoints(root)))


class Parts:
    """Those of one session."""

    def __init__(self, session: Handing):
        self.session = session
        self.now: list[UnderWay] = []
        self.count = 0  # of all that there have been
        for submission in handed.submissions(session.root):
            self._take_up(submission)
        if self.now:
            said = plural(len({each.job for each in self.now}), "task")
            session.notes.append(f"{said} of job {', '.join(self.arrays())} at work on the sweep already: watching")

    def __iter__(self) -> Iterator[UnderWay]:
        return iter(list(self.now))

    def __len__(self) -> int:
        return len(self.now)

    def _take_up(self, submission: Submission) -> None:
        live = living(submission)
        if not live:
            return handed.forget(submission.folder)
        names = {name_of(self.session.runs[i].folder, self.session.root): i for i in range(len(self.session.runs))}
        for number in range(len(submission.jobs) * submission.ranks):
            path = handed.part_path(submission.folder, number)
            if submission.job(number) in live and path.exists() and not path.with_suffix(ENDED).exists():
                part = handed.read_part(submission.folder, number)
                members = tuple(names[name] for name in part.runs)
                path = self.session.root / handed.checkpoint_name(submission.number, number, 0)
                self.add(submission, number, part, Work((Population(members, 1),), path))

    def add(self, submission: Submission, number: int, part: Part, work: Work) -> None:
        """A part has been handed out."""
        self.now.append(UnderWay(submission, number, part, work, self.count))
        self.count += 1

    def remove(self, each: UnderWay) -> None:
        """A part has ended; nothing is kept of a submission of which all have."""
        self.now.remove(each)
        if not any(other.submission is each.submission for other in self.now):
            handed.forget(each.submission.folder)

    def arrays(self) -> list[str]:
        """The jobs of all, an array as one."""
        return sorted({each.submission.array for each in self.now})

    @property
    def away(self) -> frozenset[int]:
        """The runs that tasks are at work on."""
        return frozenset(i for each in self.now for i in each.left)

    def owns(self, path: Path) -> bool:
        """Whether a checkpoint is of no task that is at work."""
        return not any(each.has(path) for each in self.now)


def living(submission: Submission) -> list[str]:
    """The jobs of a submission that have not ended. RunError if nobody can say."""
    folder = submission.folder.parent
    try:
        states = engines.cluster(submission.cluster).states(submission.jobs)
    except Unanswered as error:
        raise RunError(
            f"{folder.parent}: whether job {submission.array} is still at work on it cannot be asked ({error}). Resume "
            f"where the cluster answers; if its tasks are surely gone, delete {folder}."
        ) from error
    return [job for job, state in states.items() if state in LIVE]


def refuse_live(root: Path) -> None:
    """ConfigError if tasks of a cluster are at work on a sweep that is to train on this machine."""
    for submission in handed.submissions(root):
        if live := living(submission):
            again = plugins.command("resume", shown_path(root))
            raise ConfigError(
                f"{root}: {plural(len(live), 'task')} of job {submission.array} at work on this sweep; watch them with "
                f"`{again}`, or cancel them first"
            )
        handed.forget(submission.folder)
