"""From the jobs of Hydra's sweep to runs that train together, and back to what Hydra's users expect of a launcher.

Every job gets a folder with .hydra/, its callbacks and its return (the best value of the monitored metric).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from runner.config.compose import Composer
from runner.errors import ConfigError
from runner.execution import run_list
from runner.execution.continuing import judge_again
from runner.execution.executors.chosen import check_cluster
from runner.execution.growth import Growth
from runner.execution.hydra_return import SweepReturn, current
from runner.execution.lock import lock
from runner.execution.new_runs import Job, NewRuns
from runner.execution.options import Options
from runner.execution.searching import search_in
from runner.execution.session import Session, unwatched
from runner.execution.start import train_listed
from runner.plan.duplicates import request
from runner.plan.read_data import data_of
from runner.records.run_folder import LIST, MULTIRUN
from runner.training.outcome import Outcome


class Launch:
    """One call of the launcher: `config` is the sweep's own configuration, `options` are hydra.launcher.*"""

    def __init__(self, config: DictConfig, context: HydraContext, task: TaskFunction, options: dict[str, Any]):
        self.config, self.context, self.task, self.options = config, context, task, Options.checked(options)
        self.root = Path(str(config.hydra.sweep.dir)).absolute()
        check_cluster(self.options, self.root)
        composer = getattr(task, "composer", None) or Composer(config.hydra.job.config_name or "config")
        self.made = NewRuns(self.root, config, context.config_loader, composer)

    def run(self, jobs: list[list[str]], first: int) -> Sequence[JobReturn]:
        """Train the jobs, numbered from `first`, and those that a search asks for. A sweep that is there already
        (`--extend`, or a sweeper that works in batches) grows by those that it has not.
        """
        _refuse_per_process(self.config)
        asked = self.made.read(jobs)
        with lock(self.root):
            folders, ended = self._train_all(asked)
        returns = []
        for number, job in enumerate(asked, first):
            places = [folders[key] for key in job.runs]
            compose = partial(self.made.composed, job.words, number, places[0])
            returns.append(SweepReturn(compose, job.words, list(map(ended.get, places))))
        self._fire_callbacks(returns)
        return returns

    def _train_all(self, jobs: list[Job]) -> tuple[dict[str, Path], dict[Path, Outcome]]:
        """Folders of runs by what was asked for, and outcomes by folder; what a search asks for is added to `jobs`."""
        before, known = run_list.load(self.root) if (self.root / LIST).is_file() else ([], {})
        if not (self.root / MULTIRUN).exists():  # as a sweeper that is neither ours nor Hydra's may leave it
            OmegaConf.save(self.config, self.root / MULTIRUN)
        growth = Growth.of(self.made, jobs, before)
        folders = growth.folders if growth else {request(run.settings, run.told): run.folder for run in before}
        runs = growth.begun() if growth else before + self.made.placed(jobs, folders)
        self.made.check_names(runs)
        screen = getattr(self.task, "screen", unwatched)
        data = data_of([run.settings for run in runs])
        search = search_in(self.root, runs, data, growth)
        if search:
            judge_again(before)
        outcomes = train_listed(
            Session(self.root, runs, data, self.options, search=search, growth=growth), known, screen
        )
        if report := getattr(self.task, "ended", None):
            report(outcomes, self.root)
        return folders, {outcome.folder: outcome for outcome in outcomes}

    def _fire_callbacks(self, returns: Sequence[SweepReturn]) -> None:
        """Start and end of every job, in pairs, for Hydra's callbacks if there are any."""
        callbacks = self.context.callbacks
        for each in returns if callbacks.callbacks else ():
            with current(each.config):
                callbacks.on_job_start(config=each.config, task_function=self.task)
                callbacks.on_job_end(config=each.config, job_return=each)


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
