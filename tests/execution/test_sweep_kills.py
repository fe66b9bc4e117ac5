"""SIGKILL of the parent, a worker or both at random moments of a real sweep: resumed, it is the sweep never killed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
import sweep_folders
from command_line import Command, run

SEEDS = 50
HUNDREDS = [
    *sweep_folders.SMALL, "seed=range(50)", "optimizer=sgd,adam", "regularizer.dropout=0,0.2", "trainer.epochs=6",
    "early_stopping.patience=2", "trainer.checkpoint_seconds=0.1", "hydra.launcher.workers=2",
]  # fmt: skip
SEVERAL = [word if not word.startswith("seed=") else "seed=range(3)" for word in HUNDREDS]


def train(words: list[str], into: Path) -> Path:
    """The sweep when nothing disturbs it."""
    code, text = run(["-m", *words, "hydra.sweep.dir=sweep"], into)
    assert code == 0, text
    return into / "sweep"


def children(parent: int) -> list[int]:
    """Process ids of living children."""
    path = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        return [int(pid) for pid in path.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def alive(pid: int) -> bool:
    """Whether the process still runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def end(pid: int) -> None:
    """SIGKILL, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def ended(folder: Path) -> int:
    """Runs that have ended so far."""
    return sum(1 for _ in folder.glob("*/summary.json"))


def disturb(words: list[str], into: Path, chosen: random.Random, runs: int) -> str:
    """Kill somebody at some moment; who that was. No worker may outlive its parent by more than two seconds."""
    command = Command(["-m", *words, "hydra.sweep.dir=sweep"], into)
    folder, after = into / "sweep", chosen.randint(0, runs - 1)
    begun = (folder / "sweep.yaml").exists
    command.wait_for(lambda: begun() and ended(folder) >= after)
    time.sleep(chosen.uniform(0, 0.2))
    parent, workers = command.process.pid, children(command.process.pid)
    who = chosen.choice(["parent", "worker", "both"])
    if who != "parent" and workers:
        end(chosen.choice(workers))
    if who != "worker":
        end(parent)
    code = command.end()
    if code == -signal.SIGKILL:
        until = time.monotonic() + 2
        while any(map(alive, workers)) and time.monotonic() < until:
            time.sleep(0.01)
        assert not [pid for pid in workers if alive(pid)]
    else:
        assert code == 0, command.text()
    return who if code == -signal.SIGKILL or who == "worker" else "nobody"


def killed_and_resumed(words: list[str], into: Path, seed: str, runs: int) -> str:
    """Disturb, resume; who was killed."""
    into.mkdir()
    who = disturb(words, into, random.Random(seed), runs)
    code, text = run(["resume", "sweep"], into)
    assert code == 0, text
    return who


@pytest.mark.slow
def test_a_small_sweep_killed_and_resumed(tmp_path):
    (tmp_path / "whole").mkdir()
    whole = train(SEVERAL, tmp_path / "whole")
    killed_and_resumed(SEVERAL, tmp_path / "killed", "small", 12)
    assert sweep_folders.contents(tmp_path / "killed" / "sweep") == sweep_folders.contents(whole)


@pytest.fixture(scope="module")
def hundreds(tmp_path_factory):
    """What 200 runs leave behind."""
    return sweep_folders.contents(train(HUNDREDS, tmp_path_factory.mktemp("hundreds")))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(SEEDS))
def test_two_hundred_runs_killed_and_resumed(hundreds, tmp_path, seed, capsys):
    who = killed_and_resumed(HUNDREDS, tmp_path / "killed", f"hundreds {seed}", 200)
    with capsys.disabled():
        print(f" {seed}: {who}", end="", flush=True)
    assert sweep_folders.contents(tmp_path / "killed" / "sweep") == hundreds
