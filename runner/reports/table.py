"""`runner.results(DIR)`: every run that has ended as a row of a data frame, with its settings and what it reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE
from runner.errors import RunError
from runner.execution.stored import CONFIG
from runner.records.read import has_results, name_in, read_results, summaries, summary_row, typed
from runner.records.summary import SUMMARY, read_summary
from runner.reports.runs import RunRow, align, key_columns, recorded_row

if TYPE_CHECKING:
    import pandas


@dataclass
class _Ended:
    """A run that has ended: its settings as text, and what was measured."""

    row: RunRow
    record: Mapping[str, Any]


def results(folder: Path | str) -> pandas.DataFrame:
    """One row a run that has ended: run, status, its settings, best_epoch, parameters, train/loss, val/accuracy, ...

    Of a sweep what its results.csv holds (failed runs too, and why); of any other folder the runs at or below it, of
    sweeps or not. Settings are the keys that are not at their defaults in some run. `last` is what was started last
    under outputs/. Raises RunError if no run has ended.
    """
    import pandas

    from runner.commands.folders import named_folder

    root = named_folder(folder)
    if has_results(root):
        return pandas.DataFrame(_columns(*read_results(root)))
    sweeps = [path.parent for path in sorted(root.rglob("results.csv")) if has_results(path.parent)]
    alone = [run for run in summaries(root) if not any(sweep in run.parents for sweep in sweeps)]
    found = [run for sweep in sweeps for run in _of_sweep(sweep)] + _all_alone(alone)
    if not found:
        raise RunError(f"{root}: no finished run in it (no {SUMMARY} at or below)")
    records = dict.fromkeys(name for run in found for name in run.record)
    table: dict[str, list] = {"run": [name_in(run.row.folder, root) for run in found]}
    table |= {"status": [run.row.status for run in found]} | _settings(found)
    table |= {name: [run.record.get(name) for run in found] for name in records if name not in table}
    return pandas.DataFrame(table)


def _columns(names: list[str], rows: list[list[str]]) -> dict[str, list]:
    return {name: typed([row[i] for row in rows]) for i, name in enumerate(names)}


def _settings(found: Iterable[_Ended]) -> dict[str, list]:
    """The settings that tell something; where a run does not name one, its default."""
    keys = dict.fromkeys(key for run in found for key in run.row.keys)
    cells = {key: [run.row.setting(key) if run.row.keys else "" for run in found] for key in keys}
    same = {group for group in CHOICE_GROUPS if group in cells and set(cells[group]) <= {DEFAULT_CHOICE[group], ""}}
    last = ["seed"] if "seed" in cells else []
    return {key: typed(cells[key]) for key in [*(key for key in cells if key not in (*same, "seed")), *last]}


def _of_sweep(sweep: Path) -> list[_Ended]:
    names, rows = read_results(sweep)
    keys = key_columns(names)
    measured = _columns(names, rows)
    records = {name: values for name, values in measured.items() if name not in (*keys, "run", "status")}
    found = []
    for i, cells in enumerate(rows):
        row = dict(zip(names, cells, strict=True))
        run = RunRow(sweep / row["run"], row["status"], {key: row[key] for key in keys})
        found.append(_Ended(run, {name: values[i] for name, values in records.items()}))
    return found


def _all_alone(runs: list[Path]) -> list[_Ended]:
    found = [_alone(run) for run in runs]
    align([run.row for run in found if run.row.keys])
    return found


def _alone(run: Path) -> _Ended:
    summary = read_summary(run)
    row = recorded_row(run) if (run / CONFIG).exists() else RunRow(run, "", {})
    row.status = summary["status"]
    return _Ended(row, summary_row(summary))
