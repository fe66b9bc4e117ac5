"""A cluster in this process: tasks are carried out when somebody asks about them, and are lost as a test wishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from runner.execution.cluster import engines, task, watch
from runner.execution.cluster.engines import Unanswered
from runner.execution.cluster.handed import BEGUN
from runner.execution.executors import array


@dataclass
class StandIn:
    """`lose` says of a task (submission, index) what becomes of it instead: a state of Slurm, after it has begun if the
    state ends in "+"; None for what it should do.
    """

    lose: Callable[[int, int], str | None] = lambda submission, index: None
    silent: int = 0  # questions that it does not answer
    tasks: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)

    def submit(self, _queue: Any, _logs: str, tasks: Sequence[Callable[[], Any]]) -> tuple[str, ...]:
        """Take tasks; their jobs."""
        first = len({job.partition("_")[0] for job in self.tasks})
        jobs = tuple(f"{first}_{index}" for index in range(len(tasks)))
        self.tasks |= dict(zip(jobs, tasks, strict=True))
        return jobs

    def states(self, jobs: Sequence[str]) -> dict[str, str]:
        """Carry out what has not been, and say how it ended."""
        if self.silent:
            self.silent -= 1
            raise Unanswered("no contact")
        for job in jobs:
            if job not in self.ended:
                self.ended[job] = self._carry_out(job)
        return {job: state for job, state in self.ended.items() if job in jobs}

    def cancel(self, jobs: Sequence[str]) -> None:
        """Note who is to end."""
        self.cancelled += jobs

    def _carry_out(self, job: str) -> str:
        each = self.tasks[job]
        fate = self.lose(each.number, each.index)
        if fate:
            folder = f"{each.root}/.tasks/{each.number:03d}"
            if fate.endswith("+"):
                open(f"{folder}/{each.index:03d}{BEGUN}", "w").close()
            return fate.rstrip("+")
        task._environment = lambda: SimpleNamespace(job_id=job, global_rank=0, USR_SIG="USR2")
        try:
            each()
        except Exception:  # noqa: BLE001 its log would have it
            return "FAILED"
        return "COMPLETED"


def use(monkeypatch: Any, **wishes: Any) -> StandIn:
    """Let sweeps on a cluster go to a stand-in, without waiting."""
    stand_in = StandIn(**wishes)
    monkeypatch.setattr(engines, "cluster", lambda _name: stand_in)
    monkeypatch.setattr(task, "_environment", None)
    for module in (watch, array):
        monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)
    for name, value in {"ASK_SECONDS": (0, 0), "GRACE_SECONDS": 0}.items():
        monkeypatch.setattr(watch, name, value)
    monkeypatch.setattr(array, "GATHER_SECONDS", 0)
    return stand_in
