"""Folders of runs: made exclusively, found again by name or as `last`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.errors import ConfigError, shortened
from runner.records.names import LONGEST, sanitized
from runner.records.run_folder import STARTED, is_listed, is_run, is_sweep

FORCE = "use runs although files in their folders have changed since they ended"
OUTPUTS = Path("outputs")


def make_numbered(stem: str, key: str, name: str | None = None) -> Path:
    """A new folder <stem>-<n>, or <stem>-<n>_<name>, with the smallest free n; two processes never get the same one.

    Raises:
        ConfigError: naming `key` if the place cannot be written.
    """
    n, suffix = 1, f"_{sanitized(name)[:LONGEST]}".rstrip("_") if name else ""
    while True:
        folder = Path(f"{stem}-{n}{suffix}")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            return folder
        except FileExistsError:
            if not folder.exists():  # a parent is a file
                raise unwritable(folder, key, "part of the path is a file") from None
            n += 1
        except OSError as error:
            raise unwritable(folder, key, error.strerror) from error


def find_run(text: str) -> Path:
    """The folder of the run, or of the runs started together, that a user named.

    `last` is the run under outputs/ that was started last, alone or in a sweep.

    Raises:
        ConfigError: if there is no such folder, or it is no run.
    """
    if text == "last":
        return newest(OUTPUTS, sweeps=False)
    folder = Path(text)
    if not folder.is_dir():
        raise ConfigError(
            f"{text}: no such folder; give the folder of a run, or `last` for the newest under {OUTPUTS}/"
        )
    refuse_sweep(folder)
    if not is_run(folder):
        raise ConfigError(f"{text}: not the folder of a run (it has no .hydra/config.yaml); runs are under {OUTPUTS}/")
    return folder


def named_folder(value: Any, *, sweeps: bool = True) -> Path:
    """The folder that a caller from Python named; `last` is what was started last under outputs/ (without `sweeps`, a
    run of it). ConfigError if it is no path, or there is no run for `last`.
    """
    folder = as_path(value, "folder", "'outputs/2026-11-21/10-15-00-1' or 'last'")
    return newest(OUTPUTS, sweeps=sweeps) if value == "last" else folder


def as_path(value: Any, key: str, example: str) -> Path:
    """A path given from Python as text or as a Path; ConfigError naming `key` for anything else."""
    if not isinstance(value, (str, Path)) or str(value) == "" or "\0" in str(value):
        raise ConfigError(f"{key} = {shortened(value)}: must be a folder, as text or as a Path, such as {example}")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{key} = {value}: {error}") from error


def find_started(text: str) -> Path:
    """The folder of the run or sweep that a user named to be resumed or repeated; `last` is what was started last.

    Raises ConfigError as `find_run` does, and for a sweep of Hydra's basic launcher, which keeps no state.
    """
    folder = newest(OUTPUTS) if text == "last" else Path(text)
    if is_listed(folder):
        return folder
    refuse_sweep(folder, " that has no sweep.yaml, which says what its runs are (Hydra's basic launcher writes none)")
    return find_run(str(folder))


def refuse_sweep(folder: Path, lacking: str = "") -> None:
    """ConfigError for the folder of a sweep where one run is meant, or one that keeps no state."""
    if is_sweep(folder):
        runs = sorted(_runs(folder), key=lambda run: (len(run.name), run.name))
        such = f", such as {runs[0]}" if runs else ""
        raise ConfigError(f"{folder}: a sweep{lacking}; name one of its runs{such}")


def newest(root: Path, *, sweeps: bool = True) -> Path:
    """What was started last under `root`: a run, runs together or a sweep (without `sweeps`, a run of it instead).

    Raises ConfigError if there is none.
    """
    found = list(_runs(root, sweeps)) if root.is_dir() else []
    if not found:
        raise ConfigError(f"last: there is no run under {root}/ yet; `runner` starts one")
    return max(found, key=lambda folder: max(_started(folder)))


def _runs(folder: Path, sweeps: bool = False) -> Iterator[Path]:
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            if is_run(child) and (sweeps or not is_sweep(child)):
                yield child
            elif not child.name.startswith("."):
                yield from _runs(child, sweeps)


def _started(folder: Path) -> list[tuple[int, str]]:
    return [((folder / m).stat().st_mtime_ns, str(folder)) for m in STARTED if (folder / m).exists()]


def unwritable(folder: Path, key: str, why: str | None) -> ConfigError:
    return ConfigError(
        f"{key} = {folder}: cannot be made ({why}); choose a folder that can be written, such as {key}=outputs/mine"
    )
