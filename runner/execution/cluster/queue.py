"""What hydra/launcher=submitit_slurm and submitit_local are asked for: hydra.launcher.*, checked.

The keys are those of hydra-submitit-launcher, which go to submitit and to sbatch, and ours: how many tasks the sweep is
cut into, how many workers train in each, and whether the launcher waits for them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from runner.config.suggest import closest
from runner.errors import ConfigError, shortened
from runner.records.names import plural

MOST_TASKS = 200  # of a sweep: a scheduler is for hundreds of tasks, not for a task a run
TASK_SECONDS = 60.0  # of estimated work that are worth a task, which takes a second or two to begin

COMMON = (
    "submitit_folder", "timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes", "name",
    "stderr_to_stdout",
)  # fmt: skip
OF_SLURM = (
    "partition", "qos", "comment", "constraint", "exclude", "gres", "cpus_per_gpu", "gpus_per_task", "mem_per_gpu",
    "mem_per_cpu", "account", "signal_delay_s", "max_num_timeout", "additional_parameters", "array_parallelism",
    "setup",
)  # fmt: skip
OURS = ("tasks", "detach")
COUNTS = ("tasks_per_node", "nodes", "cpus_per_task", "array_parallelism", "timeout_min", "tasks")
AMOUNTS = ("signal_delay_s", "max_num_timeout", "gpus_per_node", "gpus_per_task")
DEFAULTS: dict[str, Any] = {
    "submitit_folder": ".submitit/%j", "timeout_min": 60, "tasks_per_node": 1, "nodes": 1, "name": "runner",
    "signal_delay_s": 120, "max_num_timeout": 3, "array_parallelism": 256,
}  # fmt: skip


@dataclass(frozen=True)
class Queue:
    """Where tasks wait to be carried out, and what each is given."""

    cluster: str  # slurm | local
    keys: Mapping[str, Any] = field(default_factory=dict)  # of submitit, where they are not null
    tasks: int | None = None
    detach: bool = False

    @classmethod
    def checked(cls, cluster: str, given: Mapping[str, Any]) -> Queue:
        """From the keys of hydra.launcher that are about the cluster; ConfigError with everything that is wrong."""
        own = {each.name for each in fields(cls)} & set(OURS)
        known = (*COMMON, *(OF_SLURM if cluster == "slurm" else ()), *OURS)
        wrong = {key: _unknown(key, known) for key in given if key not in known}
        for key in given.keys() & {*COUNTS, *AMOUNTS}:
            least, value = int(key in COUNTS), given[key]
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                wrong[key] = f"must be a whole number >= {least}"
        if "tasks" not in wrong and (given.get("tasks") or 1) > MOST_TASKS:
            wrong["tasks"] = f"must be a whole number from 1 to {MOST_TASKS}; each task trains many runs"
        if not isinstance(given.get("detach", False), bool):
            wrong["detach"] = "must be true or false"
        if cluster == "local" and (given.get("nodes") or 1) != 1:
            wrong["nodes"] = "this machine is one node; hydra/launcher=submitit_slurm has more"
        if wrong:
            raise ConfigError(
                [f"hydra.launcher.{key} = {shortened(given[key])}: {problem}" for key, problem in sorted(wrong.items())]
            )
        keys = {key: value for key, value in given.items() if value is not None and key not in own}
        return cls(cluster, keys, given.get("tasks"), given.get("detach", False))

    def value(self, key: str) -> Any:
        """A key of submitit; None if it was left to submitit."""
        return self.keys.get(key, DEFAULTS.get(key))

    @property
    def workers(self) -> int:
        """Worker processes in a task, unless hydra.launcher.workers says otherwise: one a CPU that it asks for."""
        return self.value("cpus_per_task") or 1

    @property
    def ranks(self) -> int:
        """Processes of one task, each with a part of its runs."""
        return self.value("nodes") * self.value("tasks_per_node")

    def said(self, workers: int, each: int) -> str:
        """Where so many workers are, in words: 3 tasks of Slurm, 2 workers in each."""
        tasks = plural(math.ceil(workers / (each * self.ranks)), "task")
        return f"{tasks} {'of Slurm' if self.cluster == 'slurm' else 'here'}, {each * self.ranks} in each"

    def places(self, runs: int, seconds: float, workers: int) -> int:
        """How many processes with so many workers each the runs, of so many seconds of work, are shared out to: those
        of as many tasks as were asked for, else of so many that each has a minute of work; here also no more than there
        are cores.
        """
        tasks = self.tasks
        if tasks is None:
            worth = math.ceil(seconds / (TASK_SECONDS * workers * self.ranks))
            cores = len(os.sched_getaffinity(0)) // (workers * self.ranks)
            most = self.value("array_parallelism") if self.cluster == "slurm" else max(cores, 1)
            tasks = max(1, min(MOST_TASKS, most, worth)) if self.cluster == "slurm" else min(MOST_TASKS, most)
        return max(1, min(tasks * self.ranks, runs))


def _unknown(key: str, known: tuple[str, ...]) -> str:
    near = closest(key, (*known, "workers", "max_members", "keep_going"))
    return f"unknown key{f'; did you mean {near}?' if near else ''}"
