"""From the command line to folders, .hydra and exit codes; training itself is replaced except in the last test.

Sweeps go through Hydra's basic launcher here, one run after the other (tests/execution has that of populations).
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command_line import Command
from omegaconf import OmegaConf

from runner.cli import main
from runner.config.settings import default_tree
from runner.execution import start
from runner.records.folders import find_run, make_numbered, newest
from runner.training.loop import Interrupted


class Trained:
    """Stands in for start.start: notes what was asked, answers with a status or an exception."""

    def __init__(self, answer="completed"):
        self.answer, self.runs = answer, []

    def __call__(self, settings, folder, screen, *, pictured):
        self.runs.append((settings, folder))
        answer = self.answer[(len(self.runs) - 1) % len(self.answer)] if isinstance(self.answer, list) else self.answer
        if isinstance(answer, BaseException):
            raise answer
        (folder / "metrics.csv").write_text("epoch\n")
        return [start.Outcome(folder, answer, "because", {})]


@pytest.fixture
def train(tmp_path, monkeypatch):
    """train(answer, *words) -> (exit code, what start.start was asked)."""
    monkeypatch.chdir(tmp_path)

    def run(answer, *words):
        fake = Trained(answer)
        monkeypatch.setattr(start, "start", fake)
        return main([*words, *(["hydra/launcher=basic"] if "-m" in words else [])]), fake.runs

    return run


def test_a_run_gets_its_settings_and_a_new_folder(train):
    code, ((settings, folder),) = train("completed", "optimizer=sgd", "optimizer.lr=0.5", "model.hidden=7")
    assert code == 0
    assert settings.tree()["optimizer"] == default_tree({"optimizer": "sgd"})["optimizer"] | {"lr": 0.5}
    assert settings.model.hidden == [7]
    assert folder.resolve().relative_to(Path("outputs").resolve()).parts[1].endswith("-1")
    saved = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "config.yaml"))
    assert saved["optimizer"]["lr"] == 0.5
    assert OmegaConf.load(folder / ".hydra" / "overrides.yaml") == [
        "optimizer=sgd",
        "optimizer.lr=0.5",
        "model.hidden=7",
    ]
    assert sorted(p.name for p in folder.iterdir()) == [".hydra", "metrics.csv"]


def test_two_runs_never_share_a_folder(train, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_numbered(str(tmp_path / "a" / "x"), "k"), range(40)))
    assert {p.name for p in made} == {f"x-{n}" for n in range(1, 41)}


def test_a_chosen_folder_is_used_once(train, capsys):
    assert train("completed", "hydra.run.dir=my folder/a,b") == (2, [])  # a comma is a sweep
    code, runs = train("completed", "hydra.run.dir=mine")
    assert (code, runs[0][1].name) == (0, "mine")
    assert train("completed", "hydra.run.dir=mine") == (2, [])
    assert "runner resume mine" in capsys.readouterr().err


def test_folder_names_with_odd_characters(train):
    code, runs = train("completed", "hydra.run.dir='it is, (a) {run}'")
    assert (code, runs[0][1].name) == (0, "it is, (a) {run}")


def test_flags_may_stand_between_overrides(train):
    code, runs = train("completed", "seed=0,1", "-m", "optimizer.lr=0.1")
    assert code == 0
    assert [(s.seed, s.optimizer.lr) for s, _ in runs] == [(0, 0.1), (1, 0.1)]


def test_a_sweep_runs_every_combination_in_one_folder(train):
    code, runs = train(["completed", "diverged"], "-m", "seed=0,1", "optimizer.lr=0.1,0.2")
    assert code == 0
    assert [(s.seed, s.optimizer.lr) for s, _ in runs] == [(0, 0.1), (0, 0.2), (1, 0.1), (1, 0.2)]
    (sweep,) = {folder.parent.resolve() for _, folder in runs}
    assert sweep.parent.parent == Path("outputs/sweeps").resolve()
    assert [folder.name for _, folder in runs] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [("completed", 0), ("stopped_early", 0), ("diverged", 1), ("failed", 1), (Interrupted("saved"), 130)],
)
def test_exit_codes_of_one_run(answer, code, train):
    assert train(answer)[0] == code


def test_a_failed_run_of_a_sweep_leaves_the_others_alone(train, capsys):
    code, runs = train(["completed", "failed", ValueError("odd"), "completed"], "-m", "seed=0,1,2,3")
    assert (code, len(runs)) == (1, 4)
    err = capsys.readouterr().err
    assert "failed: because; the traceback is in" in err
    assert "unexpected error: ValueError: odd" in err


def test_an_interrupted_sweep_stops(train):
    code, runs = train(["completed", Interrupted("saved"), "completed"], "-m", "seed=0,1,2")
    assert (code, len(runs)) == (130, 2)


def test_a_defect_is_one_line_and_its_traceback_is_in_the_log(train, capsys):
    code, ((_, folder),) = train(ZeroDivisionError("division by zero"))
    assert code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        line == f"runner: unexpected error: ZeroDivisionError: division by zero; the traceback is in {folder}/train.log"
    )
    assert "ZeroDivisionError" in (folder / "train.log").read_text()


def test_ctrl_c_before_training_is_130(train, capsys):
    assert train(KeyboardInterrupt())[0] == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_config_dir_of_ones_own(train, tmp_path):
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    recipe = tmp_path / "own" / "experiment" / "mine.yaml"
    recipe.write_text(
        "# @package _global_\nseed: 5\nhydra: {mode: MULTIRUN, sweeper: {params: {optimizer.lr: '0.1,0.2'}}}\n"
    )
    code, runs = train("completed", "--config-dir", "own", "experiment=mine", "hydra/launcher=basic")
    assert code == 0
    assert [(s.seed, s.optimizer.lr) for s, _ in runs] == [(5, 0.1), (5, 0.2)]
    recipe.write_text("# @package _global_\nsed: 5\n")
    assert train("completed", "--config-dir", "own", "experiment=mine") == (2, [])


def test_cfg_shows_and_makes_nothing(train, capsys):
    assert train("completed", "--cfg", "job", "seed=3") == (0, [])
    shown = OmegaConf.to_container(OmegaConf.create(capsys.readouterr().out))
    assert shown == default_tree() | {"seed": 3}
    assert not list(Path().iterdir())


def test_last_is_the_run_that_was_started_last(train):
    folders = [train("completed", *words)[1][0][1] for words in ([], ["hydra.run.dir=outputs/mine"], [])]
    for age, folder in zip((30, 10, 20), folders, strict=True):
        os.utime(folder / ".hydra", (1e9 - age, 1e9 - age))
    assert newest(Path("outputs")) == Path("outputs/mine")
    assert find_run("last") == Path("outputs/mine")


def test_resume_passes_the_folder_on(train, monkeypatch):
    _, ((_, folder),) = train("completed")
    asked = []
    answer = start.Outcome(folder, "diverged", "", {})
    monkeypatch.setattr(
        start, "resume", lambda folder, screen, *, pictured, **more: asked.append((folder, pictured)) or [answer]
    )
    assert main(["resume", "last"]) == 1
    assert [(p.resolve(), pictured) for p, pictured in asked] == [(folder.resolve(), True)]


@pytest.mark.slow
def test_a_real_run_through_the_real_command_line(tmp_path, forks):
    words = ["trainer=debug", "dataset=two_moons", "trainer.progress=false", "hydra.run.dir=run"]
    command = Command(words, tmp_path)
    assert command.end() == 0, command.text()
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == "completed"
    before = {p: p.read_bytes() for p in (tmp_path / "run").iterdir() if p.is_file()}
    again = forks.run("resume", "run", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert "ended already" in again.stdout
    assert {p: p.read_bytes() for p in (tmp_path / "run").iterdir() if p.is_file()} == before
