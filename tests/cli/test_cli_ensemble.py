"""`runner ensemble` and `runner predict --combine` on the real command line."""

import csv
import json
import shlex

import pytest
from sklearn.datasets import load_digits

from runner.records.events import png_size

SWEEP = [
    "-m",
    "seed=0,1,2",
    "model.hidden=[8]",
    "trainer.epochs=4",
    "hydra.launcher.workers=1",
    "hydra.sweep.dir=sweep",
]


@pytest.fixture(scope="module")
def here(tmp_path_factory, forks):
    folder = tmp_path_factory.mktemp("here")
    assert forks.run(*SWEEP, cwd=folder).returncode == 0
    words = ["dataset.folds=3", "trainer.epochs=2", "model.hidden=[8]", "hydra.run.dir=folds"]
    assert forks.run(*words, cwd=folder).returncode == 0
    return folder


def read(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_sweep_is_combined_and_the_command_that_uses_it_predicts(here, forks):
    found = forks.run("ensemble", "sweep", "--top", "2", cwd=here)
    assert found.returncode == 0 and found.stderr == ""
    assert "ensemble of 2 runs (the best by val/loss), combined by mean" in found.stdout
    assert "wrote: sweep/ensemble (members.csv, sizes.csv, ensemble.png, ensemble.json)" in found.stdout
    content = json.loads((here / "sweep" / "ensemble" / "ensemble.json").read_text())
    assert content["test"]["ensemble"]["nll"] <= content["test"]["members"]["nll"]
    assert [row["size"] for row in read(here / "sweep" / "ensemble" / "sizes.csv")] == ["1", "2"]
    assert all((here / "sweep" / row["run"]).is_dir() for row in read(here / "sweep" / "ensemble" / "members.csv"))
    assert png_size((here / "sweep" / "ensemble" / "ensemble.png").read_bytes()) == (1040, 880)
    (use,) = [line.strip() for line in found.stdout.splitlines() if line.startswith("  runner predict")]
    digits = load_digits(as_frame=True)
    digits.data.to_csv(here / "in.csv", index=False)
    words = shlex.split(use.replace("INPUT", "in.csv").replace("FILE", "out.csv"))
    found = forks.run(*words[1:], cwd=here)
    assert found.returncode == 0 and "ensemble: 2 runs of sweep/ensemble, combined by mean" in found.stdout
    right = [row["prediction"] == str(label) for row, label in zip(read(here / "out.csv"), digits.target, strict=True)]
    assert sum(right) / len(right) > 0.5


def test_folds_are_combined_out_of_fold(here, forks):
    found = forks.run("ensemble", "folds", "--combine", "geometric", cwd=here)
    assert found.returncode == 0 and "ensemble of 3 runs (all of them), combined by geometric" in found.stdout
    assert "out of fold" in found.stdout
    assert len(read(here / "folds" / "ensemble" / "sizes.csv")) == 3
    assert json.loads((here / "folds" / "ensemble" / "ensemble.json").read_text())["out_of_fold"]
    assert forks.run("resume", "folds", cwd=here).returncode == 0  # what was added harms no run
    assert forks.run("report", "folds", cwd=here).stdout.startswith("1 setting, 3 runs: 3 finished")


def test_runs_that_are_named_are_combined_beside_each_other(here, forks):
    runs = sorted(f"sweep/{path.name}" for path in (here / "sweep").glob("0*"))
    found = forks.run("ensemble", *runs[:2], "--greedy", "5", cwd=here)
    assert found.returncode == 0 and "greedy choices among 2 runs" in found.stdout
    assert "wrote: sweep/ensemble (" in found.stdout
    assert sum(int(row["times"]) for row in read(here / "sweep" / "ensemble" / "members.csv")) == 5
    found = forks.run("ensemble", "sweep", runs[0], "--out", "both", cwd=here)
    assert found.returncode == 0 and "ensemble of 3 runs" in found.stdout and (here / "both" / "members.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["sweep", "--top", "0"], "--top 0: an ensemble has two members"),
        (["sweep", "--top", "4"], "--top 4: sweep has 3 runs"),
        (["sweep", "--greedy", "1"], "--greedy 1: an ensemble has two members"),
        (["sweep", "--top", "2", "--greedy", "2"], "use one of them"),
        (["sweep", "--combine", "median"], "allowed: mean, geometric, vote"),
        (["sweep", "folds"], "say where to write: --out FOLDER"),
        (["sweep", "--out", "sweep/results.csv"], "is a file; name a folder"),
        (["folds", "--greedy", "2"], "--greedy: the runs were validated on different rows"),
        (["sweep", "--top", "two"], "invalid int value"),
        ([], "usage: runner ensemble"),
    ],
)
def test_what_cannot_be_combined_is_refused_with_the_option_that_says_so(here, forks, words, message):
    found = forks.run("ensemble", *words, cwd=here)
    assert found.returncode == 2 and message in found.stderr


def test_a_run_alone_is_no_ensemble(here, forks):
    (run,) = [path.name for path in (here / "sweep").glob("000*")]
    found = forks.run("ensemble", f"sweep/{run}", cwd=here)
    assert found.returncode == 1 and "two members at least. Train more, such as `runner -m seeds=5`" in found.stderr
