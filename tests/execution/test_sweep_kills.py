"""SIGKILL of the parent, a worker or both at random moments of a real sweep: resumed, it is the sweep never killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import soak
import sweep_folders
from command_line import Command

SWEEP = [
    *sweep_folders.SMALL, "optimizer=sgd,adam", "regularizer.dropout=0,0.2", "trainer.epochs=6",
    "early_stopping.patience=2", "trainer.checkpoint_seconds=0.1", "hydra.launcher.workers=2",
]  # fmt: skip
HUNDREDS, FORTY, SEVERAL = ([*SWEEP, f"seed=range({seeds})"] for seeds in (50, 10, 3))


def train(words: list[str], into: Path, forks) -> Path:
    """The sweep when nothing disturbs it."""
    command = forks.start(["-m", *words, "hydra.sweep.dir=sweep"], into)
    assert command.end() == 0, command.text()
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


def disturb(words: list[str], into: Path, chosen: random.Random, runs: int, start=Command) -> str:
    """Kill somebody at some moment; who that was. No worker may outlive its parent by more than two seconds."""
    command = start(["-m", *words, "hydra.sweep.dir=sweep"], into)
    folder, after = into / "sweep", chosen.randint(0, runs)
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


def killed_and_resumed(words: list[str], into: Path, seed: str, runs: int, start=Command) -> str:
    """Disturb until somebody was killed before the end, resume; who that was."""
    chosen, who = random.Random(seed), "nobody"
    while who == "nobody":
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        who = disturb(words, into, chosen, runs, start)
    command = start(["resume", "sweep"], into)
    assert command.end() == 0, command.text()
    return who


@pytest.mark.slow
def test_a_small_sweep_killed_and_resumed(forks, tmp_path):
    (tmp_path / "whole").mkdir()
    whole = train(SEVERAL, tmp_path / "whole", forks)
    killed_and_resumed(SEVERAL, tmp_path / "killed", "small", 12, forks.start)
    assert sweep_folders.contents(tmp_path / "killed" / "sweep") == sweep_folders.contents(whole)


@pytest.mark.soak
def test_sixty_sweeps_killed_at_random_moments(forks, tmp_path, capsys):
    """One in ten has 200 runs and starts as a process of its own; the others have 40 and are forks."""
    whole = {}
    for words, name in ((HUNDREDS, "hundreds"), (FORTY, "forty")):
        (tmp_path / name).mkdir()
        whole[words[-1]] = sweep_folders.contents(train(words, tmp_path / name, forks))
    what, seen = soak.seeds("SWEEP_KILLS", 60), Counter()
    for seed in what:
        words, runs, start = (HUNDREDS, 200, Command) if seed % 10 == 0 else (FORTY, 40, forks.start)
        into, how = tmp_path / str(seed), soak.again("SWEEP_KILLS", seed, "test_sweep_kills.py")
        who = killed_and_resumed(words, into, f"sweep {seed}", runs, start)
        assert sweep_folders.contents(into / "sweep") == whole[words[-1]], f"{who} killed; {how}"
        shutil.rmtree(into)
        seen.update((who, f"{runs} runs"))
    with capsys.disabled():
        print(f"\n{len(what)} sweeps, by who was killed: {dict(seen)}")
    assert len(what) < 60 or seen["nobody"] <= len(what) / 10
