"""Which runs were started together: a list in their common folder, from before the first step until all have ended.

Resuming repeats the plan of the start over the same runs, so that each population meets its own checkpoint again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from runner.errors import ConfigError, RunError
from runner.execution.folds import home_of
from runner.execution.sweep_file import is_sweep
from runner.records import disk

LIST = "unfinished.json"
FORMAT = 1


def root_of(folders: Sequence[Path]) -> Path:
    """Where the runs of one start are kept track of: the folder of a single run, else the one that holds them all."""
    if len(folders) == 1:
        return Path(folders[0])
    return Path(os.path.commonpath([Path(folder).absolute().parent for folder in folders]))


def refuse_second_start(root: Path) -> None:
    """ConfigError if runs started in `root` earlier have not ended: their checkpoints would be overwritten."""
    if (root / LIST).exists():
        raise ConfigError(
            f"{root} holds runs that have not ended ({LIST} names them). Resume them first, choose another folder, or "
            f"delete {root / LIST} to give them up."
        )


def write(root: Path, folders: Sequence[Path]) -> None:
    """Put the list in place at once; raises RunError if the disk does not take it."""
    names = [os.path.relpath(folder, root) for folder in folders]
    disk.replace(root / LIST, (json.dumps({"format": FORMAT, "runs": names}, indent=1) + "\n").encode())


def read(root: Path) -> list[Path] | None:
    """The folders listed in `root`, in the order of the start; None if it has no list. RunError if it is damaged."""
    path = root / LIST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: cannot be read ({error}); delete it and start the runs again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("runs"), list):
        raise RunError(f"{path}: damaged, or written by another version of runner; delete it and start the runs again.")
    return [root / str(name) for name in content["runs"]]


def remove(root: Path) -> None:
    """All have ended."""
    disk.remove(root / LIST)
    disk.remove(root / (LIST + disk.TEMPORARY))


def company(folder: Path) -> Path | None:
    """The folder whose list names the run in `folder`, if it was started with others."""
    folder = Path(folder).resolve()
    for parent in folder.parents:
        if (parent / LIST).is_file() and folder in [run.resolve() for run in read(parent) or []]:
            return parent
    return None


def resumed_in(folder: Path) -> Path:
    """The folder that `runner resume` takes for a run: that of its sweep, of runs started together, of its folds, or
    its own.
    """
    folder = folder.resolve()
    return sweep_of(folder) or company(folder) or home_of(folder)


def sweep_of(folder: Path) -> Path | None:
    """The folder of the sweep that a run lies in, if there is one that can be resumed."""
    return next((parent for parent in folder.resolve().parents if is_sweep(parent)), None)
