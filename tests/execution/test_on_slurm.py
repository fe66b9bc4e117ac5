"""Sweeps on a real Slurm of one node, and by submitit on this machine: the sweep of one process, whatever happens."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import one_slurm
import pytest
import soak
import sweep_folders
from command_line import Command

from runner.cli import main

pytestmark = pytest.mark.engines

SMALL = ["dataset=iris", "model.hidden=[4]", "trainer.epochs=2", "trainer.progress=false"]
LONG = [
    "dataset=digits", "dataset.train_size=400", "trainer.epochs=60", "early_stopping=none", "regularizer.dropout=0.2",
    "trainer.checkpoint_seconds=0.1", "trainer.progress=false", "optimizer=sgd,adam", "seed=range(4)",
]  # fmt: skip
LASTING = [*LONG, "trainer.epochs=800"]  # seconds, in which a task can be told something
ON = {"slurm": "hydra/launcher=submitit_slurm", "local": "hydra/launcher=submitit_local"}


@pytest.fixture(scope="module", autouse=True)
def slurm(tmp_path_factory):
    """Fails where Slurm cannot start."""
    engine = one_slurm.OneSlurm(tmp_path_factory.mktemp("slurm"))
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The longer sweep in one process."""
    words = [*LONG, "hydra.launcher.executor=serial"]
    return sweep_folders.contents(sweep_folders.sweep(tmp_path_factory.mktemp("undisturbed") / "s", *words))


@pytest.fixture(scope="module")
def lasting_undisturbed(tmp_path_factory):
    """The longest in two."""
    words = [*LASTING, "hydra.launcher.workers=2"]
    return sweep_folders.contents(sweep_folders.sweep(tmp_path_factory.mktemp("lasting") / "s", *words))


def test_two_hundred_runs_are_the_same_by_every_executor(tmp_path):
    words = [*SMALL, "optimizer.lr=0.001,0.01", "seed=range(100)"]
    ways = {
        "serial": ["hydra.launcher.executor=serial"],
        "processes": ["hydra.launcher.workers=2"],
        "local": [ON["local"], "hydra.launcher.tasks=2"],
        "slurm": [ON["slurm"], "hydra.launcher.tasks=3", "hydra.launcher.partition=main"],
    }
    found = {way: sweep_folders.contents(sweep_folders.sweep(tmp_path / way, *words, *ways[way])) for way in ways}
    assert len(found["serial"]["results"]) == 200
    for way in ways:
        assert found[way] == found["serial"], way


@pytest.mark.parametrize("word", ["cpus_per_task=2", "tasks_per_node=2"])
def test_a_task_has_workers_and_processes(word, undisturbed, tmp_path):
    words = [*LONG, ON["slurm"], "hydra.launcher.tasks=1", f"hydra.launcher.{word}"]
    assert sweep_folders.contents(sweep_folders.sweep(tmp_path / "s", *words)) == undisturbed


def test_a_task_that_is_told_of_its_time_limit_saves_and_is_queued_again(lasting_undisturbed, tmp_path):
    command = Command(["-m", *LASTING, ON["slurm"], "hydra.launcher.tasks=2", "hydra.sweep.dir=s"], tmp_path)
    folder = tmp_path / "s"
    command.wait_for(lambda: list(folder.glob("population-*")))
    job = next(job for job, state in one_slurm.states().items() if state == "RUNNING")
    one_slurm.asked("scancel", "--signal=USR2", job)
    command.wait_for(lambda: one_slurm.states().get(job) == "PENDING")
    assert list(folder.glob("population-*"))
    while one_slurm.states().get(job) == "PENDING":  # Slurm itself would wait for two minutes
        one_slurm.asked("scontrol", "update", f"jobid={job}", "starttime=now")
        time.sleep(0.3)
    assert command.end() == 0, command.text()
    assert sweep_folders.contents(folder) == lasting_undisturbed
    assert "Requeued job" in next((folder / ".submitit" / job).glob("*.out")).read_text()


def test_detached_tasks_go_on_when_their_watcher_leaves_and_are_refused_to_others(undisturbed, tmp_path):
    wait = f"hydra.launcher.setup=['while test ! -e {tmp_path}/go; do sleep 0.1; done']"
    words = ["-m", *LONG, ON["slurm"], "hydra.launcher.tasks=2", wait, "hydra.sweep.dir=s", "--detach"]
    command, folder = Command(words, tmp_path), tmp_path / "s"
    assert command.end() == 0 and "2 tasks at work on s; look: `squeue --jobs=" in command.text()
    watcher = Command(["resume", "s"], tmp_path)
    watcher.wait_for(lambda: "watching" in watcher.text())
    (tmp_path / "second").mkdir()
    second = Command(["resume", str(folder)], tmp_path / "second")
    assert second.end() == 2 and "is in use: another process trains there" in second.text()
    watcher.process.terminate()
    begun = time.monotonic()
    assert watcher.end() == 130 and "2 tasks go on with s" in watcher.text()
    assert time.monotonic() - begun < 10
    (tmp_path / "go").touch()
    assert main(["resume", str(folder)]) == 0
    assert sweep_folders.contents(folder) == undisturbed


def test_ctrl_c_cancels_the_tasks_with_a_save_within_seconds(lasting_undisturbed, tmp_path):
    command = Command(["-m", *LASTING, ON["slurm"], "hydra.launcher.tasks=2", "hydra.sweep.dir=s"], tmp_path)
    folder = tmp_path / "s"
    one_slurm.wait_for(lambda: list(folder.glob("population-*")))
    command.process.send_signal(2)
    begun = time.monotonic()
    assert command.end() == 130, command.text()
    assert time.monotonic() - begun < 12
    one_slurm.wait_for(lambda: not one_slurm.processes(folder))
    assert list(folder.glob("population-*"))
    assert main(["resume", str(folder)]) == 0
    assert sweep_folders.contents(folder) == lasting_undisturbed


def test_what_sbatch_refuses_is_told_once_and_nothing_is_left(tmp_path, capsys):
    wrong = {
        "partition=nope": "invalid partition specified: nope",
        "cpus_per_task=4000": "configuration is not available",
    }
    for word, reason in wrong.items():
        words = [
            "-m",
            *SMALL,
            "seed=range(300)",
            ON["slurm"],
            f"hydra.launcher.{word}",
            f"hydra.sweep.dir={tmp_path}/s",
        ]
        assert main(words) == 2
        told = capsys.readouterr().err
        assert reason in told and len(told.splitlines()) == 1
        assert not (tmp_path / "s").exists()


def test_tasks_that_end_before_they_begin_are_told_with_their_log(tmp_path, capsys):
    words = [*SMALL, "seed=0,1", ON["slurm"], "hydra.launcher.tasks=2", "hydra.launcher.setup=[exit 3]"]
    folder = sweep_folders.sweep(tmp_path / "s", *words, code=1)
    told = capsys.readouterr().err
    assert "ended (FAILED) before it began to train" in told and str(folder / ".submitit") in told


FAILING = """
from dataclasses import dataclass
from runner.config.registry import register
from runner.optimizers.rules.base import Rule

@register("optimizer", "failing")
@dataclass
class Failing(Rule):
    \"\"\"w <- w\"\"\"

    def update(self, w, g, state, h, t):
        if h.lr.max() > 0.1:
            raise ArithmeticError("on purpose")
"""


def test_a_run_that_fails_makes_its_task_fail_and_the_log_says_why(tmp_path):
    (tmp_path / "mine.py").write_text(FAILING)
    words = ["--plugins", "mine.py", "-m", *SMALL, "optimizer=failing", "optimizer.lr=0.1,0.2", ON["slurm"]]
    command = Command([*words, "hydra.launcher.tasks=2", "hydra.sweep.dir=s"], tmp_path)
    assert command.end() == 1, command.text()
    rows = sweep_folders.results(tmp_path / "s")
    assert [(row["status"], row["error"]) for row in rows] == [
        ("completed", ""),
        ("failed", "ArithmeticError: on purpose"),
    ]
    logs = {path.parent.name: path.read_text() for path in (tmp_path / "s/.submitit").rglob("*.err")}
    one_slurm.wait_for(lambda: not {"RUNNING", "COMPLETING"}.intersection(one_slurm.states().values()))
    states = {one_slurm.states()[job]: "ArithmeticError: on purpose" in text for job, text in logs.items()}
    assert states == {"COMPLETED": False, "FAILED": True}


def disturbed(engine: str, into: Path, chosen: random.Random) -> str:
    """Kill somebody of a sweep at some moment, then resume until it has ended; who that was."""
    command, folder = (
        Command(["-m", *LONG, ON[engine], "hydra.launcher.tasks=2", "hydra.sweep.dir=s"], into),
        into / "s",
    )
    after = chosen.randint(-1, 7)
    ready = [lambda: list(folder.glob(".tasks/*/jobs.json")), lambda: list(folder.glob(".tasks/*/*.begun"))]
    begun = ready[after] if after < 1 else lambda: len(list(folder.glob("*/summary.json"))) >= after
    alive = command.wait_for(begun)
    time.sleep(chosen.uniform(0, 0.3))
    who = chosen.choice(["task", "worker", "launcher", "node"])
    tasks = one_slurm.processes(folder)
    if who in ("launcher", "node"):
        command.process.kill()
    if who == "node":
        one_slurm.kill(*one_slurm.controllers(folder), *tasks)
    elif who != "launcher" and tasks:
        one_slurm.kill(tasks[0] if who == "task" else tasks[-1])
    code, told = command.end(), command.text()
    if code:
        again = Command(["resume", "s"], into)
        assert again.end() == 0, f"{who} killed, exit code {code}\n{told}\n{again.text()}"
    return who if alive and (tasks or who == "launcher") else "nobody"


def kills(engine: str, undisturbed, into: Path, seeds: range) -> Counter:
    """Who was killed how often; the sweep is the same each time."""
    killed: Counter[str] = Counter()
    for seed in seeds:
        place = into / str(seed)
        place.mkdir()
        killed[disturbed(engine, place, random.Random(f"{engine} {seed}"))] += 1
        again = soak.again("CLUSTER", seed, os.path.basename(__file__))
        assert sweep_folders.contents(place / "s") == undisturbed, again
        shutil.rmtree(place)
    return killed


@pytest.mark.parametrize("engine", ["slurm", "local"])
def test_killed_and_resumed(engine, undisturbed, tmp_path):
    assert kills(engine, undisturbed, tmp_path, range(1))


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["slurm", "local"])
def test_killed_and_resumed_fifty_times(engine, undisturbed, tmp_path):
    found = kills(engine, undisturbed, tmp_path, soak.seeds("CLUSTER", 50))
    print(engine, dict(found))
