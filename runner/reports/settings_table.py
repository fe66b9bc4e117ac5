"""Runs that differ only by chance are one setting.

By chance: the seed, the fold that validates, the split, the draw of a generated data set (`settings.luck`). Keys that
no number depends on (progress, checkpoints) tell no settings apart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS, SINGLE_GROUPS, luck
from runner.records.names import spelled
from runner.records.sweep_folder import PRUNED
from runner.reports.run_row import UNFINISHED, RunRow
from runner.reports.runs import RunSource
from runner.reports.statistics import Spread, spread
from runner.reports.units import Luck, averaged, kind, overlap, unit_of

COMPLETE, INCOMPLETE, DIVERGED, NOTHING = range(4)  # how settings rank before their values count


@dataclass(frozen=True)
class Left:
    """Where a search left a setting that it pruned: after how many epochs, and what its runs had reached on average."""

    epochs: int
    value: float | None


@dataclass
class Setting:
    """Runs of one source that differ only by chance, each once."""

    source: int
    keys: dict[str, str]
    rows: list[RunRow]

    def count(self, *statuses: str) -> int:
        """Runs that ended so."""
        return sum(row.status in statuses for row in self.rows)

    def shown(self, key: str) -> str:
        """The value of a key as it is spelled in names; "" if the setting has no such key."""
        return spelled(self.keys.get(key, ""))

    @property
    def finished(self) -> list[RunRow]:
        return [row for row in self.rows if row.finished]

    @property
    def lucks(self) -> list[Luck]:
        """What chance gave each finished run."""
        return [row.luck for row in self.finished]

    @property
    def unit(self) -> str:
        """What its mean is over, see `runner.reports.units`: draw of the data, split, fold or seed."""
        return kind(unit_of(self.lucks))

    @property
    def parameters(self) -> str:
        """How many numbers its network learns; "" if no run has finished or they differ."""
        found = {row.parameters for row in self.finished}
        return found.pop() if len(found) == 1 else ""

    @property
    def tier(self) -> int:
        """Complete settings first, then those of which runs are missing, then those of which some diverged."""
        if self.count("diverged"):
            return DIVERGED
        return NOTHING if not self.finished else COMPLETE if len(self.finished) == len(self.rows) else INCOMPLETE

    def left(self, metric: str) -> Left | None:
        """Where the search left it, if it pruned its runs."""
        if not self.count(PRUNED) or self.count("diverged", "failed"):
            return None
        reached = spread([row.metrics[metric] for row in self.rows if metric in row.metrics])
        return Left(max(row.made for row in self.rows), reached.mean if reached else None)

    def values(self, metric: str, cells: Collection[Luck] | None = None) -> dict[Luck, float]:
        """The metric of each finished run by what chance gave it; `cells`: of those with these draws, splits and folds
        only.
        """
        found = {row.luck: row.metrics[metric] for row in self.finished if metric in row.metrics}
        return found if cells is None else {each: value for each, value in found.items() if each[:-1] in cells}

    def spread(self, metric: str, cells: Collection[Luck] | None = None) -> Spread | None:
        """Mean, standard deviation and interval over the units of the finished runs, see `runner.reports.units`."""
        values = self.values(metric, cells)
        return spread(averaged(values), self.overlap(metric, values))

    def overlap(self, metric: str, lucks: Collection[Luck]) -> float:
        """How much the units of runs with this luck share, see `units.overlap`."""
        return overlap(self.rows[0].setting, lucks, metric) if lucks else 0.0


def ignored() -> set[str]:
    """Keys that tell no settings apart."""
    free = {
        f"{group}.{key}"
        for group in CHOICE_GROUPS + SINGLE_GROUPS
        for entry in entries(group).values()
        for key, option in entry.options.items()
        if option.kind == "free"
    }
    return {*free, *luck(), "name"}


def fixed_keys(settings: Sequence[Setting]) -> set[str]:
    """Keys with one value in each source, and not the same one in all."""
    by_source: dict[int, list[Setting]] = {}
    for setting in settings:
        by_source.setdefault(setting.source, []).append(setting)
    names = {key for setting in settings for key in setting.keys}
    found = set()
    for key in names if len(by_source) > 1 else ():
        sets = [{s.keys.get(key, "") for s in group} for group in by_source.values()]
        if all(len(each) == 1 for each in sets) and len(set.union(*sets)) > 1:
            found.add(key)
    return found


def unfinished(setting: Setting) -> int:
    """Runs that have not ended."""
    return setting.count(UNFINISHED)


def source_names(sources: Sequence[RunSource]) -> list[str]:
    """What tells the folders apart."""
    parts = [source.folder.absolute().parts for source in sources]
    shared = 0
    while all(len(p) > shared + 1 for p in parts) and len({p[shared] for p in parts}) == 1:
        shared += 1
    return [str(Path(*p[shared:])) for p in parts]
