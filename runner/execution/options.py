"""How runs are carried out, which hydra.launcher.* says, checked; where a dry run can ask without importing torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.launchers import CLUSTERS, cluster_of
from runner.config.settings import Settings
from runner.config.suggest import closest
from runner.errors import ConfigError, shortened
from runner.execution.work import on_gpu
from runner.plan.estimate import run_seconds
from runner.records.command import launcher_options

if TYPE_CHECKING:
    from runner.data.prepare import RunData
    from runner.execution.cluster.queue import Queue

EXECUTORS = ("processes", "serial", "ray")


@dataclass(frozen=True)
class Options:
    """How runs are carried out: hydra.launcher.*"""

    executor: str = "processes"
    workers: int | None = None  # None: one a core
    max_members: int | None = None  # rows that train side by side; None: as many as gain by it
    keep_going: bool = True  # False: the first failed run stops the sweep
    queue: Queue | None = None  # of a cluster, whose tasks carry them out
    address: str | None = None  # of a Ray cluster that is there; None: one of the sweep's own

    @classmethod
    def of_workers(cls, workers: Any) -> Options:
        """1 trains in this process, more in so many others; ConfigError for what is no such number."""
        if not _is_count(workers):
            raise ConfigError(f"workers = {shortened(workers)}: must be a whole number >= 1")
        return HERE if workers == 1 else cls(workers=workers)

    def where(self, workers: int) -> list[str]:
        """Where `workers` workers are, in words, if they are not processes of this machine."""
        if self.queue:
            return [f"the workers are in {self.queue.said(workers, self.workers or self.queue.workers)}"]
        if self.executor != "ray":
            return []
        if not self.address:
            return [f"the workers are Ray actors, {workers} on a cluster of their own on this machine"]
        many = workers if self.workers else f"one a CPU of it (planned here for {workers})"
        return [f"the workers are Ray actors on the cluster at {self.address}, {many}"]

    @property
    def here(self) -> bool:
        """Whether everything is carried out in this process."""
        return self.executor == "serial"

    def processes(self, runs: Sequence[Settings], data: Sequence[RunData]) -> int:
        """How many works are carried out at a time: as many as asked for, else one a core, or one that has a GPU."""
        if self.here:
            return 1
        if self.queue:
            return self.places(runs, data) * self.of_a_task(runs)
        return self.workers or (1 if on_gpu(runs) else len(os.sched_getaffinity(0)))

    def places(self, runs: Sequence[Settings], data: Sequence[RunData]) -> int:
        """How many processes on a cluster the runs are shared out to; 0 without one."""
        if self.queue is None:
            return 0
        seconds = sum(run_seconds(run, table, 1) for run, table in zip(runs, data, strict=True))
        return self.queue.places(len(runs), seconds, self.of_a_task(runs))

    def of_a_task(self, runs: Sequence[Settings]) -> int:
        """Worker processes in a task of a cluster."""
        return self.workers or (1 if self.queue is None or on_gpu(runs) else self.queue.workers)

    @classmethod
    def stored(cls, root: Path, given: dict[str, Any], *, detach: bool = False) -> Options:
        """As the sweep in `root` was started, but for what is given; the defaults if that is unknown. Only who says so
        once more has it `detach`.
        """
        found = launcher_options(root)
        if detach or "detach" in found:
            found |= {"detach": detach}
        if given.get("executor", "ray") != "ray":
            found.pop("address", None)
        if "executor" in given and found.get("_target_") in CLUSTERS:  # from a cluster to this machine
            found = {key: found[key] for key in ("max_members", "keep_going") if key in found}
        try:
            cls.checked(found, installed=False)
        except ConfigError:  # edited, or of another launcher
            found = {}
        return cls.checked(found | given)

    @classmethod
    def checked(cls, given: dict[str, Any], *, installed: bool = True) -> Options:
        """Options from hydra.launcher.*; ConfigError with everything that is wrong, which what is not `installed` is
        unless nobody asks.
        """
        cluster = cluster_of(given)
        given = {key: value for key, value in given.items() if key != "_target_"}
        known = [each.name for each in fields(cls) if each.name != "queue"]
        if cluster:
            from runner.execution.cluster.queue import Queue

            about = {key: given.pop(key) for key in [*given] if key not in known or key == "executor"}
            given |= {"queue": Queue.checked(cluster, about)}
        wrong = {key: "unknown key" for key in given if key not in (*known, *(["queue"] if cluster else []))}
        for key in ("workers", "max_members"):
            if given.get(key) is not None and not _is_count(given[key]):
                wrong[key] = "must be a whole number >= 1, or null for as many as fit"
        if not isinstance(given.get("keep_going", True), bool):
            wrong["keep_going"] = "must be true or false"
        wrong |= _wrong_executor(given.get("executor", EXECUTORS[0]), given.get("address"), installed=installed)
        if wrong:
            raise ConfigError([f"hydra.launcher.{key} = {given[key]}: {problem}" for key, problem in wrong.items()])
        return cls(**given)


def _wrong_executor(executor: Any, address: Any, *, installed: bool) -> dict[str, str]:
    """What is wrong with hydra.launcher.executor and .address, by the key."""
    wrong = {}
    if executor not in EXECUTORS:
        near = closest(str(executor), EXECUTORS)
        wrong["executor"] = f"must be one of {', '.join(EXECUTORS)}{f'; did you mean {near}?' if near else ''}"
    if executor != "ray":
        lost = "is that of a Ray cluster; add hydra.launcher.executor=ray, or leave it out"
        return wrong | ({} if address is None else {"address": lost})
    from runner.execution.executors.ray_cluster import not_installed, problem_of_address

    if installed and (problem := not_installed()):
        wrong["executor"] = problem
    if address is not None and (problem := problem_of_address(address)):
        wrong["address"] = problem
    return wrong


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


HERE = Options("serial")
