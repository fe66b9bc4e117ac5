"""Which executor carries out the works of a session: hydra.launcher.* says it."""

from __future__ import annotations

from pathlib import Path

from runner.execution.cluster import engines
from runner.execution.cluster.under_way import refuse_live
from runner.execution.executors.array import Array, logs_of
from runner.execution.executors.here import Here
from runner.execution.executors.pool import Pool
from runner.execution.options import Options
from runner.execution.session import Executor, Session


def executor_of(session: Session) -> Executor:
    """That of a session which is about to look at what its folder holds: some of it may be under way already."""
    if session.options.queue:
        array = Array(session, session.options.queue)
        if session.searching and array.parts:  # it asks when all is known that it asked for before
            array.run([], lambda _event: None, session.asked_to_stop)
        session.away, session.owns = array.parts.away, array.parts.owns
        return array
    refuse_live(session.root)
    if session.options.here:
        return Here(session.runs, session.data)
    return Pool(session.runs, session.data, session.workers)


def check_cluster(options: Options, root: Path) -> None:
    """ConfigError if the cluster that is asked for is not to be had here, or would refuse the tasks of a sweep."""
    if options.queue:
        engines.check(options.queue, logs_of(options.queue, root))
