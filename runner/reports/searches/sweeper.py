"""The sweeper that a sweep was started with: what it was told, and what it went after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.records.run_folder import MULTIRUN
from runner.reports.runs import RunSource


def objectives(sources: Sequence[RunSource]) -> tuple[str, ...]:
    """What the first of these sweeps that says so went after; () if that is what its runs monitor."""
    for source in sources:
        found = sweeper_of(source.folder).get("objective") if source.is_sweep else None
        if found:
            return (found,) if isinstance(found, str) else tuple(map(str, found))
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
