"""Text that looks like numbers, from the command line to the folders and files of runs, and back."""

import json
from pathlib import Path

import pytest

from runner.cli import main
from runner.execution import run_list
from runner.execution.stored import read_config

SMALL = ["model.hidden=[2]", "trainer.epochs=1", "trainer.progress=false", "trainer.figures=false", "dataset=csv"]
TABLE = ["dataset.path=1E5", "dataset.target=2024_01", "dataset.drop=[0x10]", "dataset.class_weights={1_1:2,true:1}"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{['1_1', 'true'][i % 2]},{i % 7}.5,{i}\n" for i in range(60))
    Path("1E5").write_text("2024_01,1e3,0x10\n" + rows)


def check(settings, name: str) -> None:
    assert (settings.name, Path(settings.dataset.path), settings.dataset.target) == (
        name,
        Path.cwd() / "1E5",
        "2024_01",
    )
    assert (settings.dataset.drop, settings.dataset.class_weights) == (["0x10"], {"1_1": 2, "true": 1})


def test_a_run(capsys):
    assert main([*SMALL, *TABLE, "name=1E5"]) == 0
    (folder,) = Path("outputs").glob("*/*_1E5")
    check(read_config(folder), "1E5")
    assert main(["resume", str(folder)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main(["predict", str(folder), "1E5", "--out", "out.csv"]) == 0
    assert {"prob_1_1", "prob_true"} < set(Path("out.csv").read_text().splitlines()[0].split(","))


def test_a_sweep_and_what_repeats_its_runs(capsys):
    words = [*SMALL, *TABLE, "name=1E5,2024-01-01", "hydra.sweep.dir=s", "seed=1,2", "hydra.sweeper.zip=[[name,seed]]"]
    assert main(["-m", "hydra.launcher.executor=serial", *words]) == 0
    runs, _ = run_list.load(Path("s"))
    assert [run.folder.name for run in runs] == ["000_name=1E5_seed=1", "001_name=2024-01-01_seed=2"]
    for run, name in zip(runs, ("1E5", "2024-01-01"), strict=True):
        check(run.settings, name)
        check(read_config(run.folder), name)
    assert main(["resume", "s"]) == 0
    capsys.readouterr()
    given = [
        line.removeprefix("- ") for line in (runs[0].folder / ".hydra" / "overrides.yaml").read_text().splitlines()
    ]
    assert main([*map(json.loads, given), "hydra.run.dir=again"]) == 0
    assert read_config(Path("again")) == runs[0].settings


def test_two_experiments_run_their_own_sweeps_in_one_folder():
    folder = Path("mine/experiment")
    folder.mkdir(parents=True)
    for name, params in (("a", "{seed: '1,2'}"), ("b", "{optimizer.lr: '0.1,0.2,0.3'}")):
        (folder / f"{name}.yaml").write_text(f"# @package _global_\nhydra: {{sweeper: {{params: {params}}}}}\n")
    words = ["--config-dir", "mine", "-m", "experiment=a,b", *SMALL[:4], "hydra.sweep.dir=s"]
    assert main([*words, "hydra.launcher.executor=serial", "dataset.train_size=50"]) == 0
    runs, _ = run_list.load(Path("s"))
    assert [(run.settings.seed, run.settings.optimizer.lr) for run in runs] == [
        (1, 0.001), (2, 0.001), (0, 0.1), (0, 0.2), (0, 0.3),
    ]  # fmt: skip
    assert all(json.loads((run.folder / "summary.json").read_text())["status"] == "completed" for run in runs)
    assert [run.choices["experiment"] for run in runs] == ["a", "a", "b", "b", "b"]


def test_an_override_without_effect_is_said(capsys):
    assert main(["optimizer.lr=1", "optimizer.lr=0.5", "--cfg", "job"]) == 0
    printed = capsys.readouterr()
    assert "runner: optimizer.lr=1: has no effect, as optimizer.lr=0.5 comes after it" in printed.err
    assert "lr: 0.5" in printed.out
