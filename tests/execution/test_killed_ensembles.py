"""The real command line under SIGKILL while it trains an ensemble: `runner resume` ends in the undisturbed bytes."""

from __future__ import annotations

import csv
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import run_folders
import soak
from command_line import Command, epochs

from runner.execution.stored import read_config

BRIEF = ["dataset.train_size=200", "model.hidden=[6]", "trainer.progress=false", "trainer.figures=false"]
SAVED = [*BRIEF, "trainer.epochs=30", "trainer.checkpoint_seconds=0", "regularizer.dropout=0.1", "early_stopping=none"]
TOLD = ("run", "status", "seed", "best_epoch", "epochs", "parameters")  # of a member, besides metrics
KINDS = {
    "deep": [*SAVED, "ensemble=deep", "ensemble.size=4"],
    "bagging": [*SAVED, "ensemble=bagging", "ensemble.size=4"],
    "snapshot": [*SAVED, "ensemble=snapshot", "scheduler=cosine_restarts", "scheduler.t_mult=1"],
    "boosting": [*SAVED, "ensemble=boosting", "ensemble.size=4"],
    "boosting of numbers": [*SAVED, "dataset=diabetes", "ensemble=boosting", "ensemble.size=4", "ensemble.rate=0.5"],
    "stacking": [*SAVED, "ensemble=stacking", "ensemble.size=2", "ensemble.folds=3"],
}


def left(folder: Path) -> dict[str, Any]:
    """What is left of an ensemble, by file: bytes, but for times and for what the log tells of kills."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "train.log"]
    return {path.relative_to(folder).as_posix(): _comparable(path) for path in files}


def _comparable(path: Path) -> Any:
    if path.name in ("metrics.csv", "summary.json"):
        return getattr(run_folders, path.stem)(path.parent)
    if path.name.startswith("events"):
        return run_folders.points(path.parent)
    if path.parent.name == ".hydra":  # Hydra may have written it last
        return read_config(path.parents[1]).tree() if path.stem == "config" else None
    if path.name == "members.csv":  # of a configuration that Hydra has written, presets are told by their keys
        rows = csv.DictReader(path.open())
        return [{name: cell for name, cell in row.items() if name in TOLD or "/" in name} for row in rows]
    return path.read_bytes()


def go_on(folder: Path, words: list[str]) -> list[str]:
    """The words that continue the run, or start it if it was killed before it began."""
    config = folder / ".hydra" / "config.yaml"
    if config.exists() and config.stat().st_size:
        return ["resume", folder.name]
    shutil.rmtree(folder, ignore_errors=True)
    return [*words, f"hydra.run.dir={folder.name}"]


def ended(command: Command) -> None:
    assert command.end() == 0, command.text()


@pytest.mark.slow
def test_boosting_killed_in_two_stages(forks, tmp_path):
    words = KINDS["boosting"]
    ended(forks.start([*words, "hydra.run.dir=whole"], tmp_path))
    for stage in ("001", "003"):
        member = tmp_path / "run" / "members" / stage
        command = forks.start(go_on(tmp_path / "run", words), tmp_path)
        assert command.wait_for(lambda member=member: epochs(member) >= 3), command.text()
        command.process.send_signal(signal.SIGKILL)
        assert command.end() == -signal.SIGKILL
        assert not (member / "summary.json").exists()
    ended(forks.start(["resume", "run"], tmp_path))
    assert left(tmp_path / "run") == left(tmp_path / "whole")


@pytest.mark.soak
def test_ensembles_killed_at_a_hundred_random_moments(forks, tmp_path, capsys):
    expected, seconds = {}, {}
    for name, words in KINDS.items():
        begun = time.monotonic()
        ended(forks.start([*words, f"hydra.run.dir={name.replace(' ', '-')}"], tmp_path))
        seconds[name] = time.monotonic() - begun
        expected[name] = left(tmp_path / name.replace(" ", "-"))
    what, seen = soak.seeds("ENSEMBLE_KILLS", 100), Counter()
    for seed in what:
        chosen = random.Random(f"ensemble {seed}")
        name, folder = chosen.choice(list(KINDS)), tmp_path / str(seed) / "run"
        folder.parent.mkdir()
        for _ in range(chosen.randint(1, 3)):
            command = forks.start(go_on(folder, KINDS[name]), folder.parent)
            time.sleep(chosen.uniform(0.05, seconds[name]))
            command.process.send_signal(signal.SIGKILL)
            seen[name] += command.end() == -signal.SIGKILL
        command = forks.start(go_on(folder, KINDS[name]), folder.parent)
        how = soak.again("ENSEMBLE_KILLS", seed, "test_killed_ensembles.py")
        assert command.end() == 0, f"{name}; {how}\n{command.text()}"
        found = left(folder)
        wrong = [file for file in {**found, **expected[name]} if found.get(file) != expected[name].get(file)]
        assert not wrong, f"{name}; {how}\n{wrong}"
    with capsys.disabled():
        print(f"\n{len(what)} ensembles, killed while they ran: {dict(seen)}")
    if len(what) >= 100:
        assert min(seen[name] for name in KINDS) >= 5
