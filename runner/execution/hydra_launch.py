"""From the jobs of Hydra's sweep to runs that train together, and back to what Hydra's users expect of a launcher.

Every job gets a folder with .hydra/, its callbacks and its return (the best value of the monitored metric).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from runner.config.compose import Composer
from runner.config.overrides import is_hydra, parse
from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.execution import run_list
from runner.execution.executors.chosen import check_cluster
from runner.execution.hydra_return import SweepReturn, current
from runner.execution.lock import lock
from runner.execution.options import Options
from runner.execution.session import Session, unwatched
from runner.execution.start import train_listed
from runner.execution.work import Run
from runner.plan.duplicates import request
from runner.plan.fold_runs import expand_folds
from runner.plan.read_data import data_of
from runner.records.names import folder_name, job_labels
from runner.records.run_folder import LIST, MULTIRUN
from runner.training.outcome import Outcome

NUMBER = "${hydra.job.num}"  # what hydra.sweep.subdir is unless the user says otherwise


class _Job(NamedTuple):
    """One of Hydra's jobs: its words, and the runs it asks for by what tells them apart, which have no folders yet."""

    words: list[str]
    runs: dict[str, Run]


class Launch:
    """One call of the launcher: `config` is the sweep's own configuration, `options` are hydra.launcher.*"""

    def __init__(self, config: DictConfig, context: HydraContext, task: TaskFunction, options: dict[str, Any]):
        self.config, self.context, self.task, self.options = config, context, task, Options.checked(options)
        self.root = Path(str(config.hydra.sweep.dir)).absolute()
        check_cluster(self.options, self.root)
        self._choices: dict[tuple[str, ...], dict[str, str | None]] = {}

    def run(self, jobs: list[list[str]], first: int) -> Sequence[JobReturn]:
        """Train the jobs, numbered from `first`. A sweep that is there already (`--extend`, or a sweeper that works in
        batches) grows by those that it has not.
        """
        _refuse_per_process(self.config)
        asked = self._read(jobs)
        with lock(self.root):
            folders, ended = self._train_all(asked)
        returns = []
        for number, job in enumerate(asked, first):
            places = [folders[key] for key in job.runs]
            compose = partial(self._composed, job.words, number, places[0])
            returns.append(SweepReturn(compose, job.words, list(map(ended.get, places))))
        self._fire_callbacks(returns)
        return returns

    def _read(self, jobs: list[list[str]]) -> list[_Job]:
        """What each job trains: one run, or one a fold. ConfigError with the problems of all."""
        name = self.config.hydra.job.config_name or "config"
        composer: Composer = getattr(self.task, "composer", None) or Composer(name)
        distinct = list(dict.fromkeys(word for words in jobs for word in words))
        overrides, problems = parse(distinct)
        if problems:
            raise ConfigError(problems)
        parsed, found = dict(zip(distinct, overrides, strict=True)), []
        known: dict[Any, Run] = {}
        for words in jobs:
            overrides = [parsed[word] for word in words]
            settings, wrong = composer.settings(overrides)
            problems += wrong
            if settings is not None:
                own, choices = tuple(w for w in words if not w.startswith("hydra")), self._chosen(composer, overrides)
                runs = [_run(self.root, each, own, choices, known) for each in expand_folds(settings)]
                found.append(_Job(words, {request(run.settings, run.told): run for run in runs}))
        if problems:
            raise ConfigError(list(dict.fromkeys(problems)))
        return found

    def _chosen(self, composer: Composer, overrides: list[Override]) -> dict[str, str | None]:
        """What Hydra chose for a job in groups in which it differs from the sweep's own configuration."""
        words = [override for override in overrides if is_hydra(override) or composer.is_choice(override)]
        key = tuple(override.input_line or "" for override in words)
        if key not in self._choices:
            ours, theirs = self.config.hydra.runtime.choices, composer.chosen(words)
            own = [group for group in theirs if not group.startswith("hydra/") and ours.get(group) != theirs[group]]
            self._choices[key] = {group: theirs[group] for group in own}
        return self._choices[key]

    def _train_all(self, jobs: list[_Job]) -> tuple[dict[str, Path], dict[Path, Outcome]]:
        """Folders of runs by what was asked for, and outcomes by folder."""
        before, known = run_list.load(self.root) if (self.root / LIST).is_file() else ([], {})
        folders = {request(run.settings, run.told): run.folder for run in before}
        runs = before + self._new(jobs, folders)
        self._check_names(runs)
        if not (self.root / MULTIRUN).exists():  # as a sweeper that is neither ours nor Hydra's may leave it
            OmegaConf.save(self.config, self.root / MULTIRUN)
        screen = getattr(self.task, "screen", unwatched)
        session = Session(self.root, runs, data_of([run.settings for run in runs]), self.options)
        outcomes = train_listed(session, known, screen)
        if report := getattr(self.task, "ended", None):
            report(outcomes, self.root)
        return folders, {outcome.folder: outcome for outcome in outcomes}

    def _new(self, jobs: list[_Job], folders: dict[str, Path]) -> list[Run]:
        """The runs that have no folder yet, each once although several jobs may ask for it; they get one."""
        labels = job_labels([next(iter(job.runs.values())) for job in jobs], [job.words for job in jobs])
        new: list[Run] = []
        for job, label in zip(jobs, labels, strict=True):
            for key, run in job.runs.items():
                if key not in folders:
                    fold = f"_fold={run.settings.dataset.fold}" if len(job.runs) > 1 else ""
                    own = self._subdir(job.words, len(folders))
                    name = f"{own}{fold}" if own else folder_name(f"{len(folders):03d}_{label}{fold}")
                    folders[key] = self.root / name
                    new.append(run.at(folders[key]))
        return new

    def _check_names(self, runs: list[Run]) -> None:
        """ConfigError unless each run has a folder of its own below that of the sweep."""
        found = Counter(run_list.name_of(run.folder, self.root) for run in runs)
        for name, count in sorted(found.items()):
            if count > 1 or name.split(os.sep)[0] in (os.curdir, os.pardir):
                wrong = "two runs of the sweep would lie there" if count > 1 else "not below the sweep's folder"
                hint = "leave it out, or use what differs: ${hydra.job.override_dirname}"
                raise ConfigError(f"hydra.sweep.subdir = {name}: {wrong}; {hint}")

    # ---- what Hydra's users see of a job, which takes Hydra 110 ms to compose: only when somebody looks at it

    def _composed(self, words: Sequence[str], number: int, folder: Path | None = None) -> DictConfig:
        """The configuration of a job as Hydra composes it."""
        config = self.context.config_loader.load_sweep_config(self.config, list(words))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
            if folder is not None:
                config.hydra.runtime.output_dir = str(folder)
        return config

    def _subdir(self, words: Sequence[str], number: int) -> str | None:
        """The folder of a job where the user has named them (hydra.sweep.subdir), else None."""
        if self._numbered:
            return None
        config = self._composed(words, number)
        with current(config):
            return str(OmegaConf.select(config, "hydra.sweep.subdir"))

    @cached_property
    def _numbered(self) -> bool:
        asked: Any = OmegaConf.to_container(self.config.hydra.sweep, resolve=False)
        return asked["subdir"] == NUMBER

    def _fire_callbacks(self, returns: Sequence[SweepReturn]) -> None:
        """Start and end of every job, in pairs, for Hydra's callbacks if there are any."""
        callbacks = self.context.callbacks
        for each in returns if callbacks.callbacks else ():
            with current(each.config):
                callbacks.on_job_start(config=each.config, task_function=self.task)
                callbacks.on_job_end(config=each.config, job_return=each)


def _run(
    root: Path,
    settings: Settings,
    words: tuple[str, ...],
    choices: Mapping[str, str | None],
    known: dict[Any, Run],
) -> Run:
    """A run that has no folder yet; `known` are the first of those that differ in nothing but seed and name."""
    run = Run(root, settings, words, choices)
    other = known.setdefault((settings.parts(), tuple(settings.chosen.items())), run)
    return run if other is run else run.known_by(other)


def _refuse_per_process(config: DictConfig) -> None:
    """ConfigError for what Hydra does to the process of a job: a run of a population has no separate process."""
    at_once = "the runs of a sweep share a process, which has one"
    by_turns = "or run them one after the other with hydra/launcher=basic"
    problems = {
        "chdir": f"hydra.job.chdir = true: {at_once} working directory; leave it false, {by_turns}",
        "env_set": f"hydra.job.env_set: {at_once} environment; set it in the shell, {by_turns}",
    }
    if found := [problem for key, problem in problems.items() if config.hydra.job.get(key)]:
        raise ConfigError(found)
