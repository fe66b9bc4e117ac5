"""What a finished run vouches for: summary.json holds the SHA-256 of the run's files and a checksum of itself.

`verify` is what every reader of finished runs asks. What does not hold is left out of tables, and `runner resume` moves
it into `damaged-<n>/` in the run's folder and trains the run again. Not vouched for are files that only tell or draw:
train.log, the figures, and the TensorBoard events, whose records have checksums of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.errors import DamagedError, RunError
from runner.records import disk
from runner.records.run_folder import ANSWERS, COMBINATION, EVENTS, HYDRA, LOG, METRICS, MODEL, STEPS, SUMMARY
from runner.records.summary import read_summary, sealed, written
from runner.records.yaml_file import words_text

NAMED = 5  # of what does not hold
WRITTEN = (MODEL, METRICS, STEPS, EVENTS, LOG)  # while a run trains
ASIDE = "damaged-"  # how the folders of what was set aside begin


def sha256(data: bytes) -> str:
    """As summary.json lists it."""
    return hashlib.sha256(data).hexdigest()


def write_summary(folder: Path, content: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Put summary.json in place, the last file of a run, with the checksums of itself, of `files` and, unless these are
    given, of the others that are there.
    """
    others = [name for name in (MODEL, METRICS, STEPS, *HYDRA) if name not in files]
    read = {name: found for name in others if (found := digest(folder / name))}
    summary = sealed({**content, "files": {**files, **read}})
    disk.replace(folder / SUMMARY, written(summary))
    return summary


def verify(folder: Path, *, needed: Container[str] | None = None) -> dict[str, Any]:
    """The summary of a finished run, after a check that its files are what they were when it ended.

    With `needed` the others may be absent, as in a copy made for use, but not changed. Runs of the first versions list
    no checksums; of these only the summary is read. Raises DamagedError naming the first file that does not hold,
    RunError if the run has not ended or another version has written its summary.
    """
    summary = read_summary(folder)
    for name, found in differing(folder, summary):
        if found is not None:
            raise DamagedError(f"{folder / name}: does not match its checksum in {SUMMARY}")
        if needed is None or name in needed:
            raise DamagedError(f"{folder / name}: not there, or no file, though the run has ended")
    return summary


def changed_files(folder: Path, names: Container[str]) -> list[str]:
    """Which of these files are not as the run's summary lists them, if it has ended and its summary holds."""
    try:
        listed = read_summary(folder).get("files", {})
        return [name for name in listed if name in names and digest(folder / name) != listed[name]]
    except RunError:
        return []


def few(said: Sequence[str]) -> str:
    """The first of these, and how many more there are."""
    more = len(said) - NAMED
    return "; ".join([*said[:NAMED], *([f"and {more} more"] if more > 0 else [])])


def differing(folder: Path, summary: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Name and present checksum (None: no such file) of those files that are not as the summary lists them."""
    for name, listed in summary.get("files", {}).items():
        found = digest(folder / name)
        if found != listed:
            yield name, found


def fits_words(summary: Mapping[str, Any], words: Iterable[str]) -> bool:
    """Whether a run was started with these words, as far as its summary tells."""
    return summary.get("files", {}).get(HYDRA[1]) in (None, sha256(words_text(words).encode()))


def digest(path: Path) -> str | None:
    """The checksum of a file, None if there is no such file."""
    try:
        with open(path, "rb", buffering=0) as file:
            return sha256(file.readall())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror or error}") from error


def below(root: Path, name: str) -> list[Path]:
    """The folders at or below `root` that hold a file of this name, without what was set aside."""
    depth = len(Path(name).parts)
    folders = (path.parents[depth - 1] for path in root.rglob(name))
    return sorted(folder for folder in folders if not is_aside(folder.relative_to(root)))


def is_aside(folder: Path) -> bool:
    """Whether this is, or lies in, a folder of what was set aside."""
    return any(part.startswith(ASIDE) for part in folder.parts)


def set_aside(folder: Path, besides: Iterable[str] = ()) -> Path:
    """Move the results of a run, and whatever bars the way of its files, into a new folder of its own, and return that.

    The summary goes last, so that a kill in between leaves a run that is seen to be damaged.
    """
    barring = [name for name in (EVENTS, LOG) if (folder / name).is_dir()]
    return move_aside(folder, (MODEL, METRICS, ANSWERS, COMBINATION, *besides, *barring, SUMMARY))


def clear_way(folder: Path, names: Iterable[str] = WRITTEN) -> list[str]:
    """Move folders that are where these files are to be written aside likewise; what to say about each."""
    there = disk.names(folder)
    barring = [name for name in names if name in there and (folder / name).is_dir()]
    place = move_aside(folder, barring).name if barring else ""
    return [f"{folder / name}: a folder where a file belongs; moved to {place}" for name in barring]


def move_aside(folder: Path, names: Iterable[str]) -> Path:
    """Move those of these files that are there into a new folder of its own, and return that."""
    place = _new_place(folder)
    for name in names:
        if (folder / name).exists():
            disk.move(folder / name, place / Path(name).name)
    return place


def _new_place(folder: Path) -> Path:
    n = 1
    while (place := folder / f"{ASIDE}{n}").exists():
        n += 1
    disk.make_folder(place)
    return place
