"""An ensemble as `runner ensemble` has left it in a folder: which runs, how often each counts, how they are combined.

None of its files is called as a file of a run is, so that nobody takes the folder for one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from runner.errors import DamagedError
from runner.records import disk
from runner.records.checksums import digest
from runner.records.summary import read_json, read_sealed

FOLDER = "ensemble"
MEMBERS, SIZES, PICTURE, SUMMARY = "members.csv", "sizes.csv", "ensemble.png", "ensemble.json"
AGAIN = "; write it again with `runner ensemble`"


@dataclass(frozen=True)
class Kept:
    """`times`: folder of a run -> how often it was chosen."""

    combine: str
    times: dict[Path, int]


def is_kept(folder: Path) -> bool:
    """Whether an ensemble lies here."""
    return (folder / SUMMARY).is_file()


def read_kept(folder: Path, *, force: bool = False) -> Kept:
    """What the files in `folder` say; DamagedError if they are not what was written, unless `force`."""
    content = read_json(folder / SUMMARY) if force else read_sealed(folder / SUMMARY)
    if not force and digest(folder / MEMBERS) != content["files"].get(MEMBERS):
        raise DamagedError(f"{folder / MEMBERS}: does not match its checksum in {SUMMARY}{AGAIN}")
    try:
        rows = list(csv.DictReader(disk.content(folder / MEMBERS).decode().splitlines()))
        return Kept(str(content["combine"]), {folder.parent / row["run"]: int(row["times"]) for row in rows})
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise DamagedError(f"{folder / MEMBERS}: damaged ({error}){AGAIN}") from error
