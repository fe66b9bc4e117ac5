"""What a folder says about the runs that were started in it: which they are, which have ended and hold."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from runner.config.settings import Settings
from runner.errors import ConfigError, DamagedError
from runner.execution import folds, unfinished
from runner.execution.again import RESTORE, changed_in
from runner.execution.stored import CONFIG, read_config
from runner.records import pipe
from runner.records.summary import SUMMARY
from runner.records.vouched import clear_way, set_aside
from runner.training.outcome import Outcome

CHECKPOINT = "checkpoint.safetensors"


def has_ended(folder: Path) -> bool:
    """Whether every run that `resume` would continue has ended, and holds."""
    folders = [each for _, each in runs_in(Path(folder))]
    return len(finished(folders)[0]) == len(folders)


def runs_in(folder: Path) -> list[tuple[Settings, Path]]:
    """The runs started in a folder: those listed as unfinished, or one run, or its folds.

    Where one has begun to train its checkpoint says what the settings must be: they may have been edited in what no
    number depends on.
    """
    listed = unfinished.read(folder) or []
    begun = {path.resolve() for path in _begun([folder, *listed])}
    found = [(read_config(each, checked=each.resolve() not in begun), each) for each in listed or [folder]]
    members = found if listed else folds.members(found[0][0], folder)
    if len(members) == 1 and any(folder.glob(f"{folds.PREFIX}*/{CONFIG}")):
        raise ConfigError(f"{folder / CONFIG}: of one fold, though there are folds below; restore it.")
    return members


def _begun(folders: list[Path]) -> list[Path]:
    """The runs that checkpoints in these folders hold."""
    from runner.training import checkpoint

    paths = [path for folder in folders for path in (folder / CHECKPOINT, *folder.glob("population-*.safetensors"))]
    return [path.parent / row["folder"] for path in paths if path.exists() for row in checkpoint.rows(path)]


def finished(folders: list[Path]) -> tuple[dict[Path, Outcome], dict[Path, str]]:
    """Of the runs that have ended the outcomes, and what is wrong with the files of those that do not hold."""
    from runner.execution.recovery import believed

    done, damaged = {}, {}
    for folder in folders:
        if (folder / SUMMARY).exists():
            try:
                done[folder] = believed(folder, settled=True)
            except DamagedError as error:
                damaged[folder] = str(error)
    return done, damaged


def set_damaged_aside(folder: Path, reason: str, console: bool) -> None:
    """Make room for training a damaged run again, and say so; ConfigError if what to train is not known."""
    changed = changed_in(folder)
    if str(CONFIG) in changed:
        raise ConfigError(f"{folder / CONFIG}: not what the run was trained with; {RESTORE}.")
    place = set_aside(folder, [*changed, CHECKPOINT])
    if console:
        pipe.write(sys.stderr, f"runner: {reason}; moved to {place.name}, and the run is trained again\n")


def clear_way_of(folder: Path, console: bool) -> None:
    """Move folders aside that are where the files of a run are to be written, and say so."""
    for said in clear_way(folder):
        if console:
            pipe.write(sys.stderr, f"runner: {said}\n")


def refuse_alone(folder: Path) -> None:
    """ConfigError if the run in `folder` resumes only together with others."""
    together = unfinished.company(folder)
    if together is not None:
        raise ConfigError(
            f"{folder} was started together with other runs; they resume together: "
            f"`runner resume {shlex.quote(str(together))}`"
        )
