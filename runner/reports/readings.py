"""The summaries of many runs as reports read them, and what is said about those that do not hold."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runner.errors import DamagedError
from runner.execution.damaged_run import RESTORE, resume_command
from runner.records.checksums import HYDRA, few, verify
from runner.records.summary import SUMMARY, read_summary

SHOWN = 3  # commands in a note
WAY = "force=True"  # how damaged runs are used from Python


class Readings:
    """The summaries of many runs, each verified, and what to say about those that do not hold or can't be verified.

    With `force` those that do not hold are used as far as they can be read; `way` is how the user asks for that. With
    `quick`, for who asks every few seconds, only the summaries are checked, not what they list. `known` are summaries,
    by folder, of runs that this process has trained or verified.
    """

    def __init__(
        self,
        force: bool = False,
        way: str = "--force",
        *,
        quick: bool = False,
        known: Mapping[Path, dict[str, Any]] | None = None,
    ):
        self.force, self.way, self.quick, self.known = force, way, quick, known or {}
        self.check = read_summary if quick else verify
        self.damaged: dict[Path, str] = {}
        self.unsealed = 0

    def summary(self, folder: Path) -> dict[str, Any] | None:
        """None for a run that has not ended, or does not hold; RunError if another version has written it."""
        if folder not in self.known and not (folder / SUMMARY).exists():
            return None
        try:
            found = self.known.get(folder) or self.check(folder)
        except DamagedError as error:
            self.damaged[folder] = str(error)
            return self._forced(folder)
        self.unsealed += "sha256" not in found
        return found

    def _forced(self, folder: Path) -> dict[str, Any] | None:
        try:
            return read_summary(folder, force=True) if self.force else None
        except DamagedError:
            return None

    def notes(self) -> list[str]:
        """One for what is damaged, one for what has no checksums."""
        return [*self._damaged(), *self._unsealed()]

    def _damaged(self) -> list[str]:
        if not self.damaged:
            return []
        what = "damaged, used all the same" if self.force else "damaged, left out"
        return [f"{what}: {few(list(self.damaged.values()))}{'' if self.force else self._ways()}"]

    def _ways(self) -> str:
        """What to do about damaged runs: most are trained again, or used; the settings of some are lost."""
        found = {folder: resume_command(folder) for folder in self.damaged}
        commands = list(dict.fromkeys(command for command in found.values() if command))
        ways = f"; {RESTORE}" if None in list(found.values())[:1] else ""
        if commands:
            more = f" (and so on, {len(commands)} folders)" if len(commands) > SHOWN else ""
            again = f"train{'s' * (len(commands) == 1)} again what is damaged"
            ways += f". {' and '.join(commands[:SHOWN])} {again}{more}"
        usable = any(command or not (folder / HYDRA[0]).exists() for folder, command in found.items())
        return f"{ways}; {self.way} uses it" if usable else ways

    def _unsealed(self) -> list[str]:
        runs = f"{self.unsealed} run{'s' * (self.unsealed != 1)}"
        return [f"{runs} of an earlier version without checksums: damage cannot be seen"] if self.unsealed else []


def warn(notes: Iterable[str]) -> None:
    """Tell the Python program that called a function of ours."""
    for note in notes:
        warnings.warn(note, stacklevel=3)


def name_in(run: Path, root: Path) -> str:
    """What a run is called in a table about the folder `root`."""
    return run.name if run == root else str(run.relative_to(root))
