"""The folds of one run: trained together in subfolders fold=0, fold=1, ... of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.config.settings import Settings
from runner.execution.stored import CONFIG, write_config
from runner.plan.fold_runs import expand_folds
from runner.records import disk

PREFIX = "fold="


def members(settings: Settings, folder: Path) -> list[tuple[Settings, Path]]:
    """The runs that a configuration stands for, with their folders: one a fold, or itself in `folder`."""
    runs = expand_folds(settings)
    if len(runs) == 1:
        return [(settings, folder)]
    return [(run, folder / f"{PREFIX}{run.dataset.fold}") for run in runs]


def home_of(folder: Path) -> Path:
    """The folder of the run of which the one in `folder` is a fold, else its own."""
    return folder.parent if folder.name.startswith(PREFIX) else folder


def make_folders(runs: Sequence[tuple[Settings, Path]]) -> None:
    """Make the subfolders, each with its own configuration unless it has one."""
    for settings, folder in runs:
        disk.make_folder(folder)
        if not (folder / CONFIG).exists():
            write_config(settings, folder)


def parent_of(folders: Sequence[Path]) -> Path | None:
    """The folder of the one run whose folds these are, or None."""
    parents = {folder.parent for folder in folders}
    folds = all(folder.name.startswith(PREFIX) for folder in folders)
    return parents.pop() if len(folders) > 1 and folds and len(parents) == 1 else None
