"""What a sweep has handed to tasks of a cluster, as its folder holds it: each submission in a folder of DIR/.tasks.

A launcher writes PART.json for every process (which runs it trains), submits the tasks, and then writes jobs.json, so
that they are known. A task that does not find itself there was submitted by a launcher that died before, and leaves.
Each process writes PART.begun when it starts, and PART.ended last of all; what has become of its runs stands in the
runs' own folders. So a launcher that is started again knows whom to ask, and nothing is handed out twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from runner.errors import DamagedError
from runner.records import disk
from runner.records.run_folder import POPULATION, TASKS, checkpoints

JOBS = "jobs.json"
BEGUN, ENDED = ".begun", ".ended"


@dataclass(frozen=True)
class Part:
    """What one process trains: the lines of the sweep's list that have its runs, or the ensembles they are members of,
    its runs by name, the checkpoints they continue from, and how. A run pauses after the epoch that `until` names;
    those that are `pruned` end where they stand.
    """

    lines: tuple[int, ...]
    runs: tuple[str, ...]
    sources: tuple[str, ...] = ()
    workers: int = 1
    max_members: int | None = None
    keep_going: bool = True
    until: Mapping[str, int] = field(default_factory=dict)
    pruned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ended:
    """How a process ended, in so far as its runs' folders do not say it.

    `failed`: run -> (reason, traceback); `paused`: run -> the epoch of that; `late`: it ran out of time too often;
    `problem`: what kept it from training.
    """

    failed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    paused: Mapping[str, int] = field(default_factory=dict)
    late: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Submission:
    """Tasks that were submitted together. Process `part` is number part % ranks of the task jobs[part // ranks]."""

    folder: Path
    cluster: str
    jobs: tuple[str, ...]
    ranks: int = 1
    detached: bool = False
    logs: str = ""  # submitit's folder, %j for the job

    @cached_property
    def number(self) -> int:
        """Its place among those of the sweep."""
        return int(self.folder.name)

    @property
    def array(self) -> str:
        """Its tasks as one job."""
        return self.jobs[0].partition("_")[0]

    def write(self) -> None:
        """Note which tasks they are."""
        content = {key: value for key, value in asdict(self).items() if key != "folder"}
        disk.replace(self.folder / JOBS, json.dumps(content).encode())

    def job(self, part: int) -> str:
        """The job that a process belongs to."""
        return self.jobs[part // self.ranks]

    def log(self, part: int) -> str:
        """Where it says what happens."""
        job = self.job(part)
        return f"{self.logs.replace('%j', job)}/{job}_{part % self.ranks}_log.out"


def read_submission(folder: Path) -> Submission | None:
    """That of a folder below DIR/.tasks; None if nobody noted which tasks they are."""
    try:
        content = json.loads((folder / JOBS).read_bytes())
        return Submission(folder, **{**content, "jobs": tuple(content["jobs"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DamagedError(
            f"{folder / JOBS}: damaged ({error}); once no task of the sweep is at work, delete {folder.parent}."
        ) from error


def submissions(root: Path) -> Iterator[Submission]:
    """Those of a sweep that are noted; what was left of others is removed, so that their tasks leave."""
    for folder in sorted((root / TASKS).glob("[0-9]*")):
        if found := read_submission(folder):
            yield found
        else:
            forget(folder)


def new_folder(root: Path) -> Path:
    """A folder for the next submission, whose number no checkpoint has either."""
    disk.make_folder(root / TASKS)
    folders = [path.name for path in (root / TASKS).glob("[0-9]*")]
    written = [path.name.split("-")[1] for path in checkpoints(root) if path.name.count("-") == 3]
    number = max(map(int, [*folders, *written]), default=-1) + 1
    disk.make_folder(root / TASKS / f"{number:03d}")
    return root / TASKS / f"{number:03d}"


def forget(folder: Path) -> None:
    """Remove what was handed out, and the folder of all submissions when it was the last."""
    shutil.rmtree(folder, ignore_errors=True)
    disk.remove_empty(folder.parent)


def part_path(folder: Path, part: int) -> Path:
    """The file that says what a process trains."""
    return folder / f"{part:03d}.json"


def write_part(folder: Path, number: int, part: Part) -> None:
    """Say what a process trains."""
    disk.replace(part_path(folder, number), json.dumps(asdict(part)).encode())


def read_part(folder: Path, number: int) -> Part:
    """What a process trains; DamagedError if the file does not say it."""
    content = _content(part_path(folder, number))
    tuples = {key: tuple(content[key]) for key in ("lines", "runs", "sources", "pruned")}
    return Part(**{**content, **tuples})


def write_ended(folder: Path, number: int, ended: Ended) -> None:
    """Say that a process has ended, and how."""
    disk.replace(part_path(folder, number).with_suffix(ENDED), json.dumps(asdict(ended)).encode())


def read_ended(folder: Path, number: int) -> Ended:
    """How a process ended."""
    return Ended(**_content(part_path(folder, number).with_suffix(ENDED)))


def _content(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path}: damaged or not readable ({error}); resume the sweep.") from error


def checkpoint_name(submission: int, part: int, number: int) -> str:
    """The name of a checkpoint that a process writes; those of a sweep have one pattern."""
    return POPULATION.replace("{:03d}", f"{submission:03d}-{part:03d}-{number:03d}")


def writes(name: str, submission: int, part: int) -> bool:
    """Whether a process writes the checkpoint of this name."""
    return name.startswith(checkpoint_name(submission, part, 0).rpartition("-")[0] + "-")
