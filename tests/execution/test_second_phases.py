"""early_stopping.then on the command line: folds, workers, predictions, reports, and kills in the second phase."""

import csv
import io
import re
import signal

import numpy as np
import pytest
import run_folders

import runner
from runner.cli import main
from runner.data.prepare import prepare
from runner.execution.stored import read_config
from runner.records.progress import Progress
from runner.records.summary import read_summary
from runner.training.loop import Training
from runner.training.second_phase import SecondPhase

SMALL = [
    "dataset.train_size=120", "model.hidden=[16]", "optimizer.lr=0.02", "trainer.epochs=12", "trainer.figures=false",
    "trainer.progress=false", "early_stopping.patience=2", "early_stopping.then_cap=3",
]  # fmt: skip
CONTINUE, RETRAIN = ([*SMALL, f"early_stopping.then={then}"] for then in ("continue", "retrain"))
AVERAGED = ["averaging=ema", "model.norm=batch", "model.norm_statistics=all"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reached(folder):
    """What a run came to, whenever and beside whom."""
    summary = {k: v for k, v in read_summary(folder).items() if k not in run_folders.UNEQUAL}
    curve = runner.curves(folder).drop(columns="seconds")
    return curve.to_csv(), (folder / "model.safetensors").read_bytes(), summary


def test_each_fold_trains_on_its_own_validation_rows_afterwards(here):
    assert main([*CONTINUE, "dataset.folds=2", "hydra.run.dir=cv"]) == 0
    assert main([*CONTINUE, "dataset.folds=2", "dataset.fold=1", "hydra.run.dir=alone"]) == 0
    assert reached(here / "cv" / "fold=1") == reached(here / "alone")
    second, rows = (read_summary(here / "cv" / "fold=0")[part] for part in ("second", "examples"))
    assert second["examples"] == rows["train"] + rows["val"]


def test_a_sweep_over_policies_is_the_same_with_two_workers(here, capsys):
    words = ["-m", *SMALL, "early_stopping.then=none,retrain,continue", "early_stopping.every=null,4"]
    assert main([*words, "hydra.launcher.workers=2", "hydra.sweep.dir=two"]) == 0
    assert main([*words, "hydra.launcher.executor=serial", "hydra.sweep.dir=one"]) == 0
    names = [row["run"] for row in csv.DictReader((here / "one" / "results.csv").open())]
    assert [reached(here / "one" / name) for name in names] == [reached(here / "two" / name) for name in names]
    for command in ("report", "best"):
        capsys.readouterr()
        assert main([command, "one"]) == 0
        assert "val/* is that of the first phase, as validation rows train in the second" in capsys.readouterr().out
    assert main(["report", "one", "--metric", "test/loss"]) == 0
    assert "first phase" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [CONTINUE, RETRAIN, [*CONTINUE, *AVERAGED]], ids=["continue", "retrain", "averaged"])
def test_who_predicts_has_the_network_of_the_second_phase(here, words):
    assert main([*words, "hydra.run.dir=r"]) == 0
    data, summary, loaded = prepare(read_config(here / "r")), read_summary(here / "r"), runner.load(here / "r")
    answers = loaded.outputs(data.x[data.test]).argmax(-1)
    assert summary["test"] == summary["second"]["test"] != summary["first"]["test"]
    assert (answers == data.y[data.test]).mean() == pytest.approx(summary["second"]["test"]["accuracy"], abs=1e-12)
    assert (loaded.outputs(data.x[data.val]).argmax(-1) == data.y[data.val]).mean() == pytest.approx(
        summary["second"]["val"]["accuracy"], abs=1e-12
    )


def cut_off_in_the_second_phase(words):
    """Start the command line and break it off after an epoch of the second phase."""
    epoch, made = Training._epoch, []

    def counted(self):
        if isinstance(self.trials[0], SecondPhase):
            made.append(1)
        if len(made) == 2:
            raise KeyboardInterrupt
        epoch(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "_epoch", counted)
        return main(words)


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_averages_and_statistics_of_norms_survive_a_cut_in_the_second_phase(here, engine):
    words = [*CONTINUE, *AVERAGED, f"trainer.engine={engine}", "trainer.checkpoint_seconds=0"]
    assert main([*words, "hydra.run.dir=whole"]) == 0
    assert cut_off_in_the_second_phase([*words, "hydra.run.dir=cut"]) == 130
    assert main(["resume", "cut"]) == 0
    assert reached(here / "cut") == reached(here / "whole")


@pytest.mark.slow
def test_killed_in_the_second_phase_it_resumes(here, forks):
    long = [*RETRAIN, "trainer.checkpoint_seconds=0", "trainer.epochs=40", "early_stopping.patience=5"]
    long += ["optimizer.lr=0.003", "model.hidden=[128,128]"]
    whole = forks.start([*long, "hydra.run.dir=whole"], here)
    assert whole.end() == 0, whole.text()
    killed = forks.start([*long, "hydra.run.dir=cut"], here)
    metrics = here / "cut" / "metrics.csv"
    assert killed.wait_for(lambda: metrics.exists() and re.search(r"^[\d.]+,\d+,2,", metrics.read_text(), re.M))
    killed.process.send_signal(signal.SIGKILL)
    assert killed.end() == -signal.SIGKILL
    again = forks.start(["resume", "cut"], here)
    assert again.end() == 0, again.text()
    assert reached(here / "cut") == reached(here / "whole")


def test_a_run_whose_validation_rows_have_trained_gets_no_more_epochs(here, capsys):
    assert main([*CONTINUE, "trainer.keep_checkpoint=true", "hydra.run.dir=r"]) == 0
    before = reached(here / "r")
    assert main(["resume", "r", "trainer.epochs=99"]) == 2
    assert "its validation rows have trained since it ended" in capsys.readouterr().err
    assert reached(here / "r") == before


def test_members_of_an_ensemble_keep_their_validation_rows(here, capsys):
    assert main([*CONTINUE, "ensemble=deep", "hydra.run.dir=e"]) == 2
    said = capsys.readouterr().err
    assert "early_stopping.then = continue: trains each member on the validation rows" in said
    assert "set early_stopping.then=none" in said


def test_what_is_shown_of_a_run_tells_its_phases_apart(here, capsys):
    assert main([*CONTINUE, "trainer.progress=true", "hydra.run.dir=r"]) == 0
    said, told = capsys.readouterr()
    summary = read_summary(here / "r")
    assert re.search(r"^epoch +\d+/12  train/loss", told, re.M)
    assert re.search(r"^second phase, epoch [123]/3  train/loss", told, re.M)
    assert re.search(rf"^  val, first phase +loss {summary['first']['val']['loss']:.4f}", said, re.M)
    assert re.search(rf"^  test +loss {summary['second']['test']['loss']:.4f}", said, re.M)
    assert re.search(r"^  verdict +first phase: ", said, re.M)
    assert summary["verdict"].startswith("first phase: ")
    assert f"continued for {summary['second']['steps']} steps on" in said


def test_the_bar_of_a_phase_counts_its_own_epochs():
    stream = io.StringIO()
    with Progress(7, stream=stream, phase="second phase") as progress:
        progress.update(2, {"train/loss": np.float64(0.5)})
    assert stream.getvalue() == "second phase, epoch 2/7  train/loss 0.5000\n"
