"""What Hydra's users see of every job of a sweep: its configuration, its return, callbacks, the name of its folder.

Hydra composes each job anew, 110 ms apiece; here that is done only when somebody looks at it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn, JobRuntime, JobStatus

from runner.errors import ConfigError, RunError
from runner.training.outcome import Outcome

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

NUMBER = "${hydra.job.num}"  # what hydra.sweep.subdir is unless the user says otherwise


class HydraJobs:
    """Of one sweep: `config` is its own configuration."""

    def __init__(self, config: DictConfig, context: HydraContext):
        self.config, self.context = config, context

    def composed(self, words: Sequence[str], number: int, folder: Path | None = None) -> DictConfig:
        """The configuration of a job as Hydra composes it."""
        from omegaconf import open_dict

        config = self.context.config_loader.load_sweep_config(self.config, list(words))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
            if folder is not None:
                config.hydra.runtime.output_dir = str(folder)
        return config

    def subdir(self, words: Sequence[str], number: int) -> str | None:
        """The folder of a job where the user has named them (hydra.sweep.subdir), else None."""
        from omegaconf import OmegaConf

        asked: Any = OmegaConf.to_container(self.config.hydra.sweep, resolve=False)
        if asked["subdir"] == NUMBER:
            return None
        config = self.composed(words, number)
        with _current(config):
            return str(OmegaConf.select(config, "hydra.sweep.subdir"))

    def fire_callbacks(self, returns: Sequence[SweepReturn], task: TaskFunction) -> None:
        """Start and end of every job, in pairs, for Hydra's callbacks if there are any."""
        callbacks = self.context.callbacks
        for each in returns if callbacks.callbacks else ():
            with _current(each.config):
                callbacks.on_job_start(config=each.config, task_function=task)
                callbacks.on_job_end(config=each.config, job_return=each)


@contextmanager
def _current(config: DictConfig) -> Iterator[None]:
    """`config` is what HydraConfig.get() gives."""
    from hydra.core.hydra_config import HydraConfig

    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


class SweepReturn(JobReturn):
    """How a job ended: the mean best value of what its runs monitored (NaN if one diverged), or the failure of one. Its
    configuration is composed when it is asked for.

    An outcome None is of a run that was not trained to its end, as another failed before (keep_going=false).
    """

    def __init__(
        self, jobs: HydraJobs, words: Sequence[str], number: int, folder: Path, outcomes: Sequence[Outcome | None]
    ):
        self._compose = lambda: jobs.composed(words, number, folder)
        self.overrides = [word for word in words if not word.startswith("hydra")]
        self.task_name, self.working_dir = JobRuntime.instance().get("name"), os.getcwd()
        reasons = [outcome.reason for outcome in outcomes if outcome and outcome.status == "failed"]
        reasons += ["the sweep was stopped before, as a run had failed" for outcome in outcomes if outcome is None]
        self.status = JobStatus.FAILED if reasons else JobStatus.COMPLETED
        values = [outcome.best for outcome in outcomes if outcome and outcome.best is not None]
        whole = values and all(outcome.status != "diverged" for outcome in outcomes if outcome)
        mean = sum(values) / len(values) if whole else float("nan")
        self.return_value = RunError(reasons[0]) if reasons else mean

    @cached_property
    def config(self) -> DictConfig:
        """All of it, Hydra's own node included."""
        return self._compose()

    @cached_property
    def cfg(self) -> Any:  # type: ignore[override]
        """The configuration of the task."""
        return self._part([str(key) for key in self.config if key != "hydra"])

    @cached_property
    def hydra_cfg(self) -> Any:  # type: ignore[override]
        """Hydra's own configuration."""
        return self._part(["hydra"])

    def _part(self, keys: list[str]) -> Any:
        from omegaconf import OmegaConf

        return OmegaConf.masked_copy(self.config, keys)


def refuse_per_process(config: DictConfig) -> None:
    """ConfigError for what Hydra does to the process of a job: a run of a population has no separate process."""
    at_once = "the runs of a sweep share a process, which has one"
    by_turns = "or run them one after the other with hydra/launcher=basic"
    problems = {
        "chdir": f"hydra.job.chdir = true: {at_once} working directory; leave it false, {by_turns}",
        "env_set": f"hydra.job.env_set: {at_once} environment; set it in the shell, {by_turns}",
    }
    if found := [problem for key, problem in problems.items() if config.hydra.job.get(key)]:
        raise ConfigError(found)
