"""Which setting is best: complete ones first, then best first, by means over the same draws, splits and folds.

A split may be easier than another. So settings are ranked by what they reach on the cells that they share (a cell is
a draw of the data, a split and a fold); those that lack some rank after the others, as those do that lack runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from runner.reports.settings_table import COMPLETE, INCOMPLETE, NOTHING, Setting
from runner.reports.statistics import Comparison, compare
from runner.reports.units import Luck, keys, kind, unit_of, units

Cells = frozenset[Luck]


@dataclass
class Ranking:
    """Settings, best first; the best compared with the others by their positions; what to say about it."""

    settings: list[Setting]
    comparisons: dict[int, Comparison] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    comparable: bool = True  # False: no two settings met the same cells
    unit: str = "seed"  # what is counted where the best is compared


def rank(settings: Sequence[Setting], metric: str, *, maximize: bool, comparable: bool) -> Ranking:
    """Rank settings by a metric. `comparable`: whether they learn the same problem, so that the best can be tested."""
    sign = 1 if maximize else -1
    met = {id(s): cells_of(s.values(metric)) for s in settings}
    complete = [s for s in settings if s.tier == COMPLETE and met[id(s)]]
    shared = shared_cells(met[id(s)] for s in complete) if comparable else None
    lacking = {id(s) for s in complete if shared is not None and not shared <= met[id(s)]}

    def place(setting: Setting) -> tuple:
        lacks = id(setting) in lacking or setting.tier != COMPLETE
        found = setting.spread(metric, None if lacks else shared)
        tier = NOTHING if found is None else INCOMPLETE if id(setting) in lacking else setting.tier
        left = setting.left(metric) if found is None else None  # of those that a search pruned the last comes first
        value = found.mean if found else left.value if left else None
        return tier, -left.epochs if left else 0, 0.0 if value is None else -sign * value, setting.source

    found = Ranking(sorted(settings, key=place), comparable=comparable and (shared is not None or len(complete) < 2))
    if comparable and not found.comparable:
        found.notes.append(_nothing_shared(complete, metric))
    if shared is None:
        return found
    found.notes += _notes(shared, [met[id(s)] for s in complete])
    positions = [i for i, s in enumerate(found.settings) if s.tier == COMPLETE and met[id(s)] >= shared]
    best, *others = [found.settings[i].values(metric, shared) for i in positions]
    unit = unit_of(best)
    overlap = found.settings[positions[0]].overlap(metric, best)
    found.unit = kind(unit)
    beside = compare(best, others, sign, overlap, lambda each: each[unit])
    found.comparisons = dict(zip(positions[1:], beside, strict=True))
    return found


def cells_of(lucks: Iterable[Luck]) -> Cells:
    """The draws, splits and folds of runs, whatever their seeds."""
    return frozenset(each[:-1] for each in lucks)


def shared_cells(sets: Iterable[Cells]) -> Cells | None:
    """The most cells that two settings or more have in common, of as many those that most settings have; None if no
    two settings have met the same ones. Of a single setting its own.
    """
    counts = Counter(sets)
    having = {each: sum(n for other, n in counts.items() if each <= other) for each in counts}
    if counts.total() > 1:
        having = {each: n for each, n in having.items() if n > 1}
    return max(having, key=lambda each: (len(each), having[each]), default=None)


def _nothing_shared(settings: Sequence[Setting], metric: str) -> str:
    what = kind(_differing([cells_of(s.values(metric)) for s in settings]))
    return f"no two settings met the same {what}: a better value may only mean an easier one"


def _notes(shared: Cells, sets: Sequence[Cells]) -> list[str]:
    lacking = sum(not shared <= each for each in sets)
    unit = _differing(sets)
    notes = []
    if lacking:
        said = f"{lacking} setting{'s' * (lacking > 1)} did not meet every {kind(unit)} that the others met"
        notes.append(f"{said}: ranked after them, since the values do not compare")
    if any(shared < each for each in sets):
        n = len({cell[unit] for cell in shared})
        notes.append(f"ranked by the mean over the {n} {units(n, kind(unit))} that the settings share")
    return notes


def _differing(sets: Sequence[Cells]) -> int:
    """The outermost kind of luck in which settings differ."""
    columns = zip(*([frozenset(column) for column in zip(*each, strict=True)] for each in sets), strict=True)
    return next((i for i, column in enumerate(columns) if len(set(column)) > 1), len(keys()) - 2)
