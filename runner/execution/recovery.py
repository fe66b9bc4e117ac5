"""What the folder of a sweep says about its runs: which have ended, and which go on from which checkpoint.

Nothing is believed that a crash may have left half-written. A run in doubt is trained again, with the same result.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import DamagedError, RunError
from runner.execution.results import RESULTS
from runner.execution.stored import CONFIG
from runner.execution.sweep_file import SWEEP, name_of
from runner.execution.work import Run
from runner.records import disk
from runner.records.run_files import NAMES
from runner.records.summary import SUMMARY, read_summary
from runner.records.vouched import METRICS, MODEL, clear_way, fits_words, set_aside, verify
from runner.training import checkpoint
from runner.training.loop import place
from runner.training.outcome import Outcome
from runner.training.trial import check_unchanged, metrics_hold


def ended(runs: Sequence[Run], members: Iterable[int]) -> dict[int, Outcome]:
    """The outcomes of those members that have ended, by their summaries."""
    found = {}
    for i in members:
        folder = runs[i].folder
        if (folder / SUMMARY).exists():
            summary = read_summary(folder)
            found[i] = Outcome(folder, summary["status"], summary.get("reason", ""), summary)
    return found


def checkpoints(root: Path) -> list[Path]:
    """The checkpoint files of a sweep."""
    return sorted(root.glob("population-*.safetensors"))


def holders(root: Path, runs: Sequence[Run], members: Iterable[int]) -> dict[int, Path]:
    """Run -> the checkpoint that holds its furthest epoch."""
    furthest: dict[str, tuple[int, Path]] = {}
    for path in checkpoints(root):
        for row in checkpoint.rows(path):
            epoch = int(row["last"].get("epoch", 0))
            if epoch >= furthest.get(row["folder"], (-1, path))[0]:
                furthest[row["folder"]] = (epoch, path)
    names = {i: place(runs[i].folder, root / "any") for i in members} if furthest else {}
    return {i: furthest[name][1] for i, name in names.items() if name in furthest}


def remove_checkpoints(root: Path) -> None:
    """All of them, and halves of some that a kill left."""
    for path in (*checkpoints(root), *root.glob(f"population-*{disk.TEMPORARY}")):
        disk.remove(path)


@dataclass
class Recovery:
    """Looks a folder over before its sweep goes on; `note` is told what has to be trained again, and why."""

    root: Path
    runs: Sequence[Run]
    data: Sequence[Any]
    note: Callable[[str], None]

    def outcomes(self) -> dict[int, Outcome]:
        """Of the runs that have ended and whose files hold. The files of one that results.csv has no row of may not
        have reached the disk when the machine lost its power. What does not hold is set aside.

        Raises RunError for a summary that another version has written.
        """
        settled = self._settled()
        found: dict[int, Outcome] = {}
        for i, run in enumerate(self.runs):
            if (run.folder / SUMMARY).exists():
                try:
                    found[i] = believed(run.folder, settled=name_of(run.folder, self.root) in settled)
                    self._check_words(run, found[i])
                except DamagedError as error:
                    self.note(f"{error}; moved to {set_aside(run.folder).name}, and the run is trained again")
            else:
                for said in clear_way(run.folder):
                    self.note(said)
        if any(name_of(self.runs[i].folder, self.root) not in settled for i in found):
            disk.settle()
        return found

    def _check_words(self, run: Run, outcome: Outcome) -> None:
        if not fits_words(outcome.summary, run.overrides):
            raise RunError(
                f"{self.root / SWEEP}: of another sweep, or edited: {run.folder.name} was started with other words; "
                "restore it, or start the sweep again elsewhere."
            )

    def _settled(self) -> set[str]:
        """The runs that have a row in results.csv."""
        try:
            with (self.root / RESULTS).open(encoding="utf-8", newline="") as file:
                return {row["run"] for row in csv.DictReader(file) if row.get("error") is not None}
        except (OSError, UnicodeDecodeError, KeyError, csv.Error):  # each run is then checked itself
            return set()

    def checkpoints(self) -> None:
        """Remove damaged ones, and take out of the others what the files of its run no longer bear out.

        Raises RunError for one that a newer version has written, or whose runs had other settings or data.
        """
        known = {place(run.folder, self.root / "any"): i for i, run in enumerate(self.runs)}
        for path in checkpoints(self.root):
            try:
                tensors, rows = checkpoint.read(path)
            except DamagedError as error:
                reason = str(error).removesuffix(f" {checkpoint.FIX}").rstrip(".")
                disk.remove(path)
                self.note(f"{reason}; what only it holds starts from the beginning, with the same result")
                continue
            good = [p for p, row in enumerate(rows) if self._bears_out(row, known.get(row["folder"]), path)]
            if not good:
                disk.remove(path)
            elif len(good) < len(rows):
                checkpoint.write(path, {n: t[good] for n, t in tensors.items()}, [rows[p] for p in good])

    def _bears_out(self, row: dict[str, Any], run: int | None, path: Path) -> bool:
        if run is None:
            return False
        folder = self.runs[run].folder
        check_unchanged(row, self.runs[run].settings, self.data[run], folder / CONFIG)
        short = [name for name, size in row["offsets"].items() if _size(folder / name) < size]
        short = short or ([] if metrics_hold(row, folder) else [METRICS])
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
        for name in (*NAMES, str(CONFIG)):
            if not _size(folder / name):
                raise DamagedError(f"{folder / name}: empty or missing, though {SUMMARY} is there")
    if "files" not in summary:
        try:
            read_model(folder / MODEL)
        except RunError as error:
            raise DamagedError(str(error)) from error
    return Outcome(folder, summary["status"], summary.get("reason", ""), summary)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
