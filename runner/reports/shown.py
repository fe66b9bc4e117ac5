"""Which runs `runner dashboard` shows of a folder that holds many: of every sweep its means and its best runs.

With a hundred curves TensorBoard draws a tangle, and with more than five hundred it selects none.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import Problem, RunError
from runner.records.run_folder import LIST
from runner.records.sweep_folder import DONE, LAYOUT, MEANS
from runner.reports.readings import Readings

if TYPE_CHECKING:
    from runner.reports.sweep_table import SweepTable

FEW = 12  # runs that are shown without choosing
BEST = 10  # runs of a sweep, and means of a sweep
SWEEPS = 3  # newest ones of a folder
EVENTS = "events.out.tfevents"


@dataclass
class Shown:
    """What is shown of a folder: paths of runs, means and layouts, and what to say about it."""

    runs: int = 0  # there are
    whole: bool = True  # whether all of them are shown
    sweeps: list[Path] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def choose(folder: Path, *, everything: bool = False) -> Shown:
    """What to show of a folder: all of it if it holds few runs, or with `everything`."""
    alone, sweeps = _inventory(folder)
    sizes = {sweep: _size(sweep) for sweep in sweeps}
    total = len(alone) + sum(sizes.values())
    shown = Shown(total, whole=everything or total <= FEW)
    newest = sorted(sweeps, key=lambda sweep: (sweep / LIST).stat().st_mtime_ns)[
        -len(sweeps) if shown.whole else -SWEEPS :
    ]
    if len(sweeps) > len(newest):
        shown.said.append(f"the newest {len(newest)} of {len(sweeps)} sweeps")
    for sweep in reversed(newest):
        _add_sweep(shown, sweep, sizes[sweep])
    if folder in alone:  # it has events in addition to those below it
        shown.paths += sorted(folder.glob(f"{EVENTS}*"))
        alone.remove(folder)
    if alone:
        latest = sorted(alone, key=lambda run: run.stat().st_mtime_ns)
        latest = latest if shown.whole else latest[-FEW:]
        shown.paths += latest
        shown.said.append(f"the newest {len(latest)} of {len(alone)} single runs" if len(latest) < len(alone) else "")
    shown.said = [line for line in shown.said if line]
    return shown


def _add_sweep(shown: Shown, sweep: Path, size: int) -> None:
    shown.sweeps.append(sweep)
    means = sorted(_with_events(sweep / MEANS))
    shown.paths += [sweep / LAYOUT] if (sweep / LAYOUT).exists() else []
    shown.paths += means if shown.whole else means[:BEST]  # their names begin with their ranks
    if shown.whole or size <= FEW:
        shown.paths += _with_events(sweep, but=MEANS)
        return
    table = _table(sweep)
    shown.said += [f"note: {note}" for note in [*table.problems, *table.notes]]
    monitor, best = _best(sweep, table)
    if best:
        shown.paths += best
        what = f"the best {len(best)} of {size:,} runs by {monitor}"
    else:
        running = sorted(_with_events(sweep, but=MEANS))[:BEST]
        shown.paths += running
        what = f"{len(running)} of {size:,} runs, as none has ended"
    of = f" of {len(means):,}" if len(means) > BEST else ""
    shown.said.append(f"{sweep.name}: {what}" + (f", {min(len(means), BEST)}{of} means" if means else ""))


def _table(sweep: Path) -> SweepTable:
    """What its runs have reached. It is asked for every few seconds, so that only summaries are checked."""
    from runner.reports.sweep_table import SweepTable, read_table

    try:
        return read_table(sweep, Readings(quick=True))
    except RunError as error:
        return SweepTable([], [], None, [Problem(str(error))])


def _best(sweep: Path, table: SweepTable) -> tuple[str, list[Path]]:
    """The monitored metric and the best runs by it, of those that have ended."""
    from runner.config.registry import entries
    from runner.training.settings import EarlyStopping

    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    asked = [(row.get("early_stopping.monitor") or "", row.get("early_stopping.mode") or "auto") for row in rows]
    chosen = max(asked, key=asked.count, default=("", "auto"))
    stopping = EarlyStopping(monitor=chosen[0] or EarlyStopping().monitor, mode=chosen[1])
    if stopping.mode == "auto" and stopping.metric not in entries("metric"):  # no metric of this version
        stopping = EarlyStopping()
    sign = -1 if stopping.maximize else 1
    found = []
    for row, own in zip(rows, asked, strict=True):
        value = _value(row.get(stopping.monitor))
        copied = row.get("same_as")
        if (
            own == chosen
            and value is not None
            and not copied
            and row["status"] in DONE
            and (sweep / row["run"]).is_dir()
        ):
            found.append((sign * value, sweep / row["run"]))
    return stopping.monitor, [run for _, run in sorted(found)[:BEST]]


def _value(cell: str | None) -> float | None:
    """A number of the table; None if it is empty or the last line is not whole yet."""
    try:
        value = float(cell or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _size(sweep: Path) -> int:
    """How many runs a sweep has."""
    with (sweep / LIST).open("rb") as file:
        return sum(line.startswith(b"- ") for line in file)


def _inventory(folder: Path) -> tuple[list[Path], list[Path]]:
    """(runs outside of sweeps, sweeps) at or below a folder."""
    if (folder / LIST).is_file():
        return [], [folder]
    alone, sweeps = [folder] if _has_events(folder) else [], []
    for child in _folders(folder):
        more, within = _inventory(child)
        alone += more
        sweeps += within
    return alone, sweeps


def _with_events(folder: Path, but: str = "") -> list[Path]:
    """The folders directly below that hold events."""
    return [child for child in _folders(folder) if child.name != but and _has_events(child)]


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)]
        yield from (folder / name for name in sorted(names))


def _has_events(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name.startswith(EVENTS) for entry in entries)
