"""The ways to start runs, for what must hold in all of them: alone, as folds, from Python with and without processes,
as a sweep. Every run of a way has everything in it that has state.
"""

from __future__ import annotations

import csv as csv_module
import os
import sys
import time
from pathlib import Path
from typing import Any

import crash_scenarios
import run_folders
from interrupting import words

import runner
from runner.cli import main
from runner.errors import RunnerError
from runner.records.run_folder import SUMMARY
from runner.training.trial import Trial

WAYS = ("alone", "folds", "train", "workers", "sweep")
TOGETHER = WAYS[1:]
SWEEP = ["seed=0,1", "optimizer=sgd,adam", "hydra.launcher.workers=1"]


def begin(way: str, csv: Path, place: Path) -> tuple[Path, int]:
    """(the folder that is resumed, the exit code of a start below `place`)."""
    if way in ("train", "workers"):
        code = _from_python(list(crash_scenarios.runs(csv).values()), place, 1 + (way == "workers"))
        return next(place.glob("*/*")), code
    root = place / "root"
    line = words(csv, root)
    if way == "folds":
        line.append("dataset.folds=3")
    elif way == "sweep":
        line = ["-m", *line[:-1], *SWEEP, f"hydra.sweep.dir={root}"]
    return root, main(line)


def _from_python(settings: list[Any], place: Path, workers: int) -> int:
    """The exit code that the command line would have."""
    try:
        outcomes = runner.train(settings, place, workers=workers)
    except KeyboardInterrupt:
        return 130
    except RunnerError as error:
        print(f"runner: {error}", file=sys.stderr)
        return error.exit_code
    for outcome in outcomes:
        if outcome.status == "failed":
            print(f"runner: {outcome.folder} failed: {outcome.reason}", file=sys.stderr)
    return int(any(outcome.status == "failed" for outcome in outcomes))


def resume(root: Path, capsys, code: int = 0) -> str:
    """What `runner resume` says of what is wrong (no progress, no warnings); never a traceback."""
    capsys.readouterr()
    found = main(["resume", str(root)])
    text = capsys.readouterr().err
    assert found == code and "Traceback" not in text and "unexpected error" not in text, text
    lines = [line for line in text.splitlines() if line.startswith("runner: ")]
    return "\n".join(line for line in lines if not line.startswith("runner: warning"))


def runs(root: Path) -> dict[str, Path]:
    """The folders of the runs by their names; "." is one alone."""
    folders = [path.parent for path in root.rglob(".hydra") if not path.parent.name.startswith("damaged-")]
    below = {folder.relative_to(root).as_posix(): folder for folder in sorted(folders)}
    return below if len(below) == 1 else {name: folder for name, folder in below.items() if name != "."}


def contents(root: Path) -> dict[str, Any]:
    """What of whatever was started in a folder may not depend on kills; nothing else may be left there."""
    left = [path.name for path in root.rglob("*") if path.name.endswith(".tmp") or path.name.startswith("population-")]
    assert left == [] and not (root / "unfinished.json").exists()
    found: dict[str, Any] = {name: run_folders.contents(folder) for name, folder in runs(root).items()}
    if not (root / SUMMARY).exists():
        with (root / "results.csv").open(newline="") as file:
            rows = list(csv_module.DictReader(file))
        assert all(row.pop("seconds") for row in rows)
        assert [row["run"] for row in rows] == list(found)
        found["results"] = {"rows": rows}
    return found


def same(root: Path, whole: dict[str, Any]) -> None:
    """The folder holds what is left when nothing disturbs."""
    assert run_folders.differences(contents(root), whole) == []


def at_epoch(monkeypatch, epoch: int, action, name: str = "") -> None:
    """Call `action` when a run of this name (any, unless given) first records an epoch; in workers, too."""
    record, done = Trial.record, []

    def patched(self, number, row):
        if number == epoch and name in self.files.folder.name and not done:
            done.append(1)
            action()
        return record(self, number, row)

    monkeypatch.setattr(Trial, "record", patched)


def once(path: Path) -> bool:
    """Whether this is the first call, of all processes."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def signals(mark: Path, number: int, times: int = 1):
    """An action that sends this process and, once of all, its parent a signal so many times."""
    parent = os.getpid()

    def send() -> None:
        for pid in dict.fromkeys([os.getpid(), *([parent] if once(mark) else [])]):
            for _ in range(times):
                os.kill(pid, number)
                time.sleep(0.05 * (times > 1))

    return send
