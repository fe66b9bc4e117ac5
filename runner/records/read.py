"""The tables that runs and sweeps write, metrics.csv and results.csv, read and checked line by line."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.errors import RunError
from runner.records.checksums import METRICS, below
from runner.records.flat import flatten
from runner.records.run_folder import CONFIG, LIST, RESULTS, STEPS

ABOUT = ("format", "versions", "git", "files", "sha256")  # in a summary: about the run's record, not its result
MEASURED = ("best_epoch", "epochs", "parameters")  # columns of a sweep's results.csv before the metrics
SAID = ("same_as", "without_effect")  # after the metrics, where there is something to say
ENDS = ("seconds", "error")  # its last columns


FIRST_COLUMN = {METRICS: "epoch", STEPS: "step"}


def curve(folder: Path, name: str = METRICS) -> dict[str, list[int] | list[float]]:
    """metrics.csv (or steps.csv) of one run, by column. Raises RunError if it is missing or damaged."""
    path, first = folder / name, FIRST_COLUMN[name]
    try:
        data = _whole_lines(path).decode()
    except UnicodeDecodeError as error:
        raise RunError(f"{path}: damaged: {error}") from error
    header, *rows = [line.split(",") for line in data.splitlines()] or [[]]
    if header and header[0] != first:
        raise RunError(f"{path}: damaged: its first column is {header[0][:20]!r}, not {first}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise RunError(f"{path}: damaged: line {number} has {len(row)} cells, the header {len(header)}")
    try:
        return {name: _column([row[i] for row in rows]) for i, name in enumerate(header)}
    except ValueError as error:
        raise RunError(f"{path}: damaged: {error}") from error


def _column(cells: list[str]) -> list[int] | list[float]:
    """Whole numbers if all are, else doubles, exact as parsers of CSV need not be; an empty cell is NaN."""
    if all(cell.lstrip("-").isdigit() for cell in cells):
        return [int(cell) for cell in cells]
    return [float(cell) if cell else math.nan for cell in cells]


def is_sweep(root: Path) -> bool:
    """Whether a sweep lies here that can be told of: one that can be resumed, or the table of one."""
    return (root / LIST).is_file() or has_results(root)


def sweeps_below(root: Path) -> list[Path]:
    """The folders at or below `root` of sweeps that can be told of."""
    return sorted(sweep for sweep in {*below(root, LIST), *below(root, RESULTS)} if is_sweep(sweep))


def has_results(root: Path) -> bool:
    """Whether `root` is the folder of a sweep with results.csv (that of cross-validation has another one)."""
    path = root / RESULTS
    if not path.is_file() or (root / CONFIG).is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return (root / LIST).is_file() or file.readline().rstrip("\n").split(",")[-2:] == list(ENDS)


def read_results(root: Path) -> tuple[list[str], list[list[str]]]:
    """(columns, rows) of a sweep's results.csv as text. A row still being written is left out.

    Raises RunError with the line if the file is damaged.
    """
    path = root / RESULTS
    reader = csv.reader(_texts(path), strict=True)
    columns: list[str] = []
    rows: list[list[str]] = []
    once: dict[str, str] = {}  # most cells are those of another run, too
    try:
        for row in reader:
            if not columns:
                columns = row
                if columns[:2] != ["run", "status"] or columns[-2:] != list(ENDS):
                    raise _damaged(path, 1, "the header is not that of a sweep's results")
            elif len(row) != len(columns):
                raise _damaged(path, reader.line_num, f"{len(row)} cells, the header has {len(columns)}")
            else:
                rows.append([once.setdefault(cell, cell) for cell in row])
    except csv.Error as error:
        if "unexpected end" not in str(error):  # else a text that is being written
            raise _damaged(path, reader.line_num, str(error)) from error
    if not columns:
        raise _damaged(path, 1, "it is empty")
    return columns, rows


def _texts(path: Path) -> list[str]:
    """The whole lines of a file, with their ends."""
    found = []
    if not path.exists():
        raise not_there(path)
    try:
        data = _whole_lines(path)
    except RunError as error:
        raise RunError(f"{error}; {_anew(path)}") from error
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            found.append(line.decode() + "\n")
        except UnicodeDecodeError as error:
            raise _damaged(path, number, str(error)) from error
    return found


def _damaged(path: Path, line: int, what: str) -> RunError:
    return RunError(f"{path}: line {line}: {what}: damaged or edited", f"; {_anew(path)}")


def _anew(path: Path) -> str:
    return f"`{plugins.command('resume', str(path.parent))}` writes it anew from the runs"


def typed(cells: Sequence[str]) -> list[Any]:
    """Cells of one column as numbers or switches if all are written as such, else as text, such as 007 and 2024_01. An
    empty one (a key that a run has not) and null are NaN among numbers, None among others.
    """
    filled = [cell for cell in cells if cell not in ("", "null")]
    if filled and all(cell in ("true", "false") for cell in filled):
        return [cell == "true" if cell in ("true", "false") else None for cell in cells]
    if not all(map(_is_number, filled)):
        return [None if cell in ("", "null") else cell for cell in cells]
    return _column(["" if cell == "null" else cell for cell in cells]) if filled else [math.nan for _ in cells]


def _is_number(cell: str) -> bool:
    """Whether a cell is what the program writes for some number."""
    try:
        whole = cell.lstrip("-").isdecimal()
        return cell == str(int(cell)) if whole else cell in (repr(float(cell)), f"{float(cell):g}")
    except ValueError:
        return False


def summary_row(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary without what is the same for all runs; {"val": {"loss": 1}} -> {"val/loss": 1}. What never acted is
    text, as in results.csv.
    """
    kept = {key: value for key, value in summary.items() if key not in ABOUT}
    kept |= {SAID[1]: " ".join(kept[SAID[1]])} if SAID[1] in kept else {}
    return {key.replace(".", "/"): value for key, value in flatten(kept).items()}


def _whole_lines(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise not_there(path) from None
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror or error}") from error
    if b"\0" in data:
        raise RunError(f"{path}: damaged: it holds zeros, which is what a loss of power leaves")
    return data[: data.rfind(b"\n") + 1]


def not_there(path: Path) -> RunError:
    return RunError(f"{path}: not there; is {path.parent} the folder of a run?")
