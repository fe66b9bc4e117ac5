"""Folders of runs: made exclusively, found again by name or as `last`."""

from __future__ import annotations

from pathlib import Path

from runner.errors import ConfigError

OUTPUTS = Path("outputs")
MARKERS = (".hydra", "multirun.yaml", "unfinished.json")  # written at the start of a run, a sweep, of runs together
RUN_FILES = (*MARKERS, "metrics.csv", "summary.json")


def make_numbered(stem: str, key: str) -> Path:
    """A new folder <stem>-<n> with the smallest free n; two processes never get the same one.

    Raises:
        ConfigError: naming `key` if the place cannot be written.
    """
    n = 1
    while True:
        folder = Path(f"{stem}-{n}")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            return folder
        except FileExistsError:
            if not folder.exists():  # a parent is a file
                raise _unwritable(folder, key, "part of the path is a file") from None
            n += 1
        except OSError as error:
            raise _unwritable(folder, key, error.strerror) from error


def make_explicit(folder: Path, key: str) -> Path:
    """The folder the user asked for, which may exist but not hold a run. `.hydra` is made exclusively and so claims it.

    Raises:
        ConfigError: naming `key` if there is a run already or the place cannot be written.
    """
    present = [name for name in RUN_FILES if (folder / name).exists()]
    try:
        if not present:
            (folder / ".hydra").parent.mkdir(parents=True, exist_ok=True)
            (folder / ".hydra").mkdir()
            return folder
    except FileExistsError:
        if not folder.is_dir():
            raise _unwritable(folder, key, "it is a file") from None
    except OSError as error:
        raise _unwritable(folder, key, error.strerror) from error
    raise ConfigError(
        f"{key} = {folder}: holds a run already, and nothing is overwritten; "
        f"continue it with `runner resume {folder}`, or choose another folder"
    )


def find_run(text: str) -> Path:
    """The folder of the run or sweep a user named; `last` is the newest under outputs/.

    Raises:
        ConfigError: if there is no such folder, or it is no run.
    """
    if text == "last":
        return newest(OUTPUTS)
    folder = Path(text)
    if not folder.is_dir():
        raise ConfigError(
            f"{text}: no such folder; give the folder of a run, or `last` for the newest under {OUTPUTS}/"
        )
    if not is_run(folder):
        raise ConfigError(f"{text}: not the folder of a run (it has no .hydra/config.yaml); runs are under {OUTPUTS}/")
    return folder


def is_run(folder: Path) -> bool:
    """Whether a run, a sweep or several runs together (`unfinished.json`) have been started in `folder`."""
    return any((folder / name).is_file() for name in (".hydra/config.yaml", "multirun.yaml", "unfinished.json"))


def newest(root: Path) -> Path:
    """The run or sweep under `root` that was started last; raises ConfigError if there is none."""
    found = list(_runs(root)) if root.is_dir() else []
    if not found:
        raise ConfigError(f"last: there is no run under {root}/ yet; `runner` starts one")
    return max(found, key=lambda folder: max(_started(folder)))


def _runs(folder: Path):
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            if is_run(child):
                yield child
            elif not child.name.startswith("."):
                yield from _runs(child)


def _started(folder: Path) -> list[tuple[int, str]]:
    return [((folder / m).stat().st_mtime_ns, str(folder)) for m in MARKERS if (folder / m).exists()]


def _unwritable(folder: Path, key: str, why: str | None) -> ConfigError:
    return ConfigError(
        f"{key} = {folder}: cannot be made ({why}); choose a folder that can be written, such as {key}=outputs/mine"
    )
