"""Shares of runs that compiled code trains, a row at a time: cut by estimated time, whatever the structure of the runs.

A row is as fast alone as in company, so runs of any structure may follow one another in a share. Those of one structure
train a few side by side, because what surrounds the steps of an epoch is asked of all rows at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from runner.config.settings import Settings
from runner.plan.estimate import run_seconds
from runner.plan.populations import Population, Share, by_structure, parameters

if TYPE_CHECKING:
    from runner.data.prepare import RunData

PARTS = 3  # in so many parts each worker's part of what is left is cut
LEAST = 0.25  # seconds of work that are worth handing out
TOGETHER = 16  # rows side by side: the calls around an epoch of more cost no less a row
NUMBERS = 1 << 22  # parameters side by side at most, which bounds the memory of a worker


def native_shares(
    members: Sequence[int],
    settings: Sequence[Settings],
    data: Sequence[RunData],
    workers: int,
    most: int | None,
    whole: bool,
) -> Iterator[Share]:
    """The longest runs in the first shares, at most so many side by side; all in one share if it is to stay `whole`."""
    seconds = {i: run_seconds(settings[i], data[i], TOGETHER) for i in members}
    groups = [sorted(group, key=lambda i: -seconds[i]) for group in by_structure(members, settings, data)]
    groups.sort(key=lambda group: -seconds[group[0]])
    group_of = {i: number for number, group in enumerate(groups) for i in group}
    runs = list(group_of)
    for part in [slice(None)] if whole and runs else cut([seconds[i] for i in runs], workers):
        alike = (list(group) for _, group in itertools.groupby(runs[part], group_of.__getitem__))
        yield Share(tuple(_population(group, settings, data, most) for group in alike))


def cut(seconds: Sequence[float], workers: int) -> Iterator[slice]:
    """Runs that take so long, in their order, in ever shorter parts: each takes 1 / (PARTS x workers) of the time that
    is left, so that the last ones, which the first free worker is given, end together (guided self-scheduling,
    Polychronopoulos & Kuck 1987). A part is no shorter than LEAST while every worker gets one.
    """
    least, begin = min(LEAST, sum(seconds) / workers), 0
    while begin < len(seconds):
        goal = max(sum(seconds[begin:]) / (PARTS * workers), least)
        taken, end = seconds[begin], begin + 1
        while end < len(seconds) and taken + seconds[end] / 2 < goal:
            taken, end = taken + seconds[end], end + 1
        yield slice(begin, end)
        begin = end


def _population(
    group: Sequence[int], settings: Sequence[Settings], data: Sequence[RunData], most: int | None
) -> Population:
    first = group[0]
    fitting = max(1, min(TOGETHER, NUMBERS // parameters(settings[first], data[first])))
    return Population(tuple(group), min(most or fitting, len(group)))
