"""The runs of sweeps and of folders as rows of text and numbers: what reports are made of.

A sweep is read as `runner.reports.sweep_table` has checked it, any other folder run by run.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.config.compact import text
from runner.errors import ConfigError, RunError
from runner.execution.stored import read_config
from runner.plan.duplicates import identity
from runner.records.checksums import below
from runner.records.read import is_sweep, sweeps_below
from runner.records.run_folder import CONFIG, LIST, MEMBERS, RESULTS, SUMMARY, is_ensemble
from runner.records.summary import SPLITS, finite_metrics
from runner.reports.readings import Readings
from runner.reports.run_row import UNFINISHED, RunRow, align, recorded_row
from runner.reports.sweep_table import Asked, key_columns, read_table


@dataclass
class RunSource:
    """A sweep, or the runs in a folder that belong to none."""

    folder: Path
    rows: list[RunRow]
    is_sweep: bool
    data: dict[str, str] = field(default_factory=dict)  # data set -> SHA-256 of its content
    notes: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Keys that are not at their default in some run, with those that vary by chance."""
        return list(dict.fromkeys(key for row in self.rows for key in row.keys))


def read_sources(
    folder: Path, *, force: bool = False, known: Mapping[Path, dict[str, Any]] | None = None
) -> list[RunSource]:
    """The sweeps at or below `folder`, and its runs that belong to none. Runs whose files do not hold count as not
    ended, and a note names them; with `force` they are used. `known` are summaries that need not be read any more.

    Raises ConfigError if there is no such folder, RunError if nothing was started in it or nothing can be read.
    """
    if folder.is_file():
        raise ConfigError(f"{folder}: a file; give the folder of the sweep, {folder.parent}")
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; give the folder of a sweep, or `last` for the newest")
    if is_sweep(folder):
        return [read_sweep(folder, force=force, known=known)]
    sweeps = sweeps_below(folder)
    found = [read_sweep(sweep, force=force) for sweep in sweeps]
    loose = _read_runs(folder, sweeps, Readings(force))
    if not found and not loose.rows:
        if loose.notes:
            raise RunError(f"{folder}: its runs cannot be read: {loose.notes[0]}")
        raise RunError(f"{folder}: no run in it; `runner` or `runner -m` starts some")
    return found + ([loose] if loose.rows else [])


def read_sweep(root: Path, *, force: bool = False, known: Mapping[Path, dict[str, Any]] | None = None) -> RunSource:
    """The runs of one sweep, those that have not ended too, in the order of their numbers."""
    readings = Readings(force, known=known)
    table = read_table(root, readings)
    ended, table.rows = {row[0]: row for row in table.rows}, []  # of thousands each goes once it has been read
    columns = key_columns(table.columns)
    source = RunSource(root, [], True, notes=[*table.problems, *table.notes])
    for run in table.listed["runs"] if table.listed else ():
        cells = ended.pop(run["run"], None)
        row = _waiting(root, run, columns) if cells is None else _ended(root, table.columns, cells)
        row.damaged = cells is None and row.folder in readings.damaged
        row.overrides, row.given = tuple(map(str, run["overrides"])), run["settings"]
        row.chosen = run.get("chosen", {})
        source.rows.append(row)
    source.rows += [_ended(root, table.columns, row) for row in ended.values()]
    source.data = dict(table.listed["data"]) if table.listed else {}
    return source


def _ended(root: Path, columns: list[str], cells: list[str]) -> RunRow:
    """A row of results.csv."""
    row = dict(zip(columns, cells, strict=True))
    metrics = [name for name in columns if name.partition("/")[0] in SPLITS and "/" in name]
    try:
        measured = {name: float(row[name]) for name in metrics if row[name]}
    except ValueError as error:
        raise RunError(
            f"{root / RESULTS}: {row['run']}: {error}; `{plugins.command('resume', str(root))}` writes the table anew"
        ) from error
    settings = {name: row[name] for name in key_columns(columns)}
    found = RunRow(root / row["run"], row["status"], settings, measured, row["error"], best_epoch=row["best_epoch"])
    found.parameters = row.get("parameters", "")  # which the first versions did not write
    found.epochs, found.seconds = row.get("epochs", ""), row.get("seconds", "")
    found.same_as = root / row["same_as"] if row.get("same_as") else None
    found.without_effect = tuple(row.get("without_effect", "").split())
    return found


def _waiting(root: Path, run: Mapping[str, Any], names: Iterable[str]) -> RunRow:
    """A run of sweep.yaml that has not ended."""
    return RunRow(root / run["run"], UNFINISHED, Asked(run).settings(names))


def _read_runs(folder: Path, sweeps: list[Path], readings: Readings) -> RunSource:
    """Runs that are not of a sweep: by their summaries and configurations."""
    started = {*below(folder, str(CONFIG)), *below(folder, SUMMARY)}
    found = [run for run in sorted(started) if not any(sweep in run.parents for sweep in sweeps)]
    found = [run for run in found if not _is_member(run, folder)]
    above = {parent for run in found for parent in run.parents}
    source = RunSource(folder, [], False)
    seen: dict[str, Path] = {}
    if (folder.parent / LIST).is_file():
        source.notes.append(f"one run of a sweep: `runner report {shlex.quote(str(folder.parent))}` is about all")
    for run in found:
        if (run / SUMMARY).exists() or run not in above:
            try:
                source.rows.append(_read_run(run, readings, seen))
            except ConfigError as error:
                if readings.force:  # it is not used after all
                    readings.damaged.pop(run, None)
                source.notes += [] if run in readings.damaged else [str(error)]
        else:  # a run with runs below it is cross-validation's
            source.notes += _problems_of_folds(run)
    source.notes += readings.notes()
    align(source.rows)
    return source


def _is_member(run: Path, folder: Path) -> bool:
    """Whether a run is told of by the ensemble that it belongs to, where `folder` is not just that."""
    home = run.parent.parent
    return run.parent.name == MEMBERS and is_ensemble(home) and home != folder


def _problems_of_folds(run: Path) -> Sequence[str]:
    from runner.reports import fold_table

    return fold_table.problems(run)


def _read_run(folder: Path, readings: Readings, seen: dict[str, Path]) -> RunRow:
    """`seen`: the first of the runs that are the same and have finished, by what makes them so."""
    summary = readings.summary(folder)
    row = recorded_row(folder, checked=not readings.force)
    if summary is None:
        row.damaged = folder in readings.damaged
        return row
    row.status, row.metrics = summary["status"], finite_metrics(summary)
    row.best_epoch = text(summary.get("best_epoch"))
    row.parameters = text(summary.get("parameters", ""))
    row.epochs, row.seconds = text(summary.get("epochs", "")), text(summary.get("seconds", ""))
    row.error = summary.get("reason", "") if row.status == "failed" else ""
    row.without_effect = tuple(summary.get("without_effect", []))
    if row.finished:
        first = seen.setdefault(f"{_identity(folder)} {summary.get('data_sha256')}", folder)
        row.same_as = first if first != folder else None
    return row


def _identity(folder: Path) -> str:
    """What makes runs the same; one whose choices are not registered here is like no other."""
    try:
        return identity(read_config(folder))
    except ConfigError:
        return str(folder)
