"""Whether the settings of a section were searched for, and after what: a small grid is a comparison, not a search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.records.run_folder import MULTIRUN
from runner.reports.over import places
from runner.reports.sections import Section

KEYS, SETTINGS = 2, 10  # numeric keys and settings from which a grid is a search
PLAIN = ("GridSweeper", "BasicSweeper")  # which try every combination


def is_search(section: Section) -> bool:
    """Whether a sampler chose the settings, or they are many over several keys with numbers; and one can be the best."""
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


def objectives(section: Section) -> tuple[str, ...]:
    """What the search went after, if it was several things at once; () otherwise."""
    for source in section.sources:
        found = sweeper_of(source.folder).get("objective") if source.is_sweep else None
        if isinstance(found, Sequence) and not isinstance(found, str) and len(found) > 1:
            return tuple(map(str, found))
    return ()


def sweeper_of(folder: Path) -> dict[str, Any]:
    """The node hydra.sweeper that a sweep was started with; {} if it cannot be read.

    Only these lines of multirun.yaml are parsed: all of it takes a tenth of a second.
    """
    import yaml

    try:
        lines = (folder / MULTIRUN).read_text(encoding="utf-8").split("\n")
        start = lines.index("  sweeper:") + 1
    except (OSError, ValueError):
        return {}
    ends = (i for i in range(start, len(lines)) if not lines[i].startswith("   "))
    try:
        found = yaml.safe_load("\n".join(lines[start : next(ends, len(lines))]))
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}
