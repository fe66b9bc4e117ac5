"""Sweeps that train in rounds: what pauses and continues is what never paused, however the sweep is carried out."""

from __future__ import annotations

import csv
import json

import pytest
import sweep_folders
from stopping import at_epoch, stop
from sweep_folders import SMALL, contents, results, runs, sweep

from runner.cli import main
from runner.execution.configurations import read
from runner.execution.searching import _curve, _kept
from runner.execution.work import Run
from runner.training.outcome import Outcome
from runner.training.settings import EarlyStopping

HALVING = [
    "hydra/sweeper=halving", "hydra.sweeper.min_epochs=1", *SMALL, "trainer.epochs=9", "early_stopping=none",
    "hydra.launcher.executor=serial",
]  # fmt: skip
WORDS = [*HALVING, "optimizer.lr=0.001,0.01,0.3,0.1", "regularizer.dropout=0.2", "seed=0,1", "hydra.sweeper.eta=2"]
FEW = "hydra.launcher.max_members=3"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Four settings with two seeds each: two go on after an epoch, one after two."""
    return sweep(tmp_path_factory.mktemp("whole") / "sweep", *WORDS, FEW)


def status(folder) -> dict[str, tuple[str, float]]:
    """Run -> (how it ended, after how many epochs)."""
    return {row["run"]: (row["status"], float(row["epochs"])) for row in results(folder)}


def lasting(folder) -> list:
    """The folders of the runs that trained to their ends."""
    return [runs(folder)[run] for run, (how, _) in status(folder).items() if how != "pruned"]


def test_all_begin_the_best_half_goes_on_and_the_seeds_of_a_setting_are_judged_together(whole):
    ended = list(status(whole).values())
    assert ended[0::2] == ended[1::2]
    assert sorted(ended[0::2]) == [("completed", 9), ("pruned", 1), ("pruned", 1), ("pruned", 2)]


def test_a_run_that_was_pruned_is_a_run_that_has_ended_with_its_state_kept(whole):
    for run, folder in runs(whole).items():
        how, epochs = status(whole)[run]
        assert (folder / "last.safetensors").exists() == (how == "pruned")
        assert len(sweep_folders.metrics(folder)) == 2 + epochs  # the untrained network, the header
        summary = json.loads((folder / "summary.json").read_text())
        assert summary["best_epoch"] <= epochs and summary["val"]["loss"]
        if how == "pruned":
            assert "as others did better" in summary["reason"]


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_a_run_that_paused_twice_is_the_run_alone(tmp_path, engine):
    words = [*HALVING, "optimizer=sgd,adamw", "optimizer.lr=0.01,0.05", "averaging=none,ema", "seed=0,1"]
    folder = sweep(tmp_path / "sweep", *words, "hydra.sweeper.eta=2", FEW, f"trainer.engine={engine}")
    assert len(lasting(folder)) == 2
    for number, run in enumerate(lasting(folder)):
        assert sweep_folders.alone(run, tmp_path / str(number)) == sweep_folders.run_content(run)


def test_workers_and_company_change_nothing(whole, tmp_path):
    workers = [word for word in WORDS if "executor" not in word]
    assert contents(sweep(tmp_path / "two", *workers, "hydra.launcher.workers=2")) == contents(whole)
    assert contents(sweep(tmp_path / "together", *WORDS)) == contents(whole)


@pytest.mark.parametrize("epoch", [2, 5, 8])
def test_stopped_in_any_round_and_resumed_it_is_the_sweep_that_was_not(whole, tmp_path, monkeypatch, epoch):
    folder = tmp_path / "sweep"
    with monkeypatch.context() as patch:
        at_epoch(patch, epoch, stop)
        sweep(folder, *WORDS, FEW, code=130)
    assert main(["resume", str(folder)]) == 0
    assert contents(folder) == contents(whole)


def test_resumed_it_leaves_what_was_pruned(whole, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in whole.glob("*/*.safetensors")}
    assert main(["resume", str(whole)]) == 0
    assert {path: path.stat().st_mtime_ns for path in whole.glob("*/*.safetensors")} == before


def test_resume_of_one_run_continues_it_to_its_own_end_and_its_sweep_knows(tmp_path, capsys):
    folder = sweep(tmp_path / "sweep", *WORDS, FEW, "trainer.keep_checkpoint=true")
    run = next(runs(folder)[run] for run, (how, epochs) in status(folder).items() if (how, epochs) == ("pruned", 2))
    assert main(["resume", str(run)]) == 0
    assert sweep_folders.alone(run, tmp_path / "alone") == sweep_folders.run_content(run)
    assert "resumed after epoch 2" in (run / "train.log").read_text()
    assert status(folder)[run.name] == ("completed", 9)
    before = contents(folder)
    assert main(["resume", str(folder)]) == 0
    assert contents(folder) == before
    capsys.readouterr()
    assert main(["resume", str(run)]) == 2
    assert "they resume together" in capsys.readouterr().err


def test_a_sweep_that_is_extended_judges_all_together(tmp_path):
    most = [word.replace("0.3,0.1", "0.3") for word in WORDS]
    folder = sweep(tmp_path / "sweep", *most, FEW)
    assert main(["-m", "--extend", *WORDS, FEW, f"hydra.sweep.dir={folder}"]) == 0
    extended = {how: sorted(e for h, e in status(folder).values() if h == how) for how in ("pruned", "completed")}
    assert 9 in extended["completed"]
    assert len(status(folder)) == 8
    state = [path for path in folder.glob("*/last.safetensors") if status(folder)[path.parent.name][0] != "pruned"]
    assert state == []


def test_a_damaged_state_is_said_and_the_run_begins_again(tmp_path, monkeypatch, whole, capsys):
    folder = tmp_path / "sweep"
    with monkeypatch.context() as patch:
        at_epoch(patch, 5, stop)
        sweep(folder, *WORDS, FEW, code=130)
    state = next(path for path in folder.glob("*/last.safetensors") if not (path.parent / "summary.json").exists())
    state.write_bytes(state.read_bytes()[:-9])
    capsys.readouterr()
    assert main(["resume", str(folder)]) == 0
    assert "the run starts from the beginning" in capsys.readouterr().err
    assert contents(folder) == contents(whole)


def test_a_run_that_was_killed_before_its_summary_was_written_is_no_run_that_paused(tmp_path):
    words = [*SMALL, "trainer.epochs=3", "early_stopping=none", "trainer.keep_checkpoint=true", "seed=0,1"]
    folder = sweep(tmp_path / "sweep", *words, "hydra.launcher.executor=serial")
    before = contents(folder)
    (next(folder.glob("*_seed=1")) / "summary.json").unlink()
    assert main(["resume", str(folder)]) == 0
    assert contents(folder) == before


def test_more_epochs_would_not_have_compared_the_same(whole, capsys):
    assert main(["resume", str(whole), "trainer.epochs=20"]) == 2
    assert "begin the search again with trainer.epochs=20" in capsys.readouterr().err


# ---- what runs may be


def test_folds_are_judged_together(tmp_path):
    words = [word for word in WORDS if not word.startswith("seed")]
    folder = sweep(tmp_path / "sweep", *words, "dataset.folds=2", FEW)
    ended = list(status(folder).values())
    assert ended[0::2] == ended[1::2] and ended.count(("completed", 9)) == 2


def test_runs_that_are_the_same_run_are_one_and_its_copies_end_as_it_does(tmp_path):
    folder = sweep(tmp_path / "sweep", *WORDS, "optimizer=adam,adamw", "optimizer.weight_decay=0")
    for row in results(folder):
        other = row["same_as"] or row["run"]
        assert (row["status"], float(row["epochs"])) == status(folder)[other]
    assert sum(bool(row["same_as"]) for row in results(folder)) == 8


def test_a_second_phase_follows_for_those_that_end_by_themselves(tmp_path):
    words = [word for word in WORDS if word != "early_stopping=none"]
    more = ["early_stopping.patience=1", "early_stopping.then=continue", "early_stopping.then_cap=2"]
    folder = sweep(tmp_path / "sweep", *words, *more)
    phases = {
        run: (path / "metrics.csv").read_text().splitlines()[-1].split(",")[2] for run, path in runs(folder).items()
    }
    assert {phases[run] for run, (how, _) in status(folder).items() if how == "pruned"} == {"1"}
    run = lasting(folder)[0]
    assert sweep_folders.alone(run, tmp_path / "alone") == sweep_folders.run_content(run)


def test_evaluated_within_epochs_a_curriculum_and_a_reactive_rate_pause_and_continue(tmp_path):
    more = [
        "early_stopping.every=3",
        "trainer.curriculum=loss",
        "trainer.curriculum_epochs=4",
        "scheduler=plateau",
        "scheduler.patience=0",
    ]
    folder = sweep(tmp_path / "sweep", *WORDS, *more, FEW)
    run = lasting(folder)[0]
    assert sweep_folders.alone(run, tmp_path / "alone") == sweep_folders.run_content(run)


def test_a_run_that_diverges_is_never_promoted(tmp_path):
    words = [word.replace("0.3,0.1", "1e30,1e31") for word in WORDS]
    folder = sweep(tmp_path / "sweep", *words, "optimizer=sgd", FEW)
    assert sorted(how for how, _ in status(folder).values()) == ["completed"] * 2 + ["diverged"] * 4 + ["pruned"] * 2


def test_all_diverged_is_said(tmp_path, capsys):
    words = [word.replace("0.001,0.01,0.3,0.1", "1e30,1e31") for word in WORDS]
    sweep(tmp_path / "sweep", *words, "optimizer=sgd", code=1)
    assert "every run diverged: try a lower optimizer.lr" in capsys.readouterr().out


# ---- other ways to search


def test_hyperband_draws_its_settings(tmp_path):
    words = [word for word in HALVING if not word.startswith("hydra/sweeper")]
    more = [
        "hydra/sweeper=hyperband",
        "optimizer.lr=tag(log,interval(1e-3,1))",
        "hydra.sweeper.n_trials=12",
        "seed=0,1",
    ]
    folder = sweep(tmp_path / "sweep", *words, *more)
    epochs = [epochs for how, epochs in status(folder).values() if how == "pruned"]
    assert len(status(folder)) == 24 and {1, 3} == set(epochs)
    assert sum(how == "completed" for how, _ in status(folder).values()) >= 6  # a bracket ends none


def test_the_median_rule_ends_losers_of_any_sweep(tmp_path):
    words = [*SMALL, "trainer.epochs=4", "early_stopping=none", "hydra.launcher.executor=serial"]
    more = ["optimizer.lr=0.001,0.003,0.01,0.03,0.1,0.3", "hydra.sweeper.pruner=median", "hydra.sweeper.pruner_every=2"]
    folder = sweep(tmp_path / "sweep", *words, *more, "hydra.sweeper.pruner_startup=3")
    ended = status(folder).values()
    assert {("pruned", 2), ("completed", 4)} == set(ended)
    values = {row["run"]: float(row["val/loss"]) for row in results(folder)}
    lost = [values[run] for run, (how, _) in status(folder).items() if how == "pruned"]
    assert min(lost) > min(values.values())


def test_another_metric_can_be_what_settings_are_compared_by(tmp_path):
    folder = sweep(tmp_path / "sweep", *WORDS, "hydra.sweeper.objective=val/accuracy")
    rows = {row["run"]: row for row in csv.DictReader((folder / "results.csv").open())}
    first = {run: float(row["val/accuracy"]) for run, row in rows.items() if row["epochs"] == "1"}
    on = {run: after(runs(folder)[run], "val/accuracy", 1) for run, row in rows.items() if row["epochs"] != "1"}
    assert sum(on.values()) >= sum(first.values())


def after(folder, column: str, epoch: int) -> float:
    """The value of the kept epoch after so many epochs."""
    rows = [
        {key: float(cell) for key, cell in row.items() if cell}
        for row in csv.DictReader((folder / "metrics.csv").open())
    ]
    return _kept(rows, EarlyStopping(), column)[epoch]


def test_a_run_has_no_value_from_the_epoch_on_in_which_it_diverged(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,val/loss\n0,3.0\n1,1.0\n2,nan\n")
    run, ended = Run(tmp_path, read({})), Outcome(tmp_path, "diverged", "", {})
    assert _curve(run, "val/loss", ended, 0) == [3.0, 1.0, None]
    assert _curve(run, "val/loss", None, 1) == [3.0, 1.0]
    assert _curve(run, "val/loss", None, 0) == []


def test_the_curve_is_that_of_the_epoch_that_would_be_kept():
    rows = [
        {"epoch": e, "val/loss": loss, "val/accuracy": e / 10} for e, loss in [(0, 3.0), (1, 1.0), (2, 2.0), (3, 0.5)]
    ]
    assert _kept(rows, EarlyStopping(), "val/loss") == [3.0, 1.0, 1.0, 0.5]
    assert _kept(rows, EarlyStopping(), "val/accuracy") == [0.0, 0.1, 0.1, 0.3]
    assert _kept(rows, EarlyStopping(restore_best=False), "val/loss") == [3.0, 1.0, 2.0, 0.5]
    assert _kept(rows, EarlyStopping(warmup=2), "val/loss") == [3.0, 1.0, 2.0, 0.5]


def test_evaluations_within_epochs_count_for_the_epoch_in_which_they_lie():
    rows = [{"epoch": e, "val/loss": loss} for e, loss in [(0, 3.0), (0.5, 1.0), (1, 2.0), (3.5, 0.5)]]
    assert _kept(rows, EarlyStopping(every=1), "val/loss") == [3.0, 1.0, 1.0, 1.0, 0.5]
