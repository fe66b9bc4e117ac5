"""The real command line under SIGKILL, SIGINT and SIGTERM: `runner resume` ends in the files of the undisturbed run."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import run_folders
import soak
from command_line import Command, epochs

from runner.execution.stored import read_config

EPOCHS = 30
TRAIN = [
    f"trainer.epochs={EPOCHS}", "trainer.checkpoint_seconds=0", "trainer.histograms=5", "model.norm=batch",
    "regularizer.dropout=0.2", "scheduler=plateau", "scheduler.patience=1", "early_stopping.patience=20",
]  # fmt: skip
BRIEF = ["dataset.train_size=200", "model.hidden=[16]", "trainer.progress=false"]
BY_THE_CLOCK = [*BRIEF, "trainer.epochs=150", "trainer.checkpoint_seconds=0.05", "trainer.figures=false"]
KINDS = {  # what is killed three hundred times
    "checkpoints every epoch": [*TRAIN, *BRIEF, "trainer.figures=false"],
    "checkpoints by the clock": [
        *BY_THE_CLOCK, "optimizer=sgd", "optimizer.momentum=0.9", "scheduler=cosine", "averaging=swa",
        "averaging.start=0.3", "augmentation.mixup=0.2", "early_stopping=none",
    ],
    "folds": [*BY_THE_CLOCK, "dataset.folds=3", "optimizer=adam", "early_stopping.patience=40"],
    "second phases": [
        *BY_THE_CLOCK, "early_stopping.patience=5", "early_stopping.then=continue", "early_stopping.then_cap=100",
    ],
    "figures": [*BRIEF, "trainer.epochs=8", "trainer.checkpoint_seconds=0", "trainer.figures=true"],
}  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory, forks):
    """What the run leaves behind when nothing disturbs it."""
    folder = tmp_path_factory.mktemp("whole")
    ended_well(forks.start([*TRAIN, "hydra.run.dir=run"], folder))
    return run_folders.contents(folder / "run")


def ended_well(command: Command) -> None:
    """Wait for its end."""
    assert command.end() == 0, command.text()


def kill_one(command: Command, folder: Path, chosen: random.Random) -> bool:
    """Wait for a random moment and kill; whether it still ran. A quarter of the moments lie in the start-up."""
    if chosen.random() < 0.25:
        time.sleep(chosen.uniform(0.01, 0.5))
    else:
        after = epochs(folder) + chosen.randint(1, EPOCHS // 2)
        command.wait_for(lambda: epochs(folder) >= after)
        time.sleep(chosen.uniform(0, 0.1))
    command.process.send_signal(signal.SIGKILL)
    return command.end() == -signal.SIGKILL


def go_on(folder: Path, train: list[str] = TRAIN) -> list[str]:
    """The words that continue the run, or start it anew if it was killed before it began."""
    if (folder / ".hydra" / "config.yaml").exists() and (folder / ".hydra" / "config.yaml").stat().st_size:
        return ["resume", folder.name]
    shutil.rmtree(folder, ignore_errors=True)
    return [*train, f"hydra.run.dir={folder.name}"]


def test_killed_three_times(whole, forks, tmp_path):
    folder, chosen = tmp_path / "run", random.Random("three")
    hits = [kill_one(forks.start(go_on(folder), tmp_path), folder, chosen) for _ in range(3)]
    assert any(hits)
    ended_well(forks.start(go_on(folder), tmp_path))
    assert run_folders.differences({"": run_folders.contents(folder)}, {"": whole}) == []


class Kind:
    """One of KINDS undisturbed: what it leaves behind, and how long it takes with and without the start-up."""

    def __init__(self, name: str, folder: Path, forks):
        folder.mkdir()
        self.words, self.seconds = KINDS[name], {}
        for start in (forks.start, Command):
            begun = time.monotonic()
            command = start([*self.words, f"hydra.run.dir={start.__name__}"], folder)
            assert command.end() == 0, command.text()
            self.seconds[start] = time.monotonic() - begun
        self.expected = left(folder / "start")
        assert run_folders.differences(left(folder / "Command"), self.expected) == []


def left(folder: Path) -> dict[str, dict]:
    """What is left of a run, or of its folds; settings are compared as such, as Hydra may have written them last."""
    runs = [path.parent for path in sorted(folder.rglob("summary.json"))]
    return {
        run.relative_to(folder).as_posix(): run_folders.contents(run) | {"config": read_config(run).tree()}
        for run in runs
    }


def killed(kind: Kind, folder: Path, start, chosen: random.Random) -> str | None:
    """Kill at a moment that may be any of the run's; where that was, None if it had ended before."""
    command = start(go_on(folder, kind.words), folder.parent)
    moment = chosen.uniform(0, kind.seconds[start])
    time.sleep(moment)
    command.process.send_signal(signal.SIGKILL)
    ended = command.end()
    assert ended in (0, -signal.SIGKILL), command.text()
    where = "with something saved" if any(folder.rglob("*.safetensors")) else "with nothing saved"
    return where if ended else None


@pytest.mark.soak
def test_killed_at_three_hundred_random_moments(forks, tmp_path, capsys):
    """One in ten starts as a process of its own; the others are forks of one that has everything imported."""
    kinds = {name: Kind(name, tmp_path / f"whole-{i}", forks) for i, name in enumerate(KINDS)}
    what, seen = soak.seeds("KILLS", 300), Counter()
    for seed in what:
        chosen = random.Random(f"kill {seed}")
        name, folder = chosen.choice(list(KINDS)), tmp_path / str(seed) / "run"
        folder.parent.mkdir()
        start = Command if seed % 10 == 0 else forks.start
        hits: list[str] = []
        while len(hits) < 1 + (seed % 4 == 0):
            where = killed(kinds[name], folder, start, chosen)
            shutil.rmtree(folder) if where is None else hits.append(where)
        command = start(go_on(folder, kinds[name].words), folder.parent)
        how = soak.again("KILLS", seed, "test_real_kills.py")
        assert command.end() == 0, f"{name}, killed in {hits}; {how}\n{command.text()}"
        assert run_folders.differences(left(folder), kinds[name].expected) == [], f"{name}, killed in {hits}; {how}"
        shutil.rmtree(folder.parent)
        seen.update((name, *hits, start.__name__))
    with capsys.disabled():
        print(f"\n{len(what)} runs killed: {dict(seen)}")
    if len(what) >= 300:
        assert min(seen["with something saved"], seen["with nothing saved"]) >= len(what) / 5


@pytest.mark.parametrize(("number", "fork"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
def test_a_signal_saves_and_says_how_to_go_on(whole, forks, tmp_path, number, fork):
    folder = tmp_path / "run"
    command = (forks.start if fork else Command)([*TRAIN, "hydra.run.dir=run"], tmp_path)
    assert command.wait_for(lambda: epochs(folder) >= 4)
    command.process.send_signal(number)
    assert command.end() == 130
    assert "runner resume run" in command.text()
    assert "Traceback" not in command.text()
    assert (folder / "checkpoint.safetensors").exists()
    assert not (folder / "summary.json").exists()
    stopped = epochs(folder)
    ended_well(forks.start(["resume", "run"], tmp_path))
    assert stopped < epochs(folder)
    assert run_folders.differences({"": run_folders.contents(folder)}, {"": whole}) == []
    log = (folder / "train.log").read_text()
    assert f"interrupted after epoch {stopped - 1}" in log
    assert f"resumed after epoch {stopped - 1}" in log


def test_a_second_ctrl_c_ends_at_once(forks, tmp_path):
    folder = tmp_path / "run"
    slow = ["trainer.batch_size=1", "model.hidden=[2048,2048]", "trainer.checkpoint_seconds=0", "hydra.run.dir=run"]
    command = forks.start(slow, tmp_path)  # an epoch takes tens of seconds
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
