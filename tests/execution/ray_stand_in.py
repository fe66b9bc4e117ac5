"""What runner uses of Ray, as threads of this process: for what is ours in between. Real Ray is in test_ray.py."""

from __future__ import annotations

import concurrent.futures as futures
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from typing import Any


class RayActorError(Exception):
    """An actor is dead."""


@dataclass
class Actor:
    """An object that is asked in threads; once `dead` it answers nobody."""

    thing: Any
    place: futures.Executor
    dead: str = ""

    def __getattr__(self, method: str) -> Any:
        def ask(*arguments: Any) -> futures.Future:
            return self.place.submit(self._answer, getattr(self.thing, method), arguments)

        return types.SimpleNamespace(remote=ask)

    def _answer(self, method: Callable, arguments: tuple) -> Any:
        answer = method(*arguments) if not self.dead else None
        if self.dead:
            raise RayActorError(self.dead)
        return answer


@dataclass
class StandIn:
    """A cluster. `born` is called with each new actor, which it may kill."""

    cpus: int = 2
    born: Callable[[Actor], None] = lambda actor: None
    room: bool = True  # whether actors get a CPU
    actors: list[Actor] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)  # of ray.init

    def module(self) -> types.ModuleType:
        """It as the module `ray`."""
        ray = types.ModuleType("ray")
        ray.__spec__ = ModuleSpec("ray", None)
        ray.exceptions = types.ModuleType("ray.exceptions")
        ray.exceptions.RayActorError = RayActorError
        ray.init = lambda **how: self.asked.append(how)
        ray.cluster_resources = lambda: {"CPU": float(self.cpus)}
        ray.shutdown = lambda: [actor.place.shutdown(cancel_futures=True) for actor in self.actors]
        ray.put = ray.get = lambda what: what.result() if isinstance(what, futures.Future) else what
        ray.kill = lambda actor: setattr(actor, "dead", "killed")
        ray.wait, ray.remote = self.wait, self.remote
        return ray

    def wait(self, asked: list[futures.Future], num_returns: int = 1, timeout: float = 0) -> tuple[list, list]:
        """(answered, not answered)."""
        when = futures.FIRST_COMPLETED if num_returns == 1 else futures.ALL_COMPLETED
        done = futures.wait(asked, timeout, when).done
        return [each for each in asked if each in done], [each for each in asked if each not in done]

    def remote(self, kind: type) -> Any:
        """Makes actors of a class."""

        def options(*, max_concurrency: int, **_resources: float) -> Any:
            def make(*arguments: Any) -> Actor:
                actor = Actor(kind(*arguments), futures.ThreadPoolExecutor(max_concurrency if self.room else 1))
                if not self.room:
                    actor.place.submit(stuck.result)
                self.actors.append(actor)
                self.born(actor)
                return actor

            return types.SimpleNamespace(remote=make)

        stuck: futures.Future = futures.Future()
        self.stuck = stuck
        return types.SimpleNamespace(options=options)


def install(monkeypatch, **how: Any) -> StandIn:
    """Have `import ray` find a stand-in."""
    cluster = StandIn(**how)
    module = cluster.module()
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.setitem(sys.modules, "ray.exceptions", module.exceptions)
    return cluster
