"""Ray actors as workers: `hydra.launcher.executor=ray`.

What a work needs goes with it: its runs, and a reference to its data, which are put into Ray's store once for all
actors of a node. What is trained lies in the folders of the runs, which all nodes share.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runner.data.prepare import RunData
from runner.errors import RunError
from runner.execution.events import Event
from runner.execution.executors import ray_cluster
from runner.execution.executors.crew import POLL_SECONDS, Crew, Died, Worker, ends
from runner.execution.executors.ray_worker import THREADS, RayWorker, Sweep
from runner.execution.options import Options
from runner.execution.work import Run, Work, on_gpu

PATIENCE = 15.0  # seconds until the first actor has begun after which it is said that none has
LONGEST = 200  # letters of what Ray says about a dead actor
STILLBORN = 3  # actors that may die one after the other before one of them has begun


class RayCrew(Crew["_Actor"]):
    """Carries out works in actors of a cluster, its own or the one at `address`."""

    what = "Ray actor"

    def __init__(
        self,
        runs: Sequence[Run],
        data: Sequence[RunData],
        root: Path,
        options: Options,
        say: Callable[[str], None],
        stopping: Callable[[], bool],
    ):
        self.root, self.address, self.say = root, options.address, say
        self.gpus = int(on_gpu([run.settings for run in runs]))
        say(f"connecting to Ray at {self.address}" if self.address else "starting Ray, which takes a few seconds")
        cores = len(os.sched_getaffinity(0))
        size = ray_cluster.connect(self.address, options.workers, cores, stopping, on_gpu=bool(self.gpus))
        super().__init__(runs, data, size)
        self.blobs: list[Any] = []  # references to tables in Ray's store
        self.kept: list[RunData] = []  # the tables of all blobs, which are told apart by the objects that they are
        self.places: dict[int, tuple[int, int]] = {}  # id of a table -> (blob, position in it)
        self.stillborn = 0
        self.patient_until = time.monotonic() + PATIENCE

    def close(self) -> None:
        super().close()
        ray_cluster.leave()

    def _start(self, number: int) -> _Actor:
        return _Actor(number, self)

    def put_data(self) -> None:
        """Put the tables into the store that are not there yet; runs may share one, and more runs may have come."""
        new = {id(table): table for table in self.data if id(table) not in self.places}
        if not new:
            return
        import ray

        self.places |= {key: (len(self.blobs), position) for position, key in enumerate(new)}
        self.kept += new.values()
        self.blobs.append(ray.put([*new.values()]))

    def _with_news(self) -> list[_Actor]:
        import ray

        of = {member.answer: member for member in self.members if member.work or not member.begun}
        if not of:
            return []
        if ray.wait([*of], timeout=POLL_SECONDS)[0]:
            return [of[answer] for answer in ray.wait([*of], num_returns=len(of), timeout=0)[0]]
        self._say_if_none()
        return []

    def _say_if_none(self) -> None:
        """Once, if no actor has begun for a while."""
        if time.monotonic() > self.patient_until and not any(member.begun for member in self.members):
            self.say(f"waiting for Ray's actors; perhaps the cluster has no free {'GPU' if self.gpus else 'CPU'}")
            self.patient_until = float("inf")

    def _dismiss(self) -> None:
        """Those that are free stay for the next round."""
        for member in [member for member in self.members if not member.free]:
            member.end()
            self.members.remove(member)

    def bury(self, cause: str) -> None:
        """Count an actor that has died before it began. Raises RunError if that goes on."""
        self.stillborn += 1
        if self.stillborn == STILLBORN:
            needs = "every node needs runner, and what it needs, in the Python that Ray was started with there"
            raise RunError(f"Ray cannot start actors: {cause}; {needs}")


class _Actor(Worker):
    """One actor, as its crew sees it."""

    def __init__(self, number: int, crew: RayCrew):
        import ray

        super().__init__(number)
        self.crew, self.begun = crew, False
        kind = ray.remote(RayWorker).options(num_cpus=1, num_gpus=crew.gpus, max_concurrency=THREADS)
        self.actor = kind.remote(ray.get)
        self.answer = self.actor.begin.remote(Sweep.of(crew.root, fates_shared=crew.address is None))
        self.carried_out: Any = None

    @property
    def free(self) -> bool:
        return self.begun and self.work is None

    def give(self, work: Work) -> bool:
        crew = self.crew
        crew.put_data()
        runs = {i: crew.runs[i] for i in work.members}
        places = {i: crew.places[id(crew.data[i])] for i in work.members}
        blobs = {blob: crew.blobs[blob] for blob, _ in places.values()}
        self.carried_out = self.actor.carry_out.remote(self.number, work, runs, places, blobs)
        self.answer = self.actor.told.remote()
        self.work = work
        return True

    def stop(self) -> None:
        self.actor.stop.remote()

    def told(self) -> list[Event]:
        import ray
        from ray.exceptions import RayActorError

        try:
            answer = ray.get(self.answer)
            if not self.begun:
                return self._begin(answer)
            if not answer and ray.wait([self.carried_out], timeout=0)[0]:
                ray.get(self.carried_out)  # raises what has kept it from telling
        except RayActorError as error:
            cause = _cause(error)
            if not self.begun:
                self.crew.bury(cause)
            raise Died(cause) from error
        if not ends(answer):
            self.answer = self.actor.told.remote()  # one question at a time: an answer that nobody reads is lost
        return answer

    def _begin(self, problem: str) -> list[Event]:
        if problem:
            raise RunError(problem)
        self.begun, self.crew.stillborn = True, 0
        return []

    def end(self) -> None:
        import ray

        ray.kill(self.actor)


def _cause(error: Exception) -> str:
    """Why an actor has died, in one line: how its process ended, or what it raised last."""
    text = str(error)
    _, told, detail = text.partition("Worker exit detail: ")
    lines = [line.strip() for line in (detail if told else text).splitlines() if line.strip()]
    return (lines[0].split(". ")[0] if told else lines[-1]).rstrip(".")[:LONGEST]
