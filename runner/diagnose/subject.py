"""Whom a diagnosis is about: runs that have ended, found by their folder, or configurations, given as overrides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.config.compact import shown, told
from runner.config.settings import Settings
from runner.config.words import key_of, without
from runner.data.prepare import RunData, prepare
from runner.errors import ConfigError, RunError
from runner.execution.configurations import line_of
from runner.execution.session import Screen, Session, Watch
from runner.execution.start import start, start_together
from runner.execution.stored import read_config
from runner.execution.work import Run
from runner.plan.checks import check_against_data
from runner.plan.fold_runs import expand_folds
from runner.records.command import Command
from runner.records.folders import OUTPUTS, make_numbered, newest
from runner.records.names import folder_name, labels, plural, shown_path, telling
from runner.records.run_folder import MEMBERS, MODEL, SUMMARY, is_ensemble, is_sweep
from runner.records.summary import read_summary
from runner.records.told import Tell
from runner.reports.find_model import find_model
from runner.reports.runs import read_sources
from runner.training.outcome import Outcome

KEPT = "kept"  # the weights that a run has left, not its initial ones
UNWATCHED: dict[str, Any] = {"monitor": "train/loss", "patience": None}
FOLDER = "diagnose"  # below that of a run, of a sweep, and below outputs/


@dataclass
class Case:
    """One network in question: its configuration and, if it has been trained, the folder of the run."""

    label: str
    settings: Settings
    folder: Path | None = None
    status: str = ""
    reason: str = ""
    sha256: str = ""  # of the data it was trained on, if it has been
    cache: dict = field(default_factory=dict, repr=False)

    @cached_property
    def data(self) -> RunData:
        """Its examples, in double precision."""
        return self._read(precise(self.settings))

    @cached_property
    def as_trained(self) -> RunData:
        """Its examples, in the number format of its training."""
        return self._read(self.settings)

    def _read(self, settings: Settings) -> RunData:
        """ConfigError if the run can't be trained on them, RunError if it has been trained on others."""
        data = prepare(settings, self.cache)
        if self.folder is None and (problems := check_against_data(unwatching(self.settings), data)):
            raise ConfigError(problems)
        if self.sha256 not in ("", data.sha256):
            raise RunError(f"{self.folder}: its data have changed since it was trained; bring the old ones back")
        return data

    def ended(self, folder: Path) -> Case:
        """The same as the run in a folder has left it."""
        summary = read_summary(folder) if (folder / SUMMARY).exists() else {}
        status, reason, sha256 = (str(summary.get(key, "")) for key in ("status", "reason", "data_sha256"))
        return Case(self.label, self.settings, folder, status, reason, sha256, self.cache)

    def refuse_diverged(self, what: str) -> None:
        """RunError if the run diverged: its weights are no place to look around from."""
        if self.status == "diverged":
            raise RunError(
                f"{self.folder}: the run diverged ({self.reason}), so there is no {what} to speak of. Train again with "
                "a lower optimizer.lr, which `runner diagnose lr_range` finds"
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

    def ask(self, kind: str, *flags: str) -> str:
        """The command that asks something (else) about the same."""
        return plugins.command("diagnose", kind, *self.words, *flags)

    @property
    def is_folder(self) -> bool:
        """Whether it was named by its folder."""
        return len(self.words) == 1 and "=" not in self.words[0]

    def again(self, kind: str, *changes: str) -> str:
        """The command that asks the same (or something else, `kind`) with changes; of a folder, that trains them."""
        if self.is_folder:
            return plugins.command("repeat", *self.words, *changes)
        kept = without(self.words, {key_of(change) for change in changes})
        return plugins.command("diagnose", kind, *kept, *changes)

    def sweep(self, key: str, values: Sequence[str], *more: str) -> str:
        """The command that trains with each of some values of a key; of a folder, with the middle one."""
        if self.is_folder:
            return plugins.command("repeat", *self.words, f"{key}={values[len(values) // 2]}")
        kept = without([word for word in self.words if word != "-m"], {key})
        return plugins.command("-m", *kept, f"{key}={','.join(values)}", *more)

    def trained(self, told: Tell) -> Subject:
        """The same with every run trained, those that were given as overrides below `place`. RunError if one failed."""
        if all(case.folder for case in self.cases):
            return self
        folders = [self.place / "runs" / folder_name(f"{i:03d}_{each.label}") for i, each in enumerate(self.cases)]
        outcomes = _train(folders, [case.settings for case in self.cases], told)
        found = []
        for case, folder, outcome in zip(self.cases, folders, outcomes, strict=True):
            if outcome.status == "failed":
                raise RunError(f"{folder}: failed: {outcome.reason}")
            found.append(case.ended(folder))
        words = [shown_path(folders[0] if len(folders) == 1 else folders[0].parent)]
        return dataclasses.replace(self, words=words, cases=found)

    def at(self, weights: str, told: Tell, what: str) -> Subject:
        """The same with its run trained where the `kept` weights are meant. RunError if it diverged, so that there is
        no `what`.
        """
        if weights != KEPT:
            return self
        found = self.trained(told)
        found.case.refuse_diverged(what)
        return found


def _train(folders: Sequence[Path], settings: Sequence[Settings], tell: Tell) -> list[Outcome]:
    if (parent := folders[0].parent).exists():
        raise ConfigError(f"--out {parent.parent}: holds runs of an earlier diagnosis; name another folder")
    parent.mkdir(parents=True)
    if len(folders) == 1:
        folders[0].mkdir()
        return start(settings[0], folders[0], watched(tell))
    runs = [Run(folder, each) for folder, each in zip(folders, settings, strict=True)]
    return start_together(runs, folders[0].parent, watched(tell))


def watched(tell: Tell) -> Screen:
    """How many runs have ended, said every two seconds."""

    @contextmanager
    def screen(_session: Session) -> Iterator[Watch]:
        yield lambda session, event: tell(len(session.outcomes), session.training, "runs trained")

    return screen


def unwatching(settings: Settings) -> Settings:
    """The same without the need of validation rows, which only training has: it is checked when it begins."""
    return dataclasses.replace(settings, early_stopping=dataclasses.replace(settings.early_stopping, **UNWATCHED))


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
    runs = [fold for run in line.settings for fold in expand_folds(run)]
    if len(runs) > 1 and not several:
        raise ConfigError(f"{kind}: is about one run, but the words stand for {len(runs)}; give one value a key")
    _refuse_ensembles(kind, runs, [*["-m"] * multirun, *words])
    place = Path(out) if out else _new_place(kind)
    return Subject([*["-m"] * multirun, *words], _labelled(runs), place)


def _refuse_ensembles(kind: str, runs: Sequence[Settings], words: Sequence[str]) -> None:
    if not any(run.ensemble.active for run in runs):
        return
    alone = without(words, {"ensemble", *(key_of(word) for word in words if word.startswith("ensemble."))})
    if len(alone) < len(words):
        way = f"ask about the network alone: `{plugins.command('diagnose', kind, *alone)}`"
    else:
        way = f"name one of members/ in one of the runs: `{plugins.command('diagnose', kind)} RUN/members/000`"
    raise ConfigError(f"{kind}: is about single networks, but the run is an ensemble of several; {way}")


def _first_member(ensemble: Path) -> Path:
    """The folder of an ensemble's first member. RunError if none has ended."""
    found = sorted(path.parent for path in (ensemble / MEMBERS).glob(f"*/{MODEL}"))
    if not found:
        raise RunError(
            f"{ensemble / MEMBERS}: no member has ended. {plugins.command('resume', str(ensemble))} trains them"
        )
    return found[0]


def _of_folder(text: str, kind: str, *, several: bool, out: str) -> Subject:
    folder = newest(OUTPUTS, sweeps=several) if text == "last" else Path(text).expanduser()
    place = Path(out) if out else folder / FOLDER / kind
    if not several:
        run, notes = find_model(folder).parent, []
        if is_sweep(folder):
            notes = [f"of the sweep its best run, {run}"]
        if is_ensemble(run):
            run = _first_member(run)
            notes.append(f"of the ensemble its first member, {shown_path(run)}")
        own = read_config(run)
        return Subject([text], [Case(run.name, own).ended(run)], place, notes)
    rows = [row for source in read_sources(folder) for row in source.rows]
    ended = [row for row in rows if row.finished]
    _refuse_ensembles(kind, [read_config(row.folder) for row in ended if is_ensemble(row.folder)], [])
    finished = [row for row in ended if (row.folder / MODEL).exists()]
    if not finished:
        raise RunError(f"{folder}: none of its {plural(len(rows), 'run')} has finished")
    settings = [read_config(row.folder) for row in finished]
    cases = _labelled(settings)
    cases = [case.ended(row.folder) for case, row in zip(cases, finished, strict=True)]
    left = len(rows) - len(finished)
    return Subject([text], cases, place, [f"{plural(left, 'run')} left out, not trained to the end"] if left else [])


def _labelled(runs: Sequence[Settings]) -> list[Case]:
    """A case each, called by the values in which it differs from the others."""
    values = [shown(run) for run in runs]
    cache: dict = {}
    keys = telling(values, [told(run) for run in runs])
    names = labels(values, [key for key in keys if key != "name"])
    return [Case(name or "run", run, cache=cache) for run, name in zip(runs, names, strict=True)]


def _new_place(kind: str) -> Path:
    now = datetime.now()
    return make_numbered(str(OUTPUTS / FOLDER / kind / f"{now:%Y-%m-%d_%H-%M-%S}"), "outputs")
