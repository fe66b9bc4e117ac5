"""Whether the settings of a section were searched for: a small grid is a comparison, not a search."""

from __future__ import annotations

from typing import Any

from runner.reports.over import places
from runner.reports.searches.sweeper import sweeper_of
from runner.reports.sections import Section

KEYS, SETTINGS = 2, 10  # numeric keys and settings from which a grid is a search
PLAIN = ("GridSweeper", "BasicSweeper")  # which try every combination


def is_search(section: Section) -> bool:
    """Whether a sampler chose the settings, or they are many over several keys with numbers, of which one is best."""
    if not section.comparable or not section.judged or not section.varied:
        return False
    if any(_by_sampler(sweeper_of(source.folder)) for source in section.sources if source.is_sweep):
        return True
    numeric = [key for key in section.varied if places({s.keys.get(key, "") for s in section.settings})]
    return len(section.settings) >= SETTINGS and len(numeric) >= KEYS


def _by_sampler(sweeper: dict[str, Any]) -> bool:
    """Whether settings were drawn, or left off early."""
    name = str(sweeper.get("_target_", "")).rpartition(".")[2]
    return bool(name and name not in PLAIN) or bool(sweeper.get("pruner"))
