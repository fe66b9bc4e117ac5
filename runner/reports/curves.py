"""`runner.curves(DIR)`: the metrics of one run, or of all runs below a folder, epoch by epoch, as a data frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import RunError
from runner.records.checksums import METRICS, below, verify
from runner.records.folders import named_folder
from runner.records.read import curve, not_there
from runner.records.run_folder import STEPS, is_ensemble
from runner.records.summary import SUMMARY
from runner.reports.readings import WAY, Readings, name_in, warn

if TYPE_CHECKING:
    import pandas


def curves(folder: Path | str, *, steps: bool = False, force: bool = False) -> pandas.DataFrame:
    """metrics.csv of one run: a row an epoch, numbers exactly as written. A line still being written is left out. With
    `steps` it is steps.csv, which runs have that log steps (`trainer.log_every_steps`).

    Of a sweep, an ensemble, or any folder with runs below it: the epochs of all runs one below the other, with a column
    `run`. Runs whose files do not hold are left out with a warning; with `force` they are used as far as they can be
    read. `last` is what was started last under outputs/.

    Raises RunError if there is no metrics.csv that can be read, DamagedError for one run that does not hold.
    """
    import pandas

    root, name = named_folder(folder), STEPS if steps else METRICS
    if (root / METRICS).exists() or ((root / SUMMARY).exists() and not is_ensemble(root)):
        if (root / SUMMARY).exists() and not force:
            verify(root)
        return pandas.DataFrame(curve(root, name))
    readings = Readings(force, WAY)
    found, problems = {}, []
    for run in sorted({*below(root, name), *below(root, SUMMARY)}):
        if is_ensemble(run) and not (run / METRICS).exists():  # whose members are below
            continue
        if readings.summary(run) is not None or not (run / SUMMARY).exists():
            try:
                found[name_in(run, root)] = curve(run, name)
            except RunError as error:
                problems.append(f"left out: {error}")
    notes = [*readings.notes(), *problems]
    if not found:
        raise RunError(f"{root}: {notes[0]}") if notes else not_there(root / name)
    warn(notes)
    return pandas.DataFrame(_below_one_another(found))


def _below_one_another(runs: Mapping[str, dict[str, Any]]) -> dict[str, list]:
    found = list(runs.items())
    lengths = [len(next(iter(columns.values()), [])) for _, columns in found]
    names = dict.fromkeys(name for _, columns in found for name in columns)
    table: dict[str, list] = {"run": [run for (run, _), n in zip(found, lengths, strict=True) for _ in range(n)]}
    for name in names:
        parts = [columns.get(name, [math.nan] * n) for (_, columns), n in zip(found, lengths, strict=True)]
        table[name] = [value for part in parts for value in part]
    return table
