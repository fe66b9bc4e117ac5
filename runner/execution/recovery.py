"""What a folder says about the runs that were started in it: which have ended, which continue from which checkpoint.

Nothing is believed that a crash may have left half-written. A run in doubt is trained again, with the same result.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.data.prepare import RunData
from runner.errors import ConfigError, DamagedError, RunError
from runner.execution.damaged_run import RESTORE, changed_in, settings_lost
from runner.execution.run_list import name_of
from runner.execution.stored import is_as_written, write_config
from runner.execution.work import Run
from runner.records import disk
from runner.records.checksums import clear_way, digest, fits_words, move_aside, set_aside, verify
from runner.records.read import read_results
from runner.records.run_files import ALWAYS
from runner.records.run_folder import (
    CHECKPOINT,
    CONFIG,
    LAST,
    LIST,
    METRICS,
    MODEL,
    OLD_LIST,
    POPULATION,
    RESULTS,
    SUMMARY,
    TEMPORARY,
    checkpoints,
    left_over,
)
from runner.training import checkpoint
from runner.training.loop import place
from runner.training.outcome import Outcome
from runner.training.trial import check_unchanged, fixed, metrics_hold


def any_of_them(_checkpoint: Path) -> bool:
    """Every checkpoint is this process's."""
    return True


def holders(
    root: Path,
    runs: Sequence[Run],
    members: Iterable[int],
    paused: Mapping[int, int] | None = None,
    owns: Callable[[Path], bool] = any_of_them,
) -> dict[int, Path]:
    """Run -> the checkpoint that holds its furthest epoch, of those that this process `owns`; none of a run that has
    `paused` further on, after the epoch given, with its state in its own folder.
    """
    known = {place(runs[i].folder, root / "any"): epoch for i, epoch in (paused or {}).items()}
    furthest: dict[str, tuple[int, Path]] = {}
    for path in filter(owns, checkpoints(root)):
        for row in checkpoint.rows(path):
            epoch = int(row["last"].get("epoch", 0))
            if epoch >= max(furthest.get(row["folder"], (-1, path))[0], known.get(row["folder"], -1)):
                furthest[row["folder"]] = (epoch, path)
    names = {i: place(runs[i].folder, root / "any") for i in members} if furthest else {}
    return {i: furthest[name][1] for i, name in names.items() if name in furthest}


def tidy(root: Path, runs: Sequence[Run]) -> None:
    """Remove what runs that have all ended need no more: checkpoints, halves of files that a kill left, the list that
    earlier versions kept of those that had not ended.
    """
    halves = (f"{name}{TEMPORARY}" for name in (POPULATION.replace("{:03d}", "*"), RESULTS, LIST, OLD_LIST))
    found = [*checkpoints(root), *(path for half in halves for path in root.glob(half)), root / OLD_LIST]
    for path in [*found, *(left for run in runs for left in left_over(run.folder))]:
        if path.exists():
            disk.remove(path)


@dataclass
class Recovery:
    """Looks a folder over before its runs continue; `note` is told what has to be trained again, and why. What others
    are at work on is left alone: checkpoints that this process does not own, and the runs that are `away`.
    """

    root: Path
    runs: Sequence[Run]
    data: Sequence[RunData]
    note: Callable[[str], None]
    owns: Callable[[Path], bool] = any_of_them
    away: Container[int] = ()

    def outcomes(self) -> dict[int, Outcome]:
        """Of the runs that have ended and whose files hold. The files of one that results.csv has no row of may not
        have reached the disk when the machine lost its power. What does not hold is set aside.

        Raises RunError for a summary that another version has written.
        """
        settled = self._settled()
        found: dict[int, Outcome] = {}
        for i, run in enumerate(self.runs):
            if i in self.away:
                continue
            if os.path.exists(f"{run.folder}/{SUMMARY}"):
                try:
                    found[i] = believed(run.folder, settled=name_of(run.folder, self.root) in settled)
                    self._check_words(run, found[i])
                except DamagedError as error:
                    self.note(f"{error}; moved to {self._set_aside(run.folder)}, and the run is trained again")
            else:
                for said in clear_way(run.folder):
                    self.note(said)
        if any(name_of(self.runs[i].folder, self.root) not in settled for i in found):
            disk.settle()
        return found

    def _set_aside(self, folder: Path) -> str:
        """The name of the folder in which what does not hold is now; ConfigError if nothing says what the run was."""
        if settings_lost(folder):
            raise ConfigError(f"{folder / CONFIG}: not what the run was trained with; {RESTORE}.")
        lost = changed_in(folder) if folder == self.root else []  # others have been given theirs anew
        return set_aside(folder, [*lost, CHECKPOINT]).name

    def _check_words(self, run: Run, outcome: Outcome) -> None:
        if (self.root / LIST).exists() and not fits_words(outcome.summary, run.overrides):
            raise RunError(
                f"{self.root / LIST}: of another sweep, or edited: {run.folder.name} was started with other words; "
                "restore it, or start the sweep again elsewhere."
            )

    def _settled(self) -> set[str]:
        """The runs that have a row in results.csv. One that is alone has none, and makes each of its files durable."""
        try:
            return {".", *(row[0] for row in read_results(self.root)[1])}
        except RunError:  # each run is then checked itself
            return {"."}

    def checkpoints(self) -> None:
        """Set damaged ones aside, and take out of the others what the files of its run no longer bear out.

        Raises RunError for one that a newer version has written, or whose runs had other settings or data.
        """
        known = {place(run.folder, self.root / "any"): i for i, run in enumerate(self.runs)}
        for path in filter(self.owns, checkpoints(self.root)):
            try:
                tensors, rows = checkpoint.read(path)
            except DamagedError as error:
                aside = move_aside(self.root, [path.name]).name
                again = "what only it holds starts from the beginning, with the same result"
                self.note(f"{error.what}; moved to {aside}, and {again}")
                continue
            good = [p for p, row in enumerate(rows) if self._bears_out(row, known.get(row["folder"]), path)]
            good = self._whole({p: known[rows[p]["folder"]] for p in good})
            if not good:
                disk.remove(path)
            elif len(good) < len(rows):
                checkpoint.write(path, {n: t[good] for n, t in tensors.items()}, [rows[p] for p in good])

    def paused(self) -> dict[int, int]:
        """Run -> the epoch after which it paused, of those whose state in their own folders holds; of the others it is
        removed, unless they have ended.
        """
        found = {}
        for i, run in enumerate(self.runs):
            path = run.folder / LAST
            if i in self.away or not path.exists() or (run.folder / SUMMARY).exists():
                continue
            try:
                _, (row,) = checkpoint.read(path)
            except DamagedError as error:
                self.note(f"{error.what}; the run starts from the beginning, with the same result")
                row = {}
            if row.get("pauses") and row["settings"] == fixed(run.settings) and self._bears_out(row, i, path):
                found[i] = int(row["made"])
            else:  # a run that was killed when it had ended, before its summary was written, is no run that paused
                disk.remove(path)
        return found

    def _whole(self, run_of: dict[int, int]) -> list[int]:
        """The rows of a checkpoint, of those of these runs, that can continue: one that is tied to others with them."""
        tied, there = [run.settings.tied for run in self.runs], set(run_of.values())
        broken = {tie for i, tie in enumerate(tied) if tie and i not in there}
        return [row for row, i in run_of.items() if tied[i] not in broken]

    def _bears_out(self, row: dict[str, Any], run: int | None, path: Path) -> bool:
        if run is None:
            return False
        folder = self.runs[run].folder
        check_unchanged(row, self.runs[run].settings, self.data[run], folder / CONFIG)
        if is_as_written(folder) is False:  # edited in what no number depends on
            write_config(self.runs[run].settings, folder)
        short = [name for name, size in row["offsets"].items() if disk.size(folder / name) < size]
        short = short or ([] if metrics_hold(row, folder) else [METRICS])
        short = short or [name for name, known in row.get("snapshots", {}).items() if digest(folder / name) != known]
        if short and not (folder / SUMMARY).exists():
            self.note(f"{folder}: {', '.join(short)} not as {path.name} knows it; the run starts from the beginning")
        return not short


def believed(folder: Path, *, settled: bool) -> Outcome:
    """The outcome of a run that has ended; DamagedError unless what it left behind holds.

    Where nobody has promised that all of it is on the disk (`settled`), and in runs without checksums, everything must
    be there and the network be what was written.
    """
    from runner.training.model_file import read_model

    summary = verify(folder)
    if not settled or "files" not in summary:
        for name in (*(() if "ensemble" in summary and METRICS not in summary["files"] else ALWAYS), str(CONFIG)):
            if not disk.size(folder / name):
                raise DamagedError(f"{folder / name}: empty or missing, though {SUMMARY} is there")
    if "files" not in summary:
        try:
            read_model(folder / MODEL)
        except RunError as error:
            raise DamagedError(str(error)) from error
    return Outcome.of(folder, summary)
