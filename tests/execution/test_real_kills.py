"""The real command line under SIGKILL, SIGINT and SIGTERM: `runner resume` ends in the files of the undisturbed run."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import pytest
import run_folders
from command_line import Command, epochs, run

EPOCHS = 30
TRAIN = [
    f"trainer.epochs={EPOCHS}", "trainer.checkpoint_seconds=0", "trainer.histograms=5", "model.norm=batch",
    "regularizer.dropout=0.2", "scheduler=plateau", "scheduler.patience=1", "early_stopping.patience=20",
]  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the run leaves behind when nothing disturbs it."""
    folder = tmp_path_factory.mktemp("whole")
    code, text = run([*TRAIN, "hydra.run.dir=run"], folder)
    assert code == 0, text
    return run_folders.contents(folder / "run")


def kill_one(words: list[str], folder: Path, chosen: random.Random) -> bool:
    """Run until a random moment and kill; whether it still ran. A quarter of the moments lie in the start-up."""
    command = Command(words, folder.parent)
    if chosen.random() < 0.25:
        time.sleep(chosen.uniform(0.05, 3))
    else:
        after = epochs(folder) + chosen.randint(1, EPOCHS // 2)
        command.wait_for(lambda: epochs(folder) >= after)
        time.sleep(chosen.uniform(0, 0.1))
    command.process.send_signal(signal.SIGKILL)
    return command.end() == -signal.SIGKILL


def go_on(folder: Path) -> list[str]:
    """The words that continue the run, or start it anew if it was killed before it began."""
    if (folder / ".hydra" / "config.yaml").exists() and (folder / ".hydra" / "config.yaml").stat().st_size:
        return ["resume", folder.name]
    shutil.rmtree(folder, ignore_errors=True)
    return [*TRAIN, f"hydra.run.dir={folder.name}"]


def killed_and_resumed(folder: Path, kills: int, seed: str) -> int:
    """Kill that many times, then let it end; how often it was killed while running."""
    chosen = random.Random(seed)
    hit = sum(kill_one(go_on(folder), folder, chosen) for _ in range(kills))
    code, text = run(go_on(folder), folder.parent)
    assert code == 0, text
    return hit


def test_killed_three_times(whole, tmp_path):
    assert killed_and_resumed(tmp_path / "run", 3, "three") >= 1
    assert run_folders.differences({"": run_folders.contents(tmp_path / "run")}, {"": whole}) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_a_random_moment(whole, tmp_path, seed):
    assert killed_and_resumed(tmp_path / "run", 1, f"random {seed}") == 1
    assert run_folders.differences({"": run_folders.contents(tmp_path / "run")}, {"": whole}) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(whole, tmp_path, number):
    folder = tmp_path / "run"
    command = Command([*TRAIN, "hydra.run.dir=run"], tmp_path)
    assert command.wait_for(lambda: epochs(folder) >= 4)
    command.process.send_signal(number)
    assert command.end() == 130
    assert "runner resume run" in command.text()
    assert "Traceback" not in command.text()
    assert (folder / "checkpoint.safetensors").exists()
    assert not (folder / "summary.json").exists()
    stopped = epochs(folder)
    code, text = run(["resume", "run"], tmp_path)
    assert code == 0, text
    assert stopped < epochs(folder)
    assert run_folders.differences({"": run_folders.contents(folder)}, {"": whole}) == []
    log = (folder / "train.log").read_text()
    assert f"interrupted after epoch {stopped - 1}" in log
    assert f"resumed after epoch {stopped - 1}" in log


def test_a_second_ctrl_c_ends_at_once(tmp_path):
    folder = tmp_path / "run"
    slow = ["trainer.batch_size=1", "model.hidden=[2048,2048]", "trainer.checkpoint_seconds=0", "hydra.run.dir=run"]
    command = Command(slow, tmp_path)  # an epoch takes tens of seconds
    assert command.wait_for(lambda: epochs(folder) >= 1 and (folder / "checkpoint.safetensors").exists())
    command.process.send_signal(signal.SIGINT)
    assert command.wait_for(lambda: "once more" in command.text())
    asked = time.monotonic()
    command.process.send_signal(signal.SIGINT)
    assert command.end() == 130
    assert time.monotonic() - asked < 10
    assert "Traceback" not in command.text()
    assert epochs(folder) == 1
    assert (folder / "checkpoint.safetensors").exists()
