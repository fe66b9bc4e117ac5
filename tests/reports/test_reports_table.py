"""runner.results: the settings of every run, of sweeps and of runs started from Python, with numbers as numbers."""

import math
import os

import pandas as pd
import pytest
from made_sweeps import make_sweep

import runner
from runner.errors import ConfigError

QUICK = {"dataset": "two_moons", "dataset.n": 60, "trainer.epochs": 1, "trainer.histograms": 0, "model.hidden": [4]}
CONFIGS = [
    QUICK | {"early_stopping.patience": None},
    QUICK | {"early_stopping.patience": 2, "optimizer": "sgd", "model.hidden": [4, 4, 4]},
    ["dataset=two_moons", "dataset.n=60", "trainer.epochs=1", "optimizer=nesterov", "trainer.histograms=0"],
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """runner.train's output, then two sweeps, one below another folder."""
    home = tmp_path_factory.mktemp("home")
    runner.train(CONFIGS, home / "outputs" / "python")
    reached = {"val": {"loss": 0.5}, "test": {"loss": 0.6}}
    make_sweep(home / "outputs" / "s1", [({"optimizer.lr": lr, "seed": 1}, reached) for lr in (0.1, 0.2)])
    runs = [({"early_stopping.patience": patience}, reached) for patience in (None, 3)]
    make_sweep(home / "outputs" / "more" / "s2", [*runs, ({"seed": 3}, "failed"), ({"seed": 4}, None)])
    return home


def test_a_nullable_number_is_a_number(home):
    frame = runner.results(home / "outputs" / "more" / "s2")
    assert frame["early_stopping.patience"].dtype.kind == "f"
    assert math.isnan(frame["early_stopping.patience"][0]) and frame["early_stopping.patience"].tolist()[1:] == [3, 10]


def test_runs_of_python_have_their_settings_and_their_size(home):
    frame = runner.results(home / "outputs" / "python")
    assert frame["optimizer"].tolist() == ["adamw", "sgd", "nesterov"]
    assert "optimizer.lr" not in frame and "loss" not in frame  # at their defaults in all
    assert frame["model.hidden"].tolist() == ["[4]", "[4,4,4]", "[128]"]
    assert frame["early_stopping.patience"].tolist()[1:] == [2, 10] and frame["seed"].tolist() == [0, 0, 0]
    # 2 inputs, 2 classes: (2 + 1) 4 + (4 + 1) 2; with two more layers 2 (4 + 1) 4 besides; (2 + 1) 128 + (128 + 1) 2
    assert frame["parameters"].tolist() == [22, 62, 642]
    assert {"dataset.n", "trainer.epochs", "val/loss"} <= set(frame)


def test_several_sweeps_and_runs_are_one_table_in_which_nothing_is_left_open(home):
    frame = runner.results(home / "outputs")
    assert len(frame) == 3 + 2 + 3  # the one that has not ended is none
    by_run = frame.set_index("run")
    of_s1 = by_run[by_run.index.str.startswith("s1/")]
    assert of_s1["optimizer.lr"].tolist() == [0.1, 0.2]
    assert of_s1["early_stopping.patience"].tolist() == [10, 10] and of_s1["dataset"].tolist() == ["digits"] * 2
    of_s2 = by_run[by_run.index.str.startswith("more/s2/")]
    assert of_s2["optimizer.lr"].tolist() == [0.001] * 3 and of_s2["status"].tolist()[-1] == "failed"
    assert of_s2["error"].tolist()[-1] == "failed: because"
    assert frame["optimizer.lr"].dtype.kind == "f" and frame["val/loss"].notna().sum() == 3 + 2 + 2


def test_what_never_acted_is_text_of_a_sweep_and_of_a_run(tmp_path):
    runner.train([QUICK | {"averaging": "swa"}], tmp_path / "python")
    reached = {"val": {"loss": 0.5}, "without_effect": ["averaging", "scheduler"]}
    given = {"averaging": "swa", "averaging.start": 0.9, "scheduler": "step"}
    make_sweep(tmp_path / "sweep", [(given, reached)])
    frame = runner.results(tmp_path)
    assert set(frame["without_effect"]) == {"averaging", "averaging scheduler"}
    frame.to_parquet(tmp_path / "all.parquet")  # which a column of text and lists is not
    assert pd.read_parquet(tmp_path / "all.parquet")["without_effect"].tolist() == frame["without_effect"].tolist()


def test_last_is_what_was_started_last(home, monkeypatch):
    monkeypatch.chdir(home)
    run = next((home / "outputs" / "python").rglob("002_*"))
    for begun in (run / ".hydra", run.parent / "sweep.yaml"):
        os.utime(begun, (4e9, 4e9))
    assert runner.load("last").folder.resolve() == run.resolve()
    assert runner.results("last")["optimizer"].tolist() == ["adamw", "sgd", "nesterov"]
    assert len(runner.curves("last")) == sum(len(runner.curves(each)) for each in run.parent.glob("00*"))
    sweep = home / "outputs" / "s1"
    os.utime(sweep / "sweep.yaml", (5e9, 5e9))
    os.utime(sweep / "multirun.yaml", (5e9, 5e9))
    assert runner.results("last")["optimizer.lr"].tolist() == [0.1, 0.2]
    assert len(runner.curves("last")) == 2 * 4
    assert runner.load("last").folder.resolve() == run.resolve()  # a sweep has no network


def test_last_of_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for function in (runner.load, runner.results, runner.curves):
        with pytest.raises(ConfigError, match="no run under outputs/ yet"):
            function("last")


@pytest.mark.parametrize("wrong", [5, None, b"x", [], {}, "", "a\0b", pd.DataFrame({"a": [1, 2]})])
@pytest.mark.parametrize("function", ["load", "results", "curves"])
def test_what_is_no_folder_is_named(wrong, function):
    with pytest.raises(ConfigError, match=r"^folder = .*must be a folder, as text or as a Path") as raised:
        getattr(runner, function)(wrong)
    assert "\n" not in str(raised.value)


def test_a_report_tells_the_sizes_of_networks_where_they_differ(tmp_path, capsys):
    from runner.cli import main

    quick = ["dataset=two_moons", "trainer.epochs=1"]
    runner.train([[*quick, f"model.hidden=[{n}]", f"seed={s}"] for n in (4, 128) for s in (0, 1)], tmp_path)
    (root,) = {path.parent for path in tmp_path.rglob("results.csv")}
    assert main(["report", str(root), "--csv", str(tmp_path / "table.csv"), "--html", str(tmp_path / "page.html")]) == 0
    lines = capsys.readouterr().out.splitlines()
    (head,) = [i for i, line in enumerate(lines) if "parameters" in line.split()]
    at = lines[head].split().index("parameters") + 1  # the rank has no name
    assert {line.split()[at] for line in lines[head + 1 : head + 3]} == {"22", "642"}
    table = pd.read_csv(tmp_path / "table.csv")
    assert sorted(table["parameters"]) == [22, 642]
    assert ">parameters</button></th>" in (tmp_path / "page.html").read_text()
