"""What cross-validation found: each fold, and mean and spread over the folds, on the screen and in the run's folder.

The spread is the sample standard deviation s of the folds (divided by k - 1); folds share training rows, so s / sqrt(k)
would understate the error of the mean (Bengio & Grandvalet 2004): the 95% interval takes s sqrt(1 / k + 1 / (k - 1))
(Nadeau & Bengio 2003).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.errors import DamagedError, Problem
from runner.execution.damaged_run import RESTORE
from runner.execution.stored import is_as_written, read_config
from runner.records import disk
from runner.records.checksums import HYDRA, clear_way, differing, digest
from runner.records.run_folder import CONFIG, RESULTS
from runner.records.run_folder import SUMMARY as RUN_SUMMARY
from runner.records.summary import finite_metrics, read_sealed, sealed, to_json
from runner.records.sweep_folder import DONE
from runner.reports.decimals import digits
from runner.reports.statistics import Spread
from runner.training.outcome import Outcome

SUMMARY = "folds.json"
FORMAT = 1
DECIMALS = 4  # at least


def metrics(outcome: Outcome) -> dict[str, float]:
    """Those of its summary, which a run that failed has not."""
    return finite_metrics(outcome.summary or {})


def spread(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Metric -> mean, sd (null for a single value) and n, over the folds that were trained to their end and have it."""
    found = [metrics(outcome) for outcome in outcomes if outcome.status in DONE]
    columns = {name: [each[name] for each in found if name in each] for each in found for name in each}
    return {
        name: {
            "mean": statistics.fmean(values),
            "sd": statistics.stdev(values) if len(values) > 1 else None,
            "n": len(values),
        }
        for name, values in columns.items()
    }


def _recorded(outcomes: Sequence[Outcome]) -> list[str]:
    """The metrics that some fold has."""
    return list(dict.fromkeys(name for outcome in outcomes for name in metrics(outcome)))


def write(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Put folds.json (mean, sd and n of each metric) into the run's folder, beside the results.csv of its folds."""
    clear_way(folder, (SUMMARY,))
    content: dict[str, Any] = {"format": FORMAT, "folds": len(outcomes), "metrics": spread(outcomes)}
    content["status"] = {outcome.folder.name: outcome.status for outcome in outcomes}
    about = [RESULTS, *HYDRA, *(f"{outcome.folder.name}/{RUN_SUMMARY}" for outcome in outcomes)]
    content["files"] = {name: known for name in about if (known := digest(folder / name))}
    disk.replace(folder / SUMMARY, to_json(sealed(content)))


def problems(folder: Path) -> list[Problem]:
    """What is not as it was when the tables of cross-validation in `folder`, if there are any, were written."""
    if not (folder / SUMMARY).exists():
        return []
    try:
        wrong = [
            f"{folder / name}: not what {SUMMARY} lists" for name, _ in differing(folder, read_sealed(folder / SUMMARY))
        ]
    except DamagedError as error:
        wrong = [str(error)]
    if is_as_written(folder) is False:
        return [Problem(f"{folder / CONFIG}: damaged or edited since it was written", f"; {RESTORE}")]
    anew = f"; shown by the folds. `{plugins.command('resume', str(folder))}` writes the tables anew"
    return [Problem(each, anew) for each in wrong[:1]]


def table_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """What the folds give in validation and test (and the watched metric), one line a fold, then mean, standard
    deviation and half the width of the 95% interval.
    """
    over = spread(outcomes)
    settings = read_config(outcomes[0].folder)
    watched = settings.early_stopping.monitor
    shown = [name for name in _recorded(outcomes) if name == watched or name.startswith(("val/", "test/"))]
    intervals = {name: Spread(**over[name], overlap=1 / (settings.dataset.folds - 1)) for name in over}
    places = {name: max(DECIMALS, digits([intervals.get(name)])) for name in shown}
    rows = [["fold", "status", "best epoch", *shown]]
    for outcome in outcomes:
        found, best = metrics(outcome), (outcome.summary or {}).get("best_epoch")
        values = [_cell(found.get(name), places[name]) for name in shown]
        rows.append(
            [outcome.folder.name.partition("=")[2], outcome.status, "-" if best is None else str(best), *values]
        )
    for label, what in (("mean", "mean"), ("sd", "sd"), ("95% ±", "half")):
        values = [_cell(getattr(intervals.get(name), what, None), places[name]) for name in shown]
        rows.append([label, "", "", *values])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    left = sum(outcome.status not in DONE for outcome in outcomes)
    but = f"; mean and sd without the {left} that diverged or failed" if left else ""
    return [f"{len(outcomes)} folds{but}", *(f"  {line}" for line in lines)]


def _cell(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"
