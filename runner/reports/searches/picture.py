"""The way of a search to its best trial as a picture, and as points of a curve."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from runner.reports.searches.made import is_search
from runner.reports.searches.trials import best_so_far, trials_of
from runner.reports.sections import Section

CAPTION = (
    "A dot is a trial where it ended; the line is the best until then, over the epochs of all trials in their order."
)


class Way(NamedTuple):
    """The steps of the best so far, (epochs of all trials until then, value), and the figure as PNG."""

    steps: list[tuple[int, float]]
    png: bytes


def picture(section: Section) -> Way | None:
    """None without a search that found something."""
    trials = trials_of(section) if is_search(section) else []
    best = [(each.epochs, each.value) for each in best_so_far(trials, maximize=section.maximize)]
    if not best:
        return None
    from runner.figures.draw import search

    ends = itertools.accumulate(trial.epochs for trial in trials)
    drawn = [(end, t.reached, t.pruned) for end, t in zip(ends, trials, strict=True) if t.reached is not None]
    x, y, pruned = map(np.array, zip(*drawn, strict=True))
    return Way(best, search.best_so_far(x, y, pruned, np.array(best), section.metric, title=section.title))
