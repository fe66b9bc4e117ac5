"""The records of finished or running runs as pandas data frames."""

from __future__ import annotations

import io
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
    whole = _whole_lines(path)
    if not whole:
        return pandas.DataFrame()
    try:
        return pandas.read_csv(io.BytesIO(whole), float_precision="round_trip")
    except (ValueError, pandas.errors.ParserError) as error:
        raise RunError(f"{path}: damaged: {error}") from error


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
