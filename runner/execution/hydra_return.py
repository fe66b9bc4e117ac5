"""What Hydra's users see of every job of a sweep once it has ended: its configuration and its return."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobRuntime, JobStatus
from omegaconf import DictConfig, OmegaConf

from runner.errors import RunError
from runner.training.outcome import Outcome


@contextmanager
def current(config: DictConfig) -> Iterator[None]:
    """`config` is what HydraConfig.get() gives."""
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

    def __init__(self, compose: Callable[[], DictConfig], words: Sequence[str], outcomes: Sequence[Outcome | None]):
        self._compose = compose
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
        return OmegaConf.masked_copy(self.config, keys)
