"""How the works of a session are dealt to the processes of a cluster: each a fixed part, of about the same time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from runner.execution.cluster.handed import Part
from runner.execution.options import Options
from runner.execution.run_list import name_of
from runner.execution.teams import Team
from runner.execution.work import Run, Work
from runner.plan.estimate import share_seconds
from runner.plan.populations import Share

if TYPE_CHECKING:
    from runner.config.settings import Settings
    from runner.data.prepare import RunData


class Handing(Protocol):
    """A session, in so far as it hands out works."""

    root: Path
    runs: Sequence[Run]
    data: Sequence[RunData]
    options: Options
    notes: list[str]
    teams: dict[int, Team]
    fitting: int | None


Dealt = tuple[Work, Sequence[Work]]  # what one process is given as one work, and the works that it is made of


def deal(works: Sequence[Work], settings: Sequence[Settings], data: Sequence[RunData], places: int) -> list[Dealt]:
    """The works on at most so many places, the longest first, each on that with the least to do (LPT, Graham 1969)."""
    seconds = [share_seconds(Share(work.populations), settings, data) for work in works]
    free = [(0.0, place) for place in range(min(places, len(works)))]
    given: list[list[Work]] = [[] for _ in free]
    for k in sorted(range(len(works)), key=lambda k: -seconds[k]):
        busy, place = heapq.heappop(free)
        given[place].append(works[k])
        heapq.heappush(free, (busy + seconds[k], place))
    return [(_together(each), each) for each in given]


def _together(works: Sequence[Work]) -> Work:
    return Work(tuple(population for work in works for population in work.populations), works[0].path)


def part_of(session: Handing, work: Work, made_of: Sequence[Work], workers: int) -> Part:
    """What a process is told of its work."""
    of_member = {member: ensemble for ensemble, team in session.teams.items() for member in team.numbers}
    lines = sorted({of_member.get(i, i) for i in work.members})
    sources = tuple(each.source.name for each in made_of if each.source)
    names = {i: name_of(session.runs[i].folder, session.root) for i in work.members}
    until = {names[i]: epoch for each in made_of for i, epoch in each.until.items()}
    pruned = tuple(names[i] for each in made_of for i in sorted(each.pruned))
    options = session.options
    most = min(filter(None, (options.max_members, session.fitting)), default=None)
    return Part(tuple(lines), tuple(names.values()), sources, workers, most, options.keep_going, until, pruned)
