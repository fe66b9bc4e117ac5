"""A sweep, folds or several runs of which none was trained to its end have no result, and say so."""

import csv
import json
import math
import sys
import warnings
from pathlib import Path

import pytest

from runner.cli import main
from runner.execution import hydra_return

QUICK = ["dataset=iris", "model.hidden=[4]", "trainer.epochs=2", "trainer.progress=false", "trainer.figures=false"]
SWEEP = ["-m", *QUICK, "hydra.sweep.dir=sweep", "optimizer=sgd"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "launcher, rates, code",
    [
        ("hydra.launcher.executor=serial", "1e20,1e21", 1),
        ("hydra.launcher.executor=serial", "1e20,0.01", 0),
        ("hydra/launcher=basic", "1e20,1e21", 1),
    ],
)
def test_a_sweep_is_done_if_one_of_its_runs_finished(launcher, rates, code, capsys):
    assert main([*SWEEP, launcher, f"optimizer.lr={rates}"]) == code
    found = [json.loads(path.read_text())["status"] for path in Path("sweep").glob("*/summary.json")]
    assert found.count("diverged") == (2 if code else 1) and len(found) == 2
    if "serial" in launcher:
        out = capsys.readouterr().out
        assert ("runner best" in out) == (code == 0) and "runner report sweep" in out
        assert ("every run diverged" in out) == (code == 1)
        assert main(["resume", "sweep"]) == code
        assert ("runner best" in capsys.readouterr().out) == (code == 0)
        assert main(["best", "sweep"]) == code


def test_a_job_that_diverged_returns_no_number_to_a_sweeper(monkeypatch):
    """The best value that it reached before is not what its settings are worth."""

    from runner.execution import hydra_launch

    found = []
    monkeypatch.setattr(hydra_launch, "SweepReturn", lambda *a: found.append(returned(*a)) or found[-1])
    returned = hydra_return.SweepReturn
    assert main([*SWEEP, "hydra.launcher.executor=serial", "optimizer.lr=1e20,0.01"]) == 0
    values = [each.return_value for each in found]
    assert math.isnan(values[0])
    assert values[1] == json.loads(next(Path("sweep").glob("001*/summary.json")).read_text())["val"]["loss"]


def test_folds_of_which_one_diverged_are_averaged_without_it(monkeypatch, capsys):
    """The network that a diverged fold kept is untrained: its metrics are no result."""
    from runner.training.trial import Trial

    record = Trial.record

    def diverge(self, epoch, row):
        spoiled = {"train/loss": float("nan")} if self.settings.dataset.fold == 1 and epoch == 1 else {}
        return record(self, epoch, row | spoiled)

    monkeypatch.setattr(Trial, "record", diverge)
    assert main([*QUICK, "dataset.folds=3", "hydra.run.dir=run"]) == 1
    assert "3 folds; mean and sd without the 1 that diverged or failed" in capsys.readouterr().out
    means = json.loads(Path("run/folds.json").read_text())["metrics"]
    with Path("run/results.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] != "diverged"]
    losses = [float(row["val/loss"]) for row in rows]
    assert main(["resume", "run"]) == 1  # as at first
    assert means["val/loss"]["n"] == 2 and means["val/loss"]["mean"] == pytest.approx(sum(losses) / 2, rel=1e-12)


def test_a_run_that_kept_the_untrained_network_is_not_one_to_predict_with(capsys):
    words = ["dataset=digits", *QUICK[1:], "optimizer=adam", "optimizer.lr=3", "hydra.run.dir=run"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "untrained network kept" in out and "runner predict" not in out and "optimizer.lr=LOWER" in out


def test_a_metric_that_is_not_defined_is_shown_as_such(capsys):
    Path("t.csv").write_text("x,y\n" + "".join(f"{i},{i * 1.5}\n" for i in range(40)))
    words = ["dataset=csv", "dataset.path=t.csv", "dataset.target=y", "dataset.val_fraction=0.02", *QUICK[1:]]
    assert main([*words, "dataset.task=regression", "hydra.run.dir=run"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["val"]["r2"] is None and summary["test"]["r2"] is not None
    said = capsys.readouterr()
    assert "r2 nan" in said.out and "inf" not in said.out and "Warning" not in said.err
    assert "inf" not in Path("run/metrics.csv").read_text()


def test_a_warning_of_a_library_is_one_line_without_source_code(capsys):
    main(["--version"])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        sys.stderr.write(warnings.formatwarning("overflow encountered", RuntimeWarning, "a.py", 1))
    assert capsys.readouterr().err == "runner: warning: overflow encountered\n"
