"""From the jobs of a sweep, which are words, to runs that have folders: when it begins, grows or is resumed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import is_hydra, parse
from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.execution import run_list
from runner.execution.hydra_return import current
from runner.execution.work import Run
from runner.plan.duplicates import request
from runner.plan.fold_runs import expand_folds
from runner.records.command import Command
from runner.records.names import folder_name, job_labels
from runner.records.run_folder import MULTIRUN

NUMBER = "${hydra.job.num}"  # what hydra.sweep.subdir is unless the user says otherwise


class Job(NamedTuple):
    """One of Hydra's jobs: its words, and the runs it asks for by what tells them apart, which get folders later."""

    words: list[str]
    runs: dict[str, Run]


class NewRuns:
    """Makes the runs of one sweep: `config` is its own configuration, `loader` Hydra's."""

    def __init__(self, root: Path, config: DictConfig, loader: Any, composer: Composer):
        self.root, self.config, self.loader, self.composer = root, config, loader, composer
        self._choices: dict[tuple[str, ...], dict[str, str | None]] = {}

    @staticmethod
    @contextmanager
    def again(root: Path) -> Iterator[NewRuns]:
        """As the sweep in `root` was started, by what its multirun.yaml says. Raises as reading YAML does."""
        from hydra.core.global_hydra import GlobalHydra

        config: Any = OmegaConf.load(root / MULTIRUN)
        plain: Any = OmegaConf.to_container(config.hydra, resolve=False)
        command = Command.of(plain)
        place = Path(command.config_path) if command.config_path else config_dir()
        with hydra_ready(place, command.config_dir or None):
            composer = Composer(command.config_name or "config", tuple(plain["overrides"]["hydra"]))
            yield NewRuns(root, config, GlobalHydra.instance().config_loader(), composer)

    def read(self, jobs: list[list[str]]) -> list[Job]:
        """What each job trains: one run, or one a fold. ConfigError with the problems of all."""
        distinct = list(dict.fromkeys(word for words in jobs for word in words))
        overrides, problems = parse(distinct)
        if problems:
            raise ConfigError(problems)
        parsed, found = dict(zip(distinct, overrides, strict=True)), []
        known: dict[Any, Run] = {}
        for words in jobs:
            overrides = [parsed[word] for word in words]
            settings, wrong = self.composer.settings(overrides)
            problems += wrong
            if settings is not None:
                own, choices = tuple(w for w in words if not w.startswith("hydra")), self._chosen(overrides)
                runs = [_run(self.root, each, own, choices, known) for each in expand_folds(settings)]
                found.append(Job(words, {request(run.settings, run.told): run for run in runs}))
        if problems:
            raise ConfigError(list(dict.fromkeys(problems)))
        return found

    def _chosen(self, overrides: list[Override]) -> dict[str, str | None]:
        """What Hydra chose for a job in groups in which it differs from the sweep's own configuration."""
        words = [override for override in overrides if is_hydra(override) or self.composer.is_choice(override)]
        key = tuple(override.input_line or "" for override in words)
        if key not in self._choices:
            ours, theirs = self.config.hydra.runtime.choices, self.composer.chosen(words)
            own = [group for group in theirs if not group.startswith("hydra/") and ours.get(group) != theirs[group]]
            self._choices[key] = {group: theirs[group] for group in own}
        return self._choices[key]

    def placed(self, jobs: Sequence[Job], folders: dict[str, Path], before: Sequence[Run] = ()) -> list[Run]:
        """The runs that have no folder yet, each once although several jobs may ask for it; they get one, which is
        noted in `folders`, by what was asked for. Their names tell them from those `before`, too.
        """
        firsts = [*before, *(next(iter(job.runs.values())) for job in jobs)]
        words = [*(run.overrides for run in before), *(job.words for job in jobs)]
        labels = job_labels(firsts, words)[len(before) :]
        new: list[Run] = []
        for job, label in zip(jobs, labels, strict=True):
            for key, run in job.runs.items():
                if key not in folders:
                    fold = f"_fold={run.settings.dataset.fold}" if len(job.runs) > 1 else ""
                    own = self._subdir(job.words, len(folders))
                    name = f"{own}{fold}" if own else folder_name(f"{len(folders):03d}_{label}{fold}")
                    folders[key] = self.root / name
                    job.runs[key] = run.at(folders[key])
                    new.append(job.runs[key])
        return new

    def check_names(self, runs: list[Run]) -> None:
        """ConfigError unless each run has a folder of its own below that of the sweep."""
        found = Counter(run_list.name_of(run.folder, self.root) for run in runs)
        for name, count in sorted(found.items()):
            if count > 1 or name.split(os.sep)[0] in (os.curdir, os.pardir):
                wrong = "two runs of the sweep would lie there" if count > 1 else "not below the sweep's folder"
                hint = "leave it out, or use what differs: ${hydra.job.override_dirname}"
                raise ConfigError(f"hydra.sweep.subdir = {name}: {wrong}; {hint}")

    @property
    def words(self) -> list[str]:
        """Those of the command line that are not about Hydra, as they were typed."""
        found: Any = OmegaConf.to_container(self.config.hydra.overrides, resolve=False)
        return [str(word) for word in found["task"]]

    # ---- a job as Hydra composes it, which takes it 110 ms: only when somebody looks at it

    def composed(self, words: Sequence[str], number: int, folder: Path | None = None) -> DictConfig:
        """The configuration of a job as Hydra composes it."""
        config = self.loader.load_sweep_config(self.config, list(words))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
            if folder is not None:
                config.hydra.runtime.output_dir = str(folder)
        return config

    def _subdir(self, words: Sequence[str], number: int) -> str | None:
        """The folder of a job where the user has named them (hydra.sweep.subdir), else None."""
        if self._numbered:
            return None
        config = self.composed(words, number)
        with current(config):
            return str(OmegaConf.select(config, "hydra.sweep.subdir"))

    @cached_property
    def _numbered(self) -> bool:
        asked: Any = OmegaConf.to_container(self.config.hydra.sweep, resolve=False)
        return asked["subdir"] == NUMBER


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
