"""Which executor carries out the works of a session: hydra.launcher.* says it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.execution.executors.here import Here
from runner.execution.executors.pool import Pool
from runner.execution.options import Options
from runner.execution.session import Executor, Session
from runner.records.run_folder import TASKS

if TYPE_CHECKING:
    from runner.execution.cluster.queue import Queue
    from runner.execution.executors.array import Array


def executor_of(session: Session, before: Executor | None) -> Executor:
    """That of a session, of its runs as they are by now. It is asked for before the session looks at what its folder
    holds (`before` is None), as some of it may be under way already, and then before each round.
    """
    if session.options.queue:
        return before if before and session.searching is None else _array(session, session.options.queue)
    if before is None and (session.root / TASKS).exists():
        from runner.execution.cluster.under_way import refuse_live

        refuse_live(session.root)
    if session.options.here:
        return Here(session.runs, session.data)
    if before and session.options.executor == "ray" and session.to_train():
        return _ray_crew(session, before)
    return Pool(session.runs, session.data, session.workers)


def _array(session: Session, queue: Queue) -> Array:
    from runner.execution.executors.array import Array

    array = Array(session, queue)
    if session.searching and array.parts:  # it asks when all is known that it asked for before
        array.run([], lambda _event: None, session.asked_to_stop)
    session.away, session.owns = array.parts.away, array.parts.owns
    return array


def _ray_crew(session: Session, before: Executor) -> Executor:
    """The actors of the last round, or new ones: starting Ray takes seconds."""
    from runner.execution.executors.ray_crew import RayCrew

    if isinstance(before, RayCrew):
        before.runs, before.data = session.runs, session.data
        return before
    about = session.runs, session.data, session.root, session.options
    crew = RayCrew(*about, session.say, session.asked_to_stop)
    session.hired = crew.size
    return crew


def check_cluster(options: Options, root: Path) -> None:
    """ConfigError if the cluster that is asked for is not to be had here, or would refuse the tasks of a sweep."""
    if options.queue:
        from runner.execution.cluster import engines
        from runner.execution.executors.array import logs_of

        engines.check(options.queue, logs_of(options.queue, root))
    if options.address:
        from runner.execution.executors.ray_cluster import refuse_unreachable

        refuse_unreachable(options.address)
