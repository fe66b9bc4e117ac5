"""The way of a search to its best trial as a picture, and as points of a curve."""

from __future__ import annotations

import itertools

import numpy as np

from runner.reports.searches.made import is_search
from runner.reports.searches.trials import best_so_far, trials_of
from runner.reports.sections import Section

CAPTION = (
    "A dot is a trial where it ended; the line is the best until then, over the epochs of all trials in their order."
)


def steps(section: Section) -> list[tuple[int, float]]:
    """(epochs of all trials until then, value) of each trial that was the best so far; [] without a search."""
    found = best_so_far(trials_of(section), maximize=section.maximize) if is_search(section) else []
    return [(best.epochs, best.value) for best in found]


def picture(section: Section) -> bytes | None:
    """The figure as PNG; None without a search that found something."""
    best = steps(section)
    if not best:
        return None
    from runner.figures.draw import search

    trials = trials_of(section)
    ends = itertools.accumulate(trial.epochs for trial in trials)
    drawn = [(end, t.reached, t.pruned) for end, t in zip(ends, trials, strict=True) if t.reached is not None]
    x, y, pruned = map(np.array, zip(*drawn, strict=True))
    return search.best_so_far(x, y, pruned, np.array(best), section.metric, title=section.title)
