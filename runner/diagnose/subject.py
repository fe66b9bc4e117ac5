"""Whom a diagnosis is about: runs that have ended, found by their folder, or configurations, given as overrides."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from runner.config.compact import shown, told
from runner.config.settings import Settings
from runner.config.words import key_of, without
from runner.data.prepare import RunData, prepare
from runner.diagnose.base import Told
from runner.errors import ConfigError, RunError
from runner.execution.configurations import line_of
from runner.execution.session import Screen, Session, Watch
from runner.execution.start import start, start_together
from runner.execution.stored import read_config
from runner.execution.work import Run
from runner.records.command import Command
from runner.records.folders import OUTPUTS, make_numbered, newest
from runner.records.names import folder_name, labels, plural, shown_path, telling
from runner.records.run_folder import MODEL, SUMMARY, is_sweep
from runner.records.summary import read_summary
from runner.reports.find_model import find_model
from runner.reports.runs import read_sources
from runner.training.outcome import Outcome

KEPT, INITIAL = "kept", "initial"  # weights
FOLDER = "diagnose"  # below that of a run, of a sweep, and below outputs/


@dataclass
class Case:
    """One network in question: its configuration and, if it has been trained, the folder of the run."""

    label: str
    settings: Settings
    folder: Path | None = None
    status: str = ""
    reason: str = ""
    cache: dict = field(default_factory=dict, repr=False)

    @cached_property
    def data(self) -> RunData:
        """Its examples, in double precision."""
        return prepare(precise(self.settings), self.cache)

    def refuse_diverged(self, what: str) -> None:
        """RunError if the run diverged: its weights are no place to look around from."""
        if self.status == "diverged":
            raise RunError(
                f"{self.folder}: the run diverged ({self.reason}), so there is no {what} to speak of. Train again with a "
                "lower optimizer.lr, which `runner diagnose lr_range` finds"
            )


@dataclass
class Subject:
    """Cases, in the order in which they were named, and where the answer is written."""

    words: list[str]  # as typed
    cases: list[Case]
    place: Path
    notes: list[str] = field(default_factory=list)

    @property
    def case(self) -> Case:
        """The one there is."""
        return self.cases[0]

    @property
    def typed(self) -> str:
        """The words, for a command that is about the same."""
        return shlex.join(self.words)

    def again(self, kind: str, *changes: str) -> str:
        """The command that asks the same (or something else, `kind`) with changes: of a folder, that trains them."""
        if all(each.folder for each in self.cases) and len(self.words) == 1:
            return shlex.join(["runner", "repeat", *self.words, *changes])
        kept = without(self.words, {key_of(change) for change in changes})
        sweep = ["-m"] if "-m" in (*self.words, *changes) else []
        words = [word for word in (*kept, *changes) if word != "-m"]
        return shlex.join(["runner", "diagnose", kind, *sweep, *words])

    def trained(self, told: Told) -> Subject:
        """The same with every run trained, those that were given as overrides below `place`. RunError if one failed."""
        if all(case.folder for case in self.cases):
            return self
        folders = [self.place / "runs" / folder_name(f"{i:03d}_{each.label}") for i, each in enumerate(self.cases)]
        outcomes = _train(folders, [case.settings for case in self.cases], told)
        found = []
        for case, folder, outcome in zip(self.cases, folders, outcomes, strict=True):
            if outcome.status == "failed":
                raise RunError(f"{folder}: failed: {outcome.reason}")
            found.append(dataclasses.replace(case, folder=folder, **ended(folder)))
        words = [shown_path(folders[0] if len(folders) == 1 else folders[0].parent)]
        return dataclasses.replace(self, words=words, cases=found)

    def at(self, weights: str, told: Told, what: str) -> Subject:
        """The same with its run trained where the `kept` weights are meant. RunError if it diverged, so that there is
        no `what`.
        """
        if weights != KEPT:
            return self
        found = self.trained(told)
        found.case.refuse_diverged(what)
        return found


def _train(folders: Sequence[Path], settings: Sequence[Settings], tell: Told) -> list[Outcome]:
    if (parent := folders[0].parent).exists():
        raise ConfigError(f"--out {parent.parent}: holds runs of an earlier diagnosis; name another folder")
    parent.mkdir(parents=True)
    if len(folders) == 1:
        folders[0].mkdir()
        return start(settings[0], folders[0], watched(tell))
    runs = [Run(folder, each) for folder, each in zip(folders, settings, strict=True)]
    return start_together(runs, folders[0].parent, watched(tell))


def watched(tell: Told) -> Screen:
    """How many runs have ended, said every two seconds."""

    @contextmanager
    def screen(_session: Session) -> Iterator[Watch]:
        yield lambda session, event: tell(len(session.outcomes), session.training, "runs trained")

    return screen


def ended(folder: Path) -> dict[str, str]:
    """How a run ended: status and reason; both "" if it has not."""
    summary = read_summary(folder) if (folder / SUMMARY).exists() else {}
    return {"status": str(summary.get("status", "")), "reason": str(summary.get("reason", ""))}


def precise(settings: Settings) -> Settings:
    """The same in double precision on the CPU, where differences of losses mean something."""
    return dataclasses.replace(settings, trainer=dataclasses.replace(settings.trainer, dtype="float64", device="cpu"))


def subject(words: Sequence[str], kind: str, *, several: bool, multirun: bool = False, out: str = "") -> Subject:
    """What the words name: a folder, `last`, or overrides. ConfigError if it is none of them."""
    words = list(words)
    folders = [word for word in words if "=" not in word and not word.startswith("~")]
    if folders and (len(words) > 1 or multirun):
        raise ConfigError(
            f"{folders[0]}: name the folder of one run or sweep, or overrides such as model.hidden=[8], not both"
        )
    if folders:
        return _of_folder(folders[0], kind, several=several, out=out)
    line = line_of(Command(tuple(words)), multirun=multirun)
    place = Path(out) if out else _new_place(kind)
    found = Subject([*["-m"] * multirun, *words], _labelled(line.settings), place)
    if len(found.cases) > 1 and not several:
        raise ConfigError(f"{kind}: is about one run, but the words stand for {len(found.cases)}; give one value a key")
    return found


def _of_folder(text: str, kind: str, *, several: bool, out: str) -> Subject:
    folder = newest(OUTPUTS, sweeps=several) if text == "last" else Path(text).expanduser()
    place = Path(out) if out else folder / FOLDER / kind
    if not several:
        run, notes = find_model(folder).parent, []
        if is_sweep(folder):
            notes = [f"of the sweep its best run, {run}"]
        return Subject([text], [Case(run.name, read_config(run), run, **ended(run))], place, notes)
    rows = [row for source in read_sources(folder) for row in source.rows]
    finished = [row for row in rows if row.finished and (row.folder / MODEL).exists()]
    if not finished:
        raise RunError(f"{folder}: none of its {plural(len(rows), 'run')} has finished")
    cases = _labelled([read_config(row.folder) for row in finished])
    for case, row in zip(cases, finished, strict=True):
        case.folder, case.status = row.folder, row.status
    left = len(rows) - len(finished)
    return Subject([text], cases, place, [f"{plural(left, 'run')} left out, not trained to the end"] if left else [])


def _labelled(runs: Sequence[Settings]) -> list[Case]:
    """A case each, called by the values in which it differs from the others."""
    values, cache = [shown(run) for run in runs], {}
    keys = telling(values, [told(run) for run in runs])
    names = labels(values, [key for key in keys if key != "name"])
    cases = [Case(name or "run", run, cache=cache) for run, name in zip(runs, names, strict=True)]
    return cases


def _new_place(kind: str) -> Path:
    now = datetime.now()
    return make_numbered(str(OUTPUTS / FOLDER / kind / f"{now:%Y-%m-%d_%H-%M-%S}"), "outputs")
