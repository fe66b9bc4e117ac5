"""How runs are carried out, which hydra.launcher.* says, checked; where a dry run can ask without importing torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.errors import ConfigError, shortened
from runner.execution.work import on_gpu
from runner.records.command import launcher_options

EXECUTORS = ("processes", "serial")
OPTIONS = ("executor", "workers", "max_members", "keep_going")


@dataclass(frozen=True)
class Options:
    """How runs are carried out: hydra.launcher.*"""

    executor: str = "processes"
    workers: int | None = None  # None: one a core
    max_members: int | None = None  # rows that train side by side; None: what fits the cache
    keep_going: bool = True  # False: the first failed run stops the sweep

    @classmethod
    def of_workers(cls, workers: Any) -> Options:
        """1 trains in this process, more in so many others; ConfigError for what is no such number."""
        if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
            raise ConfigError(f"workers = {shortened(workers)}: must be a whole number >= 1")
        return HERE if workers == 1 else cls(workers=workers)

    @property
    def here(self) -> bool:
        """Whether everything is carried out in this process."""
        return self.executor == "serial"

    def processes(self, runs: Sequence[Settings]) -> int:
        """How many works are carried out at a time: as many as asked for, else one a core, or one that has a GPU."""
        if self.here:
            return 1
        return self.workers or (1 if on_gpu(runs) else len(os.sched_getaffinity(0)))

    @classmethod
    def stored(cls, root: Path, given: dict[str, Any]) -> Options:
        """As the sweep in `root` was started, but for what is given; the defaults if that is unknown."""
        found = launcher_options(root)
        try:
            cls.checked(found)
        except ConfigError:  # edited, or of another launcher
            found = {}
        return cls.checked(found | given)

    @classmethod
    def checked(cls, given: dict[str, Any]) -> Options:
        """Options from hydra.launcher.*; ConfigError with everything that is wrong."""
        problems = [f"hydra.launcher.{key} = {given[key]}: unknown key" for key in given if key not in OPTIONS]
        for key in ("workers", "max_members"):
            value = given.get(key)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                problems.append(
                    f"hydra.launcher.{key} = {value}: must be a whole number >= 1, or null for as many as fit"
                )
        if not isinstance(given.get("keep_going", True), bool):
            problems.append(f"hydra.launcher.keep_going = {given['keep_going']}: must be true or false")
        if given.get("executor", EXECUTORS[0]) not in EXECUTORS:
            problems.append(f"hydra.launcher.executor = {given['executor']}: must be one of {', '.join(EXECUTORS)}")
        if problems:
            raise ConfigError(problems)
        return cls(**given)


HERE = Options("serial")
