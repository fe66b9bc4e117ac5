"""`runner.results(DIR)`: every run that has ended as a row of a data frame, with its settings and what it reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE
from runner.errors import ConfigError, RunError
from runner.records.checksums import below
from runner.records.read import is_sweep, summary_row, sweeps_below, typed
from runner.records.run_folder import CONFIG, SUMMARY
from runner.reports.readings import WAY, Readings, name_in, warn
from runner.reports.run_row import RunRow, align, recorded_row
from runner.reports.sweep_table import SweepTable, key_columns, read_table

if TYPE_CHECKING:
    import pandas


@dataclass
class _Ended:
    """A run that has ended: its settings as text, and what was measured."""

    row: RunRow
    record: Mapping[str, Any]


def results(folder: Path | str, *, force: bool = False) -> pandas.DataFrame:
    """One row a run that has ended: run, status, its settings, best_epoch, parameters, train/loss, val/accuracy, ...

    Of a sweep what its results.csv holds (failed runs too, and why), corrected where its runs say something else; of
    any other folder the runs at or below it, of sweeps or not. Settings are the keys that are not at their defaults in
    some run. `last` is what was started last under outputs/. Runs whose files do not hold are left out with a warning;
    with `force` they are used as far as they can be read. Raises RunError if no run has ended.
    """
    import pandas

    from runner.records.folders import named_folder

    root = named_folder(folder)
    readings = Readings(force, WAY)
    if is_sweep(root):
        table = read_table(root, readings)
        warn([*table.problems, *table.notes])
        return pandas.DataFrame(_columns(table.columns, table.rows))
    sweeps = sweeps_below(root)
    tables = {sweep: read_table(sweep, Readings(force, WAY)) for sweep in sweeps}
    alone = [run for run in below(root, SUMMARY) if not any(sweep in run.parents for sweep in sweeps)]
    found = [run for sweep, table in tables.items() for run in _of_sweep(sweep, table)]
    notes = [note for table in tables.values() for note in (*table.problems, *table.notes)]
    others, left_out = _all_alone(alone, readings)
    found, notes = [*found, *others], [*notes, *readings.notes(), *left_out]
    if not found:
        raise RunError(f"{root}: {notes[0] if notes else f'no finished run in it (no {SUMMARY} at or below)'}")
    warn(notes)
    records = dict.fromkeys(name for run in found for name in run.record)
    columns: dict[str, list] = {"run": [name_in(run.row.folder, root) for run in found]}
    columns |= {"status": [run.row.status for run in found]} | _settings(found)
    columns |= {name: [run.record.get(name) for run in found] for name in records if name not in columns}
    return pandas.DataFrame(columns)


def _columns(names: list[str], rows: list[list[str]]) -> dict[str, list]:
    return {name: typed([row[i] for row in rows]) for i, name in enumerate(names)}


def _settings(found: Iterable[_Ended]) -> dict[str, list]:
    """The settings that tell something; where a run does not name one, its default."""
    keys = dict.fromkeys(key for run in found for key in run.row.keys)
    cells = {key: [run.row.setting(key) if run.row.keys else "" for run in found] for key in keys}
    same = {group for group in CHOICE_GROUPS if group in cells and set(cells[group]) <= {DEFAULT_CHOICE[group], ""}}
    last = ["seed"] if "seed" in cells else []
    return {key: typed(cells[key]) for key in [*(key for key in cells if key not in (*same, "seed")), *last]}


def _of_sweep(sweep: Path, table: SweepTable) -> list[_Ended]:
    keys = key_columns(table.columns)
    measured = _columns(table.columns, table.rows)
    records = {name: values for name, values in measured.items() if name not in (*keys, "run", "status")}
    found = []
    for i, cells in enumerate(table.rows):
        row = dict(zip(table.columns, cells, strict=True))
        run = RunRow(sweep / row["run"], row["status"], {key: row[key] for key in keys})
        found.append(_Ended(run, {name: values[i] for name, values in records.items()}))
    return found


def _all_alone(runs: list[Path], readings: Readings) -> tuple[list[_Ended], list[str]]:
    """Those whose files hold, and what is said about configurations that cannot be read."""
    found, problems = [], []
    for run in runs:
        summary = readings.summary(run)
        try:
            found += [] if summary is None else [_alone(run, summary, readings)]
        except ConfigError as error:
            problems.append(f"left out: {error}")
    align([run.row for run in found if run.row.keys])
    return found, problems


def _alone(run: Path, summary: dict[str, Any], readings: Readings) -> _Ended:
    there = (run / CONFIG).exists()
    row = recorded_row(run, checked=not readings.force) if there else RunRow(run, "", {})
    row.status = summary["status"]
    return _Ended(row, summary_row(summary))
