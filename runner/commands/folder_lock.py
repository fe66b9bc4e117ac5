"""The folder a run or sweep is about to start in: one process at a time, and clean again if nothing was trained there.

A process holds a lock on `.hydra` while it starts and trains (the session locks the folder itself), so that what a
killed start left behind is told from a start that is under way.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.config import plugins
from runner.errors import ConfigError
from runner.execution.lock import lock
from runner.records.folders import unwritable
from runner.records.run_folder import FOLD, LIST, MULTIRUN, TRAINED


@contextmanager
def hold(folder: Path, key: str, *, extend: bool = False) -> Iterator[None]:
    """Hold `folder`, made if it is not there, for a new run or sweep, or (`extend`) for more runs of the sweep in it.

    Raises:
        ConfigError: naming `key` if a run has trained there, another process is starting there or it cannot be made.
    """
    while True:
        if (has_trained(folder) and not extend) or (folder / ".hydra").is_file():
            raise _taken(folder, key)
        before = _mark(folder, key)
        with lock(folder / ".hydra"):
            if _inode(folder / ".hydra") != before:  # a start that was refused has just removed it
                continue
            if has_trained(folder) and not extend:
                raise _taken(folder, key)
            with lock(folder):  # nobody resumes it
                pass
            try:
                yield
            finally:
                _unmark(folder)
            return


def has_trained(folder: Path) -> bool:
    """Whether a run in `folder`, a fold of it or one of a sweep there has recorded what a new start would overwrite."""
    if any((folder / name).exists() for name in TRAINED) or any(has_trained(fold) for fold in folder.glob(f"{FOLD}*")):
        return True
    return (folder / MULTIRUN).is_file() and any(has_trained(child) for child in folder.iterdir() if child.is_dir())


def clean(folder: Path, made: bool) -> None:
    """Remove what a start left in a folder where nothing was trained, and the folder if it was `made` and is empty."""
    if has_trained(folder):
        return
    try:
        with lock(folder):
            shutil.rmtree(folder / ".hydra")
            (folder / MULTIRUN).unlink(missing_ok=True)
            if made and not any(folder.iterdir()):
                folder.rmdir()
    except ConfigError:  # another process resumes it now: the folder is in use, and no longer this start's
        return
    except OSError as error:
        print(f"runner: {folder}: cannot be cleaned up ({error.strerror})", file=sys.stderr)


def _mark(folder: Path, key: str) -> int | None:
    """Make folder/.hydra unless it is there; which one it is."""
    try:
        (folder / ".hydra").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        is_file = folder.exists() and not folder.is_dir()
        raise unwritable(folder, key, "it is a file" if is_file else error.strerror) from error
    return _inode(folder / ".hydra")


def _unmark(folder: Path) -> None:
    """A sweep keeps nothing in its own .hydra."""
    mark = folder / ".hydra"
    if mark.is_dir() and not any(mark.iterdir()):
        mark.rmdir()


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _taken(folder: Path, key: str) -> ConfigError:
    again = f"continue it with `{plugins.command('resume', str(folder))}`, or "
    if (folder / LIST).is_file():
        again += "add runs to the sweep with --extend, or "
    elif (folder / MULTIRUN).is_file():
        again = ""
    return ConfigError(
        f"{key} = {folder}: holds a run already, and nothing is overwritten; {again}choose another folder"
    )
