"""The records of finished or running runs as pandas data frames."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import RunError
from runner.records.flat import flatten
from runner.records.summary import SUMMARY, read_summary

if TYPE_CHECKING:
    import pandas

METRICS = "metrics.csv"


def curves(folder: Path | str) -> pandas.DataFrame:
    """metrics.csv of one run: a row an epoch, numbers exactly as written. A line still being written is left out.

    Raises RunError if the file is missing or damaged.
    """
    import pandas

    path = Path(folder) / METRICS
    header, *rows = [line.split(",") for line in _whole_lines(path).decode(errors="replace").splitlines()] or [[]]
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise RunError(f"{path}: line {number} has {len(row)} cells, the header {len(header)}: the file is damaged")
    try:
        return pandas.DataFrame({name: _column([row[i] for row in rows]) for i, name in enumerate(header)})
    except ValueError as error:
        raise RunError(f"{path}: damaged: {error}") from error


def _column(cells: list[str]) -> list[int] | list[float]:
    """Whole numbers if all are, else doubles, exact as parsers of CSV need not be; an empty cell is NaN."""
    if all(cell.lstrip("-").isdigit() for cell in cells):
        return [int(cell) for cell in cells]
    return [float(cell) if cell else math.nan for cell in cells]


def results(folder: Path | str) -> pandas.DataFrame:
    """One row a finished run at or below `folder`, by folder name: run, status, seconds, train/loss, val/accuracy, ...

    Raises RunError if there is none.
    """
    import pandas

    root = Path(folder)
    found = sorted(path.parent for path in root.rglob(SUMMARY))
    if not found:
        raise RunError(f"{root}: no finished run in it (no {SUMMARY} at or below)")
    return pandas.DataFrame([{"run": _name(run, root)} | _row(read_summary(run)) for run in found])


def _row(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary without what is the same for all runs; {"val": {"loss": 1}} -> {"val/loss": 1}."""
    kept = {key: value for key, value in summary.items() if key not in ("format", "versions", "git")}
    return {key.replace(".", "/"): value for key, value in flatten(kept).items()}


def _name(run: Path, root: Path) -> str:
    return run.name if run == root else str(run.relative_to(root))


def _whole_lines(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RunError(f"{path}: not there; is {path.parent} the folder of a run?") from None
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror or error}") from error
    return data[: data.rfind(b"\n") + 1]
